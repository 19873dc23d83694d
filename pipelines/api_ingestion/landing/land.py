"""A part becomes an object: noted, written, noted again and announced; after a crash in between it is found or dropped.

Of an hour's window one object counts: its run is whole. So what landed in a window before stands at the beginning of
the next object of it, byte for byte (a compressed file may have several members), as far as both fit; what does not fit
goes to the next hour.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

import structlog

from etl_core.errors import ObjectGoneError
from pipelines.api_ingestion.cursor.digests import SIZE
from pipelines.api_ingestion.landing.landed import Landing

if TYPE_CHECKING:
    from pipelines.api_ingestion.doors import ApiDoors
    from pipelines.api_ingestion.source.api_source import Endpoint

log = structlog.get_logger()

_HOUR: Final = timedelta(hours=1)
#: Stores tell when an object was written in whole seconds, by which the later object of a window is known.
_APART: Final = timedelta(seconds=2)


def recover(doors: ApiDoors, endpoint: str) -> list[Landing]:
    """The objects that landed in readings which did not come to their end; what is not there is dropped.

    Raises:
        RetryableError: the bucket or the account does not answer.
    """
    kept = []
    for one in doors.account.unfinished(doors.source.source, endpoint):
        if one.state == "writing":
            head = doors.objects.find(one.key)
            if head is None or head.size != one.size:
                doors.account.drop(one.number)
                continue
            doors.account.landed(one.number, head, doors.time.clock())
        kept.append(one)
    return kept


def land(doors: ApiDoors, name: str, endpoint: Endpoint, part: int, data: bytes, digests: bytearray) -> str:
    """Land a part; its key.

    Raises:
        PipelineError: the bucket or the account does not take it.
    """
    target, now = endpoint.land, doors.time.clock().astimezone(timezone.utc)
    window, before = _window(doors, target.agency, target.file, len(data), now)
    if before:
        data = before + data
    key = (
        f"agency/{target.agency}/files/{target.file}/{window:%Y-%m-%d}/{window:%H}"
        f"/{name}-{doors.run_id}-{part:04d}.jsonl.gz"
    )
    landing = Landing(
        doors.source.source,
        name,
        target.agency,
        target.file,
        doors.run_id,
        part,
        key,
        window,
        len(data),
        len(digests) // SIZE,
        digests,
        "writing",
        now,
    )
    number = doors.account.begin(landing)
    head = doors.objects.write(key, data)
    doors.account.landed(number, head, doors.time.clock())
    return key


def _window(doors: ApiDoors, agency: str, file: str, size: int, now: datetime) -> tuple[datetime, bytes]:
    """The window of a part of so many bytes, and what landed in it before."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    newest = doors.account.newest(agency, file)
    if newest is None or newest.window < hour:
        return hour, b""
    if newest.size + size > doors.part_bytes:
        log.info("what landed in this hour is full; the next hour is begun", agency=agency, file=file)
        return newest.window + _HOUR, b""
    try:
        before = doors.objects.read(newest.key)
    except ObjectGoneError as error:
        log.warning("an object that landed is gone; the next hour is begun", key=newest.key, error=error)
        return newest.window + _HOUR, b""
    if (wait := newest.at + _APART - now) > timedelta(0):
        doors.time.sleep(wait.total_seconds())
    return newest.window, before
