"""Judging the objects of a batch, whatever one of them does to the engine, and how each has ended then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dq.batch.endings import Failed, Judged, Missing, SetAside, describe_error
from dq.engine.halving import BroughtDownError, Endings, EngineDownError, NotTriedError, set_apart
from dq.events.run_window import NoWindow
from etl_core.errors import ObjectGoneError, RetryableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.batch.doors import Doors, JudgeFiles
    from dq.batch.endings import Found
    from dq.engine.file_results import FileVerdict
    from dq.engine.source_file import Source


def judge_objects(found: Sequence[Found], doors: Doors) -> list[Judged | SetAside | Failed | Missing]:
    """Judge objects that were found, all in one call as long as it works."""
    sources = [one.source(place, doors.run_window) for place, one in enumerate(found)]
    apart: set[int] = set()
    judged = _judge_apart(sources, doors.judge, apart)
    return [_ending(one, judged.pop(place, None), broke=place in apart) for place, one in enumerate(found)]


def _judge_apart(sources: Sequence[Source], judge: JudgeFiles, apart: set[int]) -> dict[int, FileVerdict | Exception]:
    """Judge all objects in one call; when that breaks, in halves, until the one that breaks it stands alone.

    Its number is added to `apart`.
    """

    def run(some: Sequence[Source]) -> dict[int, FileVerdict | Exception]:
        try:
            return dict(judge(some))
        except RetryableError as error:  # it says itself that no object is to blame
            return {source.id: error for source in some}

    def untried(source: Source, error: Exception) -> dict[int, FileVerdict | Exception]:
        message = f"not tried: other objects of its batch brought the engine down ({describe_error(error)})"
        return {source.id: NotTriedError(message)}

    def shared(source: Source, error: Exception) -> dict[int, FileVerdict | Exception]:
        message = f"nothing of its batch could be read: the engine broke each time ({describe_error(error)})"
        return {source.id: EngineDownError(message)}

    def alone(source: Source, error: Exception) -> dict[int, FileVerdict | Exception]:
        apart.add(source.id)
        return {source.id: error}

    return set_apart(sources, run, Endings(alone, shared, untried), blames=(Exception,))


def _ending(
    found: Found, judged: FileVerdict | Exception | None, *, broke: bool
) -> Judged | SetAside | Failed | Missing:
    match judged:
        case None:
            return Failed(found.item, RuntimeError("the engine gave no answer"))
        case ObjectGoneError():
            return Missing(found, judged)
        case Exception():
            return Failed(found.item, judged, alone=broke or isinstance(judged, BroughtDownError))
    if isinstance(judged.window, NoWindow):
        return SetAside(found.item, "ignored", judged.window.reason, found.file)
    head, window, verdict = judged.head, judged.window, judged.verdict
    return Judged(found, head, window, verdict, judged.rows, judged.state, judged.unreadable)
