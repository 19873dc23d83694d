"""Our engine on the threads of one process, without a JVM."""

from __future__ import annotations

import json
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
from dq.profiling.summary.summary import FileSummary
from dq.profiling.tally.file_tally import FileTally
from dq.report.page import report_page
from dq.report.reported import Reported, kept
from dq.rows.files.file_rows import RowsOfFile
from dq.rows.framed import FramedChecks
from dq.rows.split_rows import find_rows
from dq.verdict.judge import judge
from etl_core.objects.store import ObjectStore
from etl_core.storable import json_text
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


def page(path: str, definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write the page of the verdict on a file; the file is read and judged before anything is measured."""
    loaded, store = load_definition(dict(definition)), ObjectStore()
    summary = profile_files([SourceObject(0, store.peek(None, path), loaded)], store=store)[0]
    assert isinstance(summary, FileSummary)
    verdict = judge(summary, plan_checks(loaded))
    whole = kept(verdict, json.loads(json_text(verdict.profile_payload)))
    start = time.perf_counter()
    written = report_page(Reported("file", whole, before=whole))
    return {"seconds": time.perf_counter() - start, "bytes": len(written.encode())}


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
    return {"score": score, "rows": rows, "page": page, "count": read.count, "find": read.find}


if __name__ == "__main__":
    serve(_works)
