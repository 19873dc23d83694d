"""Exit codes of every job, and the one place that turns errors into them.

| code | meaning |
|---|---|
| 0 | every object has its verdict (a failing verdict counts) |
| 1 | at least one object has none (dead, unconfigured, bad_definition), or an announcement could not be understood;
      for check_file: the file failed its checks; for reconcile: something differs that was not repaired;
      for check_arrivals: a calendar cannot be read |
| 2 | the command line, the settings, a definition or the database's tables need somebody's hand |
| 75 | something did not answer, or another process is at it; the same command may succeed later |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import structlog

from etl_core.errors import PipelineError, ProblemsError, RetryableError, UsageError
from etl_core.spark.java_process import java_gone
from jobs.running.stopping import sigterm_interrupts

log = structlog.get_logger()

Entrypoint = Callable[[list[str]], int]


#: States without a verdict that somebody has to do something about.
_FAILED = frozenset({"dead", "unconfigured", "bad_definition"})
#: These too, for an object that somebody named.
_FAILED_IF_NAMED = frozenset({"ignored", "gone"})


class ExitCode(IntEnum):
    """What a job's exit tells the shell."""

    OK = 0
    FAILED = 1
    USAGE = 2
    TRY_AGAIN = 75


def exit_code_for(states: Mapping[str, int], *, dead_letters: int = 0, named: bool = False) -> ExitCode:
    """What the states of the objects a job was about mean for the shell.

    Args:
        states: how many objects are in which.
        dead_letters: how many announcements nobody understood.
        named: whether somebody named the object, and wants a verdict for it and nothing else.
    """
    there = {state for state, count in states.items() if count}
    if there & {"pending", "claimed"}:
        return ExitCode.TRY_AGAIN
    if dead_letters or there & (_FAILED | _FAILED_IF_NAMED if named else _FAILED):
        return ExitCode.FAILED
    return ExitCode.OK


def exit_code_of(error: BaseException) -> ExitCode:
    """The code an error that ended a job stands for."""
    match error:
        case ProblemsError() | UsageError():
            return ExitCode.USAGE
        case RetryableError():
            return ExitCode.TRY_AGAIN
        case _:
            return ExitCode.FAILED


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended: its exit code, and the reason where it did not come to its own end."""

    code: int
    reason: str | None = None


def run_entrypoint(entrypoint: Entrypoint, argv: Sequence[str]) -> int:
    """Run a job; say in one line why it ended, without a trace unless LOG_LEVEL is DEBUG."""
    return end_of(entrypoint, argv).code


def end_of(entrypoint: Entrypoint, argv: Sequence[str]) -> Ended:
    """As `run_entrypoint`, with the reason."""
    try:
        with sigterm_interrupts():
            return Ended(int(entrypoint(list(argv))))
    except PipelineError as error:
        _report(error)
        return Ended(exit_code_of(error), str(error))
    except KeyboardInterrupt:
        log.warning("stopped before it was done; what was finished is kept")
        return Ended(ExitCode.TRY_AGAIN, "stopped before it was done")
    except Exception as error:  # the last door: whatever nobody foresaw
        if (gone := java_gone(error)) is not None:
            _report(gone)
            return Ended(exit_code_of(gone), str(gone))
        log.debug("where the unexpected error was raised", exc_info=True)
        log.error(  # noqa: TRY400 - the trace is for LOG_LEVEL=DEBUG only
            "unexpected error; LOG_LEVEL=DEBUG shows where it was raised, please report it",
            error=error,
        )
        return Ended(ExitCode.FAILED, f"{type(error).__name__}: {error}")


def _report(error: PipelineError) -> None:
    log.debug("where the error was raised", exc_info=error)
    if isinstance(error, ProblemsError):
        said, problems = error.subject, list(error.problems)
        log.error(said, error="; ".join(problems), error_type=type(error).__name__, problems=problems)
    else:
        first, *more = str(error).split("\n")
        log.error(first, error=error, **({"problems": more} if more else {}))
