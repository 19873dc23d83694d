"""How far an object of a batch has come: found, judged, set aside or failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from traceback import extract_tb
from typing import TYPE_CHECKING

from dq.engine.source_file import SourceObject, UnseenObject
from dq.events.run_window import window_choice
from etl_core.errors import PipelineError

if TYPE_CHECKING:
    from dq.engine.source_file import Source
    from dq.events.key_layout import FileIdentity
    from dq.events.run_window import RunWindow, WindowSource
    from dq.ledger.inbox_item import EndState, InboxItem, Waiting
    from dq.reporting.result import MonitoredFile
    from dq.schema.definition import SchemaDefinition
    from dq.verdict.verdict import Verdict
    from etl_core.errors import ObjectGoneError
    from etl_core.objects.store import ObjectHead, Peek


@dataclass(frozen=True, slots=True)
class Found:
    """An object whose file is configured, with its first bytes; `peek` None: announced as small, not looked at yet."""

    item: InboxItem
    file: MonitoredFile
    definition: SchemaDefinition | None
    identity: FileIdentity
    peek: Peek | None

    @property
    def size(self) -> int:
        """Size in bytes, as far as it is known."""
        return (self.item.event.size or 0) if self.peek is None else self.peek.head.size

    def source(self, number: int, prefer: WindowSource) -> Source:
        """Give the object to the engine, under this number; `prefer` says where the window of its run comes from.

        Its announcement may have said otherwise.
        """
        window = window_choice(self.identity, self.item.run_window or prefer)
        if self.peek is not None:
            return SourceObject(number, self.peek, self.definition, window, self.item.is_suspect)
        event = self.item.event
        place = (event.bucket, event.key, event.version_id)
        return UnseenObject(number, *place, self.size, self.definition, window, self.item.is_suspect)


@dataclass(frozen=True, slots=True)
class Judged:
    """An object with its verdict: the version that was read and its run.

    `state` is its mergeable profile, empty where it could not be parsed; `unreadable` then is why.
    """

    found: Found
    head: ObjectHead
    window: RunWindow
    verdict: Verdict
    rows: int
    state: bytes = field(default=b"", repr=False)
    unreadable: str | None = None


@dataclass(frozen=True, slots=True)
class SetAside:
    """An object that needs no verdict, or cannot have one until somebody changes something: what it waits for."""

    item: InboxItem
    state: EndState
    reason: str
    file: MonitoredFile | None = None
    waits_for: Waiting | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """An object that could not be processed: tried again later, or dead; `alone`: it broke what others share."""

    item: InboxItem
    error: Exception
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """An object that was not there, or was overwritten while it was read: to be looked for again."""

    found: Found
    error: ObjectGoneError

    @property
    def item(self) -> InboxItem:
        """The row of the ledger."""
        return self.found.item


def log_fields(item: InboxItem, file: MonitoredFile | None = None) -> dict[str, object]:
    """Which object a log line is about."""
    fields: dict[str, object] = {"bucket": item.event.bucket, "key": item.event.key}
    return fields if file is None else {**fields, "monitoring_file_id": file.id}


def describe_error(error: Exception) -> str:
    """An error for log and ledger. What nobody foresaw is named by place only: its text may quote a file's values."""
    if isinstance(error, PipelineError):
        return str(error)
    frames = extract_tb(error.__traceback__)
    place = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    return f"unexpected {type(error).__name__}{place}"
