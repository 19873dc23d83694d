"""Parts in bundles: what the driver hands out grows with the number of parts, not with its square."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import TYPE_CHECKING

from dq.engine.assignment import Assignment
from dq.engine.byte_ranges.bundles import packed
from dq.engine.parts import FileTask
from dq.engine.planning import plan_file
from dq.engine.source_file import SourceObject
from dq.formats.limits import Limits
from etl_core.objects.store import ObjectStore

if TYPE_CHECKING:
    from pathlib import Path


def _task(folder: Path, size: int) -> FileTask:
    """A CSV that says it has `size` bytes."""
    (folder / "data.csv").write_bytes(b"id,driver\n1,ada\n")
    peek = ObjectStore().peek(None, str(folder / "data.csv"))
    source = SourceObject(1, replace(peek, head=replace(peek.head, size=size)), None)
    task = plan_file(source, Assignment(ObjectStore(), Limits()))
    assert isinstance(task, FileTask)
    return task


def test_a_bundle_of_a_terabyte_is_no_larger_than_one_of_a_gigabyte(tmp_path: Path) -> None:
    small, large = (packed([_task(tmp_path, size)], Limits(), 2) for size in (10**9, 10**12))
    assert len(large) > 500 * len(small)
    assert max(len(pickle.dumps(bundle)) for bundle in large) <= max(len(pickle.dumps(bundle)) for bundle in small) + 16


def test_bundles_hold_every_part_once_and_tell_files_of_one_part_from_others(tmp_path: Path) -> None:
    tasks = [replace(_task(tmp_path, size), id=number) for number, size in enumerate((10, 10**9, 20))]
    pairs = [pair for bundle in packed(tasks, Limits(), 2) for pair in bundle]
    assert [(task.id, split) for task, split in pairs] == [(task.id, split) for task in tasks for split in task.splits]
    assert {task.id for task, _ in pairs if len(task.splits) == 1} == {0, 2}


def test_many_small_files_keep_all_cores_equally_busy(tmp_path: Path) -> None:
    task = _task(tmp_path, 70_000)
    for cores in (1, 2, 7):
        bundles = packed([replace(task, id=number) for number in range(1000)], Limits(), cores)
        assert len(bundles) == 3 * cores
        assert [each.id for bundle in bundles for each, _ in bundle] == list(range(1000))
        assert max(map(len, bundles)) - min(map(len, bundles)) <= 1
