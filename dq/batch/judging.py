"""Judging the objects of a batch, whatever one of them does to the engine, and how each has ended then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from dq.batch.endings import Failed, Judged, Missing, SetAside, describe_error
from dq.events.run_window import NoWindow
from etl_core.errors import ObjectGoneError, RetryableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.batch.doors import Doors, JudgeFiles
    from dq.batch.endings import Found
    from dq.engine.file_results import FileVerdict
    from dq.engine.source_file import Source

log = structlog.get_logger()

#: So often the engine may break in one batch before the rest of it waits for another attempt.
_MOST_BROKEN_CALLS = 25


def judge_objects(found: Sequence[Found], doors: Doors) -> list[Judged | SetAside | Failed | Missing]:
    """Judge objects that were found, all in one call as long as it works."""
    sources = [one.source(place, doors.run_window) for place, one in enumerate(found)]
    judged = _judge_apart(sources, doors.judge)
    return [_ending(one, judged.pop(place, None)) for place, one in enumerate(found)]


def _judge_apart(sources: Sequence[Source], judge: JudgeFiles) -> dict[int, FileVerdict | Exception]:
    """Judge all objects in one call; when that breaks, in halves, until the one that breaks it stands alone.

    A fault that every object has is not hunted down one by one: after some broken calls the rest shares the error.
    """
    found: dict[int, FileVerdict | Exception] = {}
    waiting, broken = [sources] if sources else [], 0
    while waiting:
        some = waiting.pop()
        try:
            found.update(judge(some))
        except RetryableError as error:
            found.update({source.id: error for source in some})
        except Exception as error:  # noqa: BLE001 - whatever an object's bytes do to the engine, its neighbours finish
            broken += 1
            half = len(some) // 2
            if half and broken < _MOST_BROKEN_CALLS:
                log.warning(
                    "the engine failed on a batch; looking for the object that did it",
                    error=describe_error(error),
                    error_type=type(error).__name__,
                )
                waiting += [some[half:], some[:half]]
            else:
                found.update({source.id: error for source in some})
    return found


def _ending(found: Found, judged: FileVerdict | Exception | None) -> Judged | SetAside | Failed | Missing:
    match judged:
        case None:
            return Failed(found.item, RuntimeError("the engine gave no answer"))
        case ObjectGoneError():
            return Missing(found, judged)
        case Exception():
            return Failed(found.item, judged)
    if isinstance(judged.window, NoWindow):
        return SetAside(found.item, "ignored", judged.window.reason, found.file)
    head, window, verdict = judged.head, judged.window, judged.verdict
    return Judged(found, head, window, verdict, judged.rows, judged.state, judged.unreadable)
