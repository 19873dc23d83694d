"""A second and third look at what was not there, or was overwritten while it was read.

Of an object without a version the announcement means whatever is there, so an overwritten one is read again and what is
there now has the verdict. `gone` is final, and said only when the store has said so several times: some stores list an
object before every one of their machines can read it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dq.batch.endings import Failed, Found, Missing, SetAside
from dq.batch.judging import judge_objects
from etl_core.errors import ObjectGoneError, ObjectReplacedError, PipelineError, RetryableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq.batch.doors import Doors
    from dq.batch.endings import Judged

#: Seconds before each look: a second for a whole batch, whose other objects are settled meanwhile.
_RESTS = (0.1, 0.3, 0.6)


class OverwrittenError(RetryableError):
    """An object was overwritten each time it was read."""


def look_again(missing: Sequence[Missing], doors: Doors) -> list[Judged | SetAside | Failed]:
    """How these objects end after all."""
    endings: list[Judged | SetAside | Failed] = []
    for rest in _RESTS:
        if not missing:
            break
        doors.rest(rest)
        there, still, failed = _look(missing, doors)
        endings += failed
        judged = judge_objects(there, doors)
        endings += [one for one in judged if not isinstance(one, Missing)]
        missing = [*still, *(one for one in judged if isinstance(one, Missing))]
    return [*endings, *map(_given_up, missing)]


def _look(missing: Sequence[Missing], doors: Doors) -> tuple[list[Found], list[Missing], list[Failed]]:
    """The objects that are there now, those that are not, and those about which the store gave no answer."""
    events = {place: one.item.event for place, one in enumerate(missing)}
    peeks = doors.objects.peek_all({place: (one.bucket, one.key, one.version_id) for place, one in events.items()})
    there: list[Found] = []
    still: list[Missing] = []
    failed: list[Failed] = []
    for place, one in enumerate(missing):
        match peeks[place]:
            case ObjectGoneError() as error:
                still.append(replace(one, error=error))
            case PipelineError() as error:
                failed.append(Failed(one.item, error))
            case peek:
                there.append(replace(one.found, peek=peek))
    return there, still, failed


def _given_up(missing: Missing) -> SetAside | Failed:
    if isinstance(missing.error, ObjectReplacedError):
        key = f"s3://{missing.item.event.bucket}/{missing.item.event.key}"
        return Failed(missing.item, OverwrittenError(f"{key}: it was overwritten each time it was read"))
    return SetAside(missing.item, "gone", str(missing.error), missing.found.file)
