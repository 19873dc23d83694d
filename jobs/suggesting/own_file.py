"""A file that nobody has declared: how it is written, and its figures by one definition after another."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from etl_core.errors import ObjectGoneError, PipelineError, UsageError
from etl_core.objects.failures import ObjectRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dq.profiling.summary.summary import FileSummary
    from dq.schema.definition import SchemaDefinition
    from dq.suggestions.dialect import Dialect
    from etl_core.objects.store import Peek
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


@contextmanager
def open_own_file(location: str, settings: Settings) -> Iterator[OwnFile]:
    """Look at the file at `location`, a path or an s3:// address.

    Raises:
        UsageError: there is no such file, or it will not be handed out.
    """
    from dq.errors import UnreadableFileError
    from dq.formats.registry import known_formats
    from dq.suggestions.dialect import find_dialect
    from etl_core.objects.place import parse_place
    from jobs.running.wiring import object_store, open_profiler

    place = parse_place(location.removeprefix("file://"))
    store = object_store(settings)
    try:
        peek = store.peek(place.bucket, place.key)
        with open_profiler(settings, store) as profiler:
            try:
                name = known_formats().format_of(peek.data, peek.head.key, None).name
            except UnreadableFileError:
                name = ""
            yield OwnFile(peek, profiler, name, find_dialect(peek.data) if name == "csv" else None)
    except (ObjectGoneError, ObjectRefusedError) as error:
        raise UsageError(f"the file cannot be read: {error}") from error
