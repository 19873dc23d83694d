"""Our engine on the threads of one process, without a JVM."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from dq.checks.plan import plan_checks
from dq.definitions import load_definition
from dq.engine.assignment import Assignment
from dq.engine.parts import FileTask, opened, proven_splits
from dq.engine.planning import plan_file
from dq.engine.profile_files import profile_files
from dq.engine.source_file import SourceObject
from dq.formats.limits import Limits
from dq.profiling.tally.file_tally import FileTally
from dq.rows.files.file_rows import RowsOfFile
from dq.rows.framed import FramedChecks
from dq.rows.split_rows import find_rows
from etl_core.objects.store import ObjectStore
from tests.bench.contestant import Work, serve
from tests.bench.programs.scoring import scored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dq.profiling.tally.row_batch import RowBatch


def score(path: str, definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read, check and profile one file up to its verdict."""
    store = ObjectStore()
    return scored(path, definition, store, lambda sources: profile_files(sources, store=store))


def rows(path: str, definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Find the rows of a file that fail, as `check_file --rows` does."""
    loaded, store = load_definition(dict(definition)), ObjectStore()
    found = RowsOfFile(SourceObject(0, store.peek(None, path), loaded), store, Limits()).found(loaded)
    return {"failed": sum(int(some.found.failing.sum()) for some in found)}


class ReadFile:
    """The batches of one file, read before anything is measured."""

    def __init__(self) -> None:
        self._read: tuple[str, FramedChecks, list[RowBatch]] | None = None

    def count(self, path: str, definition: Mapping[str, Any]) -> Mapping[str, Any]:
        """Count the batches, on one thread."""
        checks, batches = self._batches(path, definition)
        start = time.perf_counter()
        tally = FileTally(checks.recipe)
        for batch in batches:
            tally.add(batch)
            tally.taken_keys()
        return {"rows": tally.profile().rows, "seconds": time.perf_counter() - start}

    def find(self, path: str, definition: Mapping[str, Any]) -> Mapping[str, Any]:
        """Find what is wrong with each of their rows, on one thread."""
        checks, batches = self._batches(path, definition)
        start = time.perf_counter()
        failed = sum(int(found.failing.sum()) for found in find_rows(checks, lambda: batches))
        return {"failed": failed, "seconds": time.perf_counter() - start}

    def _batches(self, path: str, definition: Mapping[str, Any]) -> tuple[FramedChecks, list[RowBatch]]:
        if self._read is None or self._read[0] != path:
            loaded, store = load_definition(dict(definition)), ObjectStore()
            task = plan_file(SourceObject(0, store.peek(None, path), loaded), Assignment(store, Limits()))
            assert isinstance(task, FileTask)
            checks = FramedChecks(loaded, plan_checks(loaded), task.recipe)
            opening = (opened(store, task, split, Limits())[1] for split in proven_splits(task))
            self._read = path, checks, [batch for reading in opening for batch in reading.batches()]
        return self._read[1:]


def _works() -> Mapping[str, Work]:
    read = ReadFile()
    return {"score": score, "rows": rows, "count": read.count, "find": read.find}


if __name__ == "__main__":
    serve(_works)
