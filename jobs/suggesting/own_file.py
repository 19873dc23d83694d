"""A file that nobody has declared: how it is written, and its figures by one definition after another."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from etl_core.errors import ObjectGoneError, PipelineError, UsageError
from etl_core.objects.failures import ObjectRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dq.profiling.summary.summary import FileSummary
    from dq.schema.definition import SchemaDefinition
    from dq.suggestions.dialect import Dialect
    from etl_core.objects.store import ObjectStore, Peek
    from etl_core.settings import Settings
    from jobs.running.wiring import Profiler


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file that was looked at. `format` is the name of its format, empty where it is none of those we know.

    `dialect` is that of a CSV file, None of others.
    """

    peek: Peek
    profiler: Profiler
    format: str
    dialect: Dialect | None

    def head(self) -> dict[str, Any]:
        """Say of it what a definition has to."""
        said = self.dialect.written() if self.dialect else {}
        return {**({"format": self.format} if self.format else {}), **({"csv": said} if said else {})}

    def figures(self, definition: SchemaDefinition | None) -> FileSummary:
        """Count the whole file by a definition.

        Raises:
            PipelineError: it cannot be read now.
        """
        from dq.engine.source_file import SourceObject

        found = self.profiler.figures_of(SourceObject(0, self.peek, definition))
        if isinstance(found, PipelineError):
            raise found
        return found


def _looked_at(store: ObjectStore, peek: Peek, profiler: Profiler) -> OwnFile:
    """Tell the format and the dialect by the first bytes; what the file's own name says need not be declared."""
    from dq.engine.source_file import StoredSource
    from dq.errors import UnreadableFileError
    from dq.formats.format import suffix_of
    from dq.formats.limits import Limits
    from dq.formats.reading import recognise
    from dq.suggestions.dialect import find_dialect

    source = StoredSource(store, peek.head, peek.data)
    try:
        kind, _, plain = recognise(source, peek.head.key, None, Limits(), peek.data)
    except UnreadableFileError:
        return OwnFile(peek, profiler, "", None)
    if kind.name != "csv":
        return OwnFile(peek, profiler, kind.name, None)
    found, of_name = find_dialect(plain), kind.names.dialects.get(suffix_of(peek.head.key))
    if of_name is not None and of_name.delimiter == found.delimiter:
        found = replace(found, delimiter=None)
    return OwnFile(peek, profiler, kind.name, found)


@contextmanager
def open_own_file(location: str, settings: Settings) -> Iterator[OwnFile]:
    """Look at the file at `location`, a path or an s3:// address.

    Raises:
        UsageError: there is no such file, or it will not be handed out.
    """
    from etl_core.objects.place import parse_place
    from jobs.running.wiring import object_store, open_profiler

    place = parse_place(location.removeprefix("file://"))
    store = object_store(settings)
    try:
        peek = store.peek(place.bucket, place.key)
        with open_profiler(settings, store) as profiler:
            yield _looked_at(store, peek, profiler)
    except (ObjectGoneError, ObjectRefusedError) as error:
        raise UsageError(f"the file cannot be read: {error}") from error
