"""What the jobs of records say of what cannot be meant, and what their errors end with."""

from __future__ import annotations

import pytest

from jobs.records.replay_dead_letters import main
from jobs.running.exit_codes import run_entrypoint
from pipelines.records.errors import KafkaRefusedError, KafkaUnavailableError, NoSuchTopicError, RecordsLostError


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--since", "tomorrow"), "'tomorrow' is no moment such as 2026-01-31T12:00:00Z"),
        (("--limit", "0"), "'0' is no whole number from 1 on"),
        (("--limit", "all"), "'all' is no whole number from 1 on"),
        (("--set", "=5"), "'=5' is no FIELD=VALUE"),
    ],
)
def test_an_argument_that_cannot_be_meant_is_told_with_what_is_expected(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["user_events", *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NoSuchTopicError("topic raw"), 2),
        (KafkaRefusedError("topic raw"), 2),
        (RecordsLostError("partition 0"), 1),
        (KafkaUnavailableError("the brokers"), 75),
    ],
)
def test_what_somebody_has_to_change_ends_with_2(error: Exception, code: int) -> None:
    def job(_argv: list[str]) -> int:
        raise error

    assert run_entrypoint(job, []) == code
