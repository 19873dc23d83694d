"""Endpoints of a source, read to their end: what is new lands, then the cursor moves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import structlog

from etl_core.errors import PipelineError, RetryableError, UsageError
from pipelines.api_ingestion.cursor.position import lookback_of, read_position, written_like
from pipelines.api_ingestion.errors import PageError
from pipelines.api_ingestion.landing.land import land, recover
from pipelines.api_ingestion.landing.part_writer import PartWriter
from pipelines.api_ingestion.pages.json_page import read_page
from pipelines.api_ingestion.pages.paging import paging_of
from pipelines.api_ingestion.reading import Counted, Reading, first_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.api_ingestion.cursor.position import Position
    from pipelines.api_ingestion.doors import ApiDoors, Cursor
    from pipelines.api_ingestion.source.api_source import Endpoint

log = structlog.get_logger()

State: TypeAlias = Literal["landed", "nothing new", "failed", "postponed"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants read: all of it, or from a position on; else what is new."""

    full: bool = False
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an endpoint; `keys` are those of the objects that landed, also before it failed."""

    source: str
    endpoint: str
    state: State
    counted: Counted
    keys: tuple[str, ...] = ()
    message: str = ""


def ingest(doors: ApiDoors, endpoints: Sequence[str], asked: Asked) -> list[Outcome]:
    """Read endpoints, as many at a time as the source allows; what became of each, in their order."""
    at_once = min(doors.source.rate_limit.concurrent, len(endpoints))
    if at_once <= 1:
        return [ingest_endpoint(doors, name, asked) for name in endpoints]
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda name: ingest_endpoint(doors, name, asked), endpoints))


def ingest_endpoint(doors: ApiDoors, name: str, asked: Asked) -> Outcome:
    """Read an endpoint. What was fetched before something went wrong lands; the cursor moves only at the end."""
    source, keys, counted = doors.source.source, list[str](), Counted()
    try:
        with doors.account.turn(source, name):
            counted, failed = _read(doors, name, asked, keys)
    except PipelineError as error:  # the bucket or the account: nothing more can be noted
        failed = error
    if failed is not None:
        log.warning("an endpoint was not read to its end", source=source, endpoint=name, error=failed)
        state: State = "postponed" if isinstance(failed, RetryableError) else "failed"
        return Outcome(source, name, state, counted, tuple(keys), str(failed))
    log.info("an endpoint was read", source=source, endpoint=name, records=counted.landed, known=counted.known)
    return Outcome(source, name, "landed" if keys else "nothing new", counted, tuple(keys))


def _read(doors: ApiDoors, name: str, asked: Asked, keys: list[str]) -> tuple[Counted, PipelineError | None]:
    endpoint, account, source = doors.source.endpoints[name], doors.account, doors.source.source
    landed = recover(doors, name)
    cursor = account.cursor(source, name)

    def give(data: bytes, digests: bytearray) -> None:
        keys.append(land(doors, name, endpoint, len(keys) + 1, data, digests))

    begins = begins_at(endpoint, cursor, asked)
    with closing(PartWriter(doors.part_bytes, give, doors.ahead)) as writer:
        reading = Reading(doors, endpoint, cursor, begins, writer.add)
        for one in landed:
            reading.leave_out(one.digests)
        if not asked.full and asked.since is None:
            reading.leave_out_edge()
        moved, failed = _swept(doors, name, reading)
        writer.finish()
    if failed is None:
        account.finish(source, name, moved, doors.run_id, doors.time.clock())
    counted = reading.counted
    if counted.received != counted.landed + counted.known + counted.before:
        raise AssertionError(f"records were lost: {counted}")
    return counted, failed


def _swept(doors: ApiDoors, name: str, reading: Reading) -> tuple[Cursor | None, PipelineError | None]:
    """Read to the end; the cursor from then on, or what was in the way."""
    try:
        reading.sweep_until_settled()
        return reading.result(), None
    except PageError as error:
        doors.account.dead_letter(doors.source.source, name, error, doors.time.clock())
        return None, error
    except PipelineError as error:
        return None, error


def begins_at(endpoint: Endpoint, cursor: Cursor | None, asked: Asked) -> Position | None:
    """From where on records are asked for; None: all of them.

    Raises:
        UsageError: --since is of an endpoint that knows no changes, or no position.
        PageError: the source's file says the lookback in another way than the application counts.
    """
    incremental = endpoint.incremental
    if asked.since is not None:
        if incremental is None:
            raise UsageError(f"--since is given, and {endpoint.path} is not incremental; leave it out")
        try:
            return read_position(asked.since)
        except ValueError as error:
            raise UsageError(f"--since {asked.since!r} {error}") from None
    if incremental is None or cursor is None or asked.full:
        return None
    position = read_position(cursor.position)
    return written_like(position, position.order - lookback_of(incremental, position))


def first_page(doors: ApiDoors, name: str, asked: Asked) -> tuple[str, int]:
    """What would be asked first, and how many records that page has; nothing is kept.

    Raises:
        PipelineError: it cannot be had.
    """
    endpoint = doors.source.endpoints[name]
    begins = begins_at(endpoint, doors.account.cursor(doors.source.source, name), asked)
    paging = paging_of(endpoint.pagination)
    answer = doors.client.get(paging.first(first_url(doors, endpoint, begins)))
    since = "all" if begins is None else f"from {begins.text} on"
    return since, len(read_page(answer.body, endpoint.records, paging.marks).lines)
