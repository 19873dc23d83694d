"""Settings: every wrong variable is named at once, no secret is ever shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dotenv import dotenv_values

from dq.batch.settings import BatchSettings
from dq.engine.settings import EngineSettings
from dq.ledger.settings import LedgerSettings
from etl_core.errors import SettingsError
from etl_core.log.settings import LogSettings
from etl_core.postgres.settings import PostgresSettings
from etl_core.settings import configuration_table, declared_fields
from jobs.running.settings import ROOMS, read_settings

_ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in declared_fields(ROOMS):
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def problems_with(monkeypatch: pytest.MonkeyPatch, **variables: str) -> tuple[str, ...]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        read_settings()
    return raised.value.problems


def test_without_anything_the_documented_defaults_hold() -> None:
    settings = read_settings()
    batch = settings[BatchSettings]
    assert settings[PostgresSettings].database_url is None
    assert batch.run_window == "last_modified"
    assert batch.key_layouts == ("agency/{agency_slug}/files/{file_name}/{run_date}/{run_hour}/{object}",)
    assert batch.auto_create_files is False
    assert settings[EngineSettings].reader == "auto"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("READER=spark\nMAX_ATTEMPTS=3\n# a comment\nexport LOG_LEVEL='debug'\n")
    monkeypatch.setenv("READER", "direct")
    settings = read_settings()
    found = (settings[EngineSettings].reader, settings[LedgerSettings].max_attempts, settings[LogSettings].log_level)
    assert found == ("direct", 3, "DEBUG")


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in declared_fields(ROOMS):
        monkeypatch.setenv(name.upper(), "")
    assert read_settings() == read_settings(env_file=None)


def test_every_problem_is_listed_at_once_with_the_allowed_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = problems_with(
        monkeypatch,
        READER="fast",
        MAX_ATTEMPTS="0",
        MAX_FILES_PER_BATCH="many",
        RUN_WINDOW="midnight",
        AUTO_CREATE_FILES="perhaps",
        SQS_ENDPOINT="localhost:4566",
        KEY_LAYOUTS="a/{agency_slug}/{oops}",
        LOG_LEVEL="LOUD",
        S3_REGION="somewhere else",
        SCORE_AGGREGATE="best",
    )
    named = [problem.split(":")[0] for problem in problems]
    assert sorted(named) == sorted(
        [
            "READER", "MAX_ATTEMPTS", "MAX_FILES_PER_BATCH", "RUN_WINDOW", "AUTO_CREATE_FILES", "SQS_ENDPOINT",
            "KEY_LAYOUTS", "LOG_LEVEL", "S3_REGION", "SCORE_AGGREGATE",
        ]
    )  # fmt: skip
    assert all("; allowed: " in problem for problem in problems)
    assert "READER: 'fast': input should be 'auto', 'spark' or 'direct'; allowed: auto, spark or direct" in problems


@pytest.mark.parametrize(
    "address",
    [
        "mysql://app:hunter2@db/x",
        "postgresql://app:hunter2@db:port/x",
        "postgresql://app:hunter2@db",
        "postgresql://app:hun/ter2@db/x",
        "hunter2",
        "host=db password=hunter2",
    ],
)
def test_a_wrong_database_url_is_named_without_any_part_of_it(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    (problem,) = problems_with(monkeypatch, DATABASE_URL=address)
    assert problem.startswith("DATABASE_URL: ")
    assert "allowed: postgresql://user:password@host:5432/database" in problem
    assert "hunter2" not in problem
    assert "ter2" not in problem


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://app:p%2Fw@db:5432/x?sslmode=require",
        "postgres://db/x",
        "postgresql+psycopg2://app@/x?host=/run",
    ],
)
def test_the_usual_forms_of_a_database_url_are_accepted(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DATABASE_URL", address)
    url = read_settings()[PostgresSettings].database_url
    assert url is not None
    assert url.get_secret_value() == address


@pytest.mark.parametrize("name", ["S3_ACCESS_KEY", "S3_SECRET_KEY"])
def test_half_a_key_pair_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (problem,) = problems_with(monkeypatch, **{name: "hunter2"})
    assert "both keys or neither" in problem
    assert "hunter2" not in problem


def test_credentials_inside_an_endpoint_are_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = problems_with(monkeypatch, S3_ENDPOINT="http://key:hunter2@host:9000")
    assert "S3_ACCESS_KEY" in problem
    assert "hunter2" not in problem


def test_no_secret_is_in_any_text_form_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:hunter2@db/x")
    monkeypatch.setenv("S3_ACCESS_KEY", "AKIAhunter3")
    monkeypatch.setenv("S3_SECRET_KEY", "hunter4")
    settings = read_settings()
    shown = f"{settings!r} {settings}"
    for room in settings.rooms.values():
        shown += f"{room!r} {room} {room.model_dump()} {room.model_dump_json()}"
    assert "hunter" not in shown
    assert {"hunter2", "AKIAhunter3", "hunter4"} <= set(settings.secrets())


def test_lists_are_split_at_commas_without_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_BUCKETS", " landing, archive ,,")
    assert read_settings()[BatchSettings].allowed_buckets == ("landing", "archive")


def test_a_file_that_is_not_text_is_a_settings_error() -> None:
    Path(".env").write_bytes(b"READER=\xff\xfe")
    with pytest.raises(SettingsError, match="UTF-8"):
        read_settings()


def test_a_hostile_value_cannot_leave_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = problems_with(monkeypatch, READER="x\n\x1b[31m" + "y" * 1000)
    assert "\n" not in problem
    assert "\x1b" not in problem
    assert len(problem) < 250


def test_the_example_file_names_exactly_the_variables_there_are_and_holds() -> None:
    example = dotenv_values(_ROOT / ".env.example")
    assert set(example) == {name.upper() for name in declared_fields(ROOMS)}
    assert read_settings(env_file=_ROOT / ".env.example") == read_settings()


def test_the_readme_holds_the_configuration_table_of_the_settings() -> None:
    readme = (_ROOT / "README.md").read_text()
    found = re.findall(r"^\| `[A-Z0-9_]+` \|.*$", readme, flags=re.MULTILINE)
    assert found == list(configuration_table(ROOMS))[2:]


def test_an_at_sign_in_a_password_is_refused_without_a_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = problems_with(monkeypatch, DATABASE_URL="postgresql://u:PGSE@CRET@127.0.0.1:1/db")
    assert "write those of user name and password as %40" in problem
    assert "CRET" not in problem
