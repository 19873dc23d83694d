"""From announced objects to those that are configured, each with its first bytes unless it is a small one.

A key is plain data until its bucket and its layout were accepted; definitions are loaded once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import structlog

from dq.batch.endings import Failed, Found, Missing, SetAside
from dq.definitions import definition_or_none
from dq.engine.small import is_one_read
from dq.errors import DefinitionError
from dq.events.dialects.key_encoding import other_reading
from dq.events.key_layout import Unmatched
from dq.ledger.inbox_item import Waiting
from etl_core.errors import ObjectGoneError, PipelineError, TerminalError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from dq.batch.doors import Doors
    from dq.events.key_layout import FileIdentity
    from dq.events.object_event import ObjectEvent
    from dq.ledger.inbox_item import InboxItem
    from dq.reporting.result import MonitoredFile
    from dq.schema.definition import SchemaDefinition, ScoringMode
    from etl_core.objects.store import Peek

log = structlog.get_logger()
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Admitted:
    """An announced object whose key names a file."""

    item: InboxItem
    identity: FileIdentity


@dataclass(frozen=True, slots=True)
class _Configured:
    """An object whose file is in the database, with its definition where there is one."""

    item: InboxItem
    identity: FileIdentity
    file: MonitoredFile
    definition: SchemaDefinition | None


def find_objects(items: Sequence[InboxItem], doors: Doors) -> tuple[list[Found], list[SetAside | Failed | Missing]]:
    """The objects that are configured and, as far as was looked, there, and how the others ended."""
    ended: list[SetAside | Failed | Missing] = []
    meant = _as_meant(items, doors)
    ended += meant.failed
    admitted = _onward([_admit(item, doors) for item in meant.items], ended)
    configured = _onward(_configure(admitted, doors, meant.nowhere), ended)
    found = _onward(_peek(configured, doors), ended)
    return found, ended


@dataclass(frozen=True, slots=True)
class _Meant:
    """Objects by the keys that are meant.

    `failed`: those of which that cannot be told, as the store gives no answer. `nowhere`: ids of those that are there
    in neither way.
    """

    items: Sequence[InboxItem]
    failed: Sequence[Failed] = ()
    nowhere: frozenset[int] = frozenset()


def _as_meant(items: Sequence[InboxItem], doors: Doors) -> _Meant:
    """Take keys that may be meant in two ways in the way in which there is an object.

    Whether EventBridge encodes keys is not documented. It is decided before anything is looked up, or a placeholder
    would be made for a file that nobody meant.
    """
    second = {
        place: key
        for place, item in enumerate(items)
        if doors.accepts(item.event.bucket) and (key := other_reading(item.event)) is not None
    }
    if not second:
        return _Meant(items)
    unclear, as_written = _without_object({place: items[place].event for place in second}, doors)
    decoded = {place: replace(items[place].event, key=second[place]) for place in as_written}
    unclear_too, nowhere = _without_object(decoded, doors)
    unclear |= unclear_too
    only_decoded = decoded.keys() - nowhere
    return _Meant(
        [
            replace(item, event=decoded[place]) if place in only_decoded else item
            for place, item in enumerate(items)
            if place not in unclear
        ],
        [Failed(items[place], error) for place, error in unclear.items()],
        frozenset(items[place].id for place in nowhere),
    )


def _without_object(
    events: Mapping[int, ObjectEvent], doors: Doors
) -> tuple[dict[int, PipelineError], AbstractSet[int]]:
    """Those of the objects about which the store gives no answer, with the error, and those that are not there."""
    wanted = {place: (event.bucket, event.key, event.version_id) for place, event in events.items()}
    peeks = doors.objects.peek_all(wanted) if wanted else {}
    errors = {place: peek for place, peek in peeks.items() if isinstance(peek, PipelineError)}
    gone = {place for place, error in errors.items() if isinstance(error, ObjectGoneError)}
    return {place: error for place, error in errors.items() if place not in gone}, gone


def _onward(results: Iterable[_T | SetAside | Failed | Missing], ended: list[SetAside | Failed | Missing]) -> list[_T]:
    """The results that go on to the next stage; the others are appended to `ended`."""
    onward: list[_T] = []
    for result in results:
        if isinstance(result, SetAside | Failed | Missing):
            ended.append(result)
        else:
            onward.append(result)
    return onward


def _admit(item: InboxItem, doors: Doors) -> _Admitted | SetAside:
    """Whether the bucket is ours and the key names a file; a hostile key is plain data."""
    bucket, key = item.event.bucket, item.event.key
    if not doors.accepts(bucket):
        return SetAside(item, "ignored", f"bucket {bucket!r} is not one of ALLOWED_BUCKETS")
    identity = doors.layouts.identify(key)
    if isinstance(identity, Unmatched):
        return SetAside(item, "ignored", identity.reason)
    if not doors.may_come_from(bucket, identity.agency_slug):
        reason = f"bucket {bucket!r} may not have files of agency {identity.agency_slug!r} (BUCKET_AGENCIES)"
        return SetAside(item, "ignored", reason)
    if identity.window_problem is not None and (item.run_window or doors.run_window) == "key":
        return SetAside(item, "ignored", identity.window_problem)
    return _Admitted(item, identity)


def _configure(
    admitted: Sequence[_Admitted], doors: Doors, nowhere: frozenset[int]
) -> list[_Configured | SetAside | Failed]:
    """Look all files up at once, and load each definition once; of what is `nowhere` no file is made."""
    if not admitted:
        return []
    with doors.database.begin() as connection:
        files = doors.reporting.monitored_files(connection, {_pair(one.identity) for one in admitted})
    there = [one for one in admitted if one.item.id not in nowhere]
    failed = _create_placeholders(there, files, doors) if doors.auto_create_files else {}
    definitions: dict[object, SchemaDefinition | DefinitionError | None] = {}
    return [
        SetAside(one.item, "gone", "there is no such object, however its key is read")
        if one.item.id in nowhere and _pair(one.identity) not in files
        else _configured(one, files, failed, definitions, doors)
        for one in admitted
    ]


def _create_placeholders(
    admitted: Sequence[_Admitted], files: dict[tuple[str, str], MonitoredFile], doors: Doors
) -> dict[tuple[str, str], PipelineError]:
    """Add a row for every file nobody configured to `files`; the pairs for which that was refused."""
    failed: dict[tuple[str, str], PipelineError] = {}
    for one in admitted:
        pair, event = _pair(one.identity), one.item.event
        if pair in files or pair in failed:
            continue
        folder = f"s3://{event.bucket}/{event.key.rpartition('/')[0]}/"
        try:
            with doors.database.begin() as connection:
                files[pair] = doors.reporting.create_placeholder(connection, *pair, folder, doors.clock())
        except TerminalError as error:
            failed[pair] = error
    return failed


def _configured(
    one: _Admitted,
    files: Mapping[tuple[str, str], MonitoredFile],
    failed: Mapping[tuple[str, str], PipelineError],
    definitions: dict[object, SchemaDefinition | DefinitionError | None],
    doors: Doors,
) -> _Configured | SetAside | Failed:
    pair = _pair(one.identity)
    if pair in failed:
        return Failed(one.item, failed[pair])
    file = files.get(pair)
    if file is None:
        reason = f"no monitoring_file for agency {pair[0]!r} and file {pair[1]!r}; it is scored once there is one"
        return SetAside(one.item, "unconfigured", reason, waits_for=Waiting(*pair))
    if not file.is_active and not doors.process_inactive_files:
        return SetAside(one.item, "ignored", f"monitoring_file {file.id} is not active (INACTIVE_FILES=ignore)", file)
    if file.definition_id not in definitions:
        definitions[file.definition_id] = _load(file, doors.scoring_mode)
    definition = definitions[file.definition_id]
    if isinstance(definition, DefinitionError):
        reason = f"schema definition {file.definition_id}: {'; '.join(definition.problems)}"
        return SetAside(one.item, "bad_definition", reason, file, Waiting(*pair, file.definition_digest))
    return _Configured(one.item, one.identity, file, definition)


def _pair(identity: FileIdentity) -> tuple[str, str]:
    return identity.agency_slug, identity.file_name


def _load(file: MonitoredFile, mode: ScoringMode) -> SchemaDefinition | DefinitionError | None:
    try:
        definition = definition_or_none(file.definition, mode=mode)
    except DefinitionError as error:
        return error
    for warning in definition.warnings if definition else ():
        log.warning("schema definition", definition_id=file.definition_id, monitoring_file_id=file.id, warning=warning)
    return definition


def _peek(configured: Sequence[_Configured], doors: Doors) -> list[Found | Failed | Missing]:
    """Fetch the first bytes of all objects but those that are announced as small: the engine looks at them itself."""
    wanted = {
        place: (event.bucket, event.key, event.version_id)
        for place, event in enumerate(one.item.event for one in configured)
        if not _is_small(event)
    }
    peeks: dict[int, Peek | PipelineError] = doors.objects.peek_all(wanted) if wanted else {}
    return [_found(one, peeks.get(place)) for place, one in enumerate(configured)]


def _is_small(event: ObjectEvent) -> bool:
    """Whether one read has all of the object, and it is clear how its key is meant."""
    return is_one_read(event.size) and other_reading(event) is None


def _found(one: _Configured, peek: Peek | PipelineError | None) -> Found | Failed | Missing:
    if isinstance(peek, ObjectGoneError):
        return Missing(Found(one.item, one.file, one.definition, one.identity, None), peek)
    if isinstance(peek, PipelineError):
        return Failed(one.item, peek)
    return Found(one.item, one.file, one.definition, one.identity, peek)
