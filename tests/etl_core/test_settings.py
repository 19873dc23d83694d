"""A room declares its own variables; all rooms are read together, and their problems come in one message."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field, SecretStr

from dq.settings import read_settings
from etl_core.errors import SettingsError
from etl_core.objects.settings import S3Settings
from etl_core.queue.settings import QueueSettings
from etl_core.settings import RoomSettings, configuration_table, read_rooms, setting


class HarbourSettings(RoomSettings):
    """A room of another package, as its author writes it."""

    harbour_berths: Annotated[int, Field(ge=1, le=9)] = setting("How many ships fit", "1 to 9", default=3)
    harbour_key: SecretStr | None = setting("What opens the gate", "any text")


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_room_added_from_outside_is_read_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("HARBOUR_BERTHS=7\n")
    monkeypatch.setenv("HARBOUR_KEY", "hunter2")
    settings = read_settings(HarbourSettings)
    assert settings[HarbourSettings].harbour_berths == 7
    assert settings[S3Settings].s3_endpoint is None
    assert "hunter2" in settings.secrets()
    assert "hunter2" not in repr(settings)


def test_its_problems_stand_in_the_same_message_as_those_of_the_other_rooms(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"HARBOUR_BERTHS": "10", "READER": "fast", "S3_ACCESS_KEY": "half", "LOG_LEVEL": "LOUD"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        read_settings(HarbourSettings)
    named = [problem.split(":")[0] for problem in caught.value.problems]
    assert sorted(named) == ["HARBOUR_BERTHS", "LOG_LEVEL", "READER", "S3_SECRET_KEY"]
    assert "HARBOUR_BERTHS: '10': input should be less than or equal to 9; allowed: 1 to 9" in caught.value.problems


def test_its_variables_are_in_the_table_of_the_documentation() -> None:
    assert configuration_table([HarbourSettings])[2:] == [
        "| `HARBOUR_BERTHS` | How many ships fit | 1 to 9 | `3` |",
        "| `HARBOUR_KEY` | What opens the gate | any text | unset |",
    ]


def test_an_argument_wins_over_the_environment_and_the_environment_over_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("HARBOUR_BERTHS=7\n")
    assert read_rooms([HarbourSettings])[HarbourSettings].harbour_berths == 7
    monkeypatch.setenv("HARBOUR_BERTHS", "8")
    assert read_rooms([HarbourSettings])[HarbourSettings].harbour_berths == 8
    monkeypatch.setenv("HARBOUR_BERTHS", "")  # counts as unset
    assert read_rooms([HarbourSettings])[HarbourSettings].harbour_berths == 7
    assert read_rooms([HarbourSettings], harbour_berths=9)[HarbourSettings].harbour_berths == 9
    assert read_rooms([HarbourSettings], None)[HarbourSettings].harbour_berths == 3


def test_a_password_is_a_secret_as_it_is_written_and_as_it_is_sent() -> None:
    address = SecretStr("postgresql://app:p%2Fw@db/x")
    assert set(read_settings(env_file=None, database_url=address).secrets()) == {
        "postgresql://app:p%2Fw@db/x",
        "p%2Fw",
        "p/w",
    }


def test_two_rooms_cannot_declare_one_variable() -> None:
    class Other(RoomSettings):
        harbour_berths: int = setting("The same again", "a number", default=1)

    with pytest.raises(TypeError, match="Other declares what another room does: HARBOUR_BERTHS"):
        read_rooms([HarbourSettings, Other], None)


def test_an_argument_that_no_room_declares_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="no room declares harbour_birds"):
        read_rooms([HarbourSettings], None, harbour_birds=2)


def test_what_was_read_cannot_be_changed() -> None:
    settings = read_rooms([HarbourSettings], None)
    with pytest.raises(ValueError, match="frozen"):
        settings[HarbourSettings].harbour_berths = 4  # type: ignore[misc]  # the test's point


def test_a_room_that_was_not_read_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="QueueSettings"):
        read_rooms([HarbourSettings], None)[QueueSettings]
