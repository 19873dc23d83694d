"""Small files of one layout are counted together, and none of them can tell."""

from __future__ import annotations

import gzip
import random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from dq.engine.assignment import Assignment
from dq.engine.byte_ranges.bundle_counting import count_parts
from dq.engine.byte_ranges.local_executor import gathered
from dq.engine.file_results import Profiled
from dq.engine.parts import FileTask, count_part
from dq.engine.planning import plan_file
from dq.engine.source_file import SourceObject
from dq.formats.limits import Limits
from dq.profiling.tally.files_together import tally_small_files
from etl_core.objects.store import ObjectStore
from tests.engine.batches import DEFINITION, rows_of_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LIMITS = Limits()
STORE = ObjectStore()


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files were counted in each go."""
    sizes: list[int] = []

    def noted(recipe: Any, files: Sequence[Any], references: Any) -> Any:  # noqa: ANN401 - passed on
        if any("poison" in str(file.columns[1]) for file in files):
            raise ZeroDivisionError
        sizes.append(len(files))
        return tally_small_files(recipe, files, references)

    monkeypatch.setattr("dq.engine.byte_ranges.bundle_counting.tally_small_files", noted)
    return sizes


def tasks_of(paths: Sequence[Path]) -> list[FileTask]:
    planned = [
        plan_file(
            SourceObject(at, STORE.peek(None, str(path)), DEFINITION), Assignment(STORE, LIMITS, keep_states=True)
        )
        for at, path in enumerate(paths)
    ]
    return [task for task in planned if isinstance(task, FileTask)]


def ends(tasks: Sequence[FileTask]) -> dict[int, Any]:
    """What became of files that were given to one task."""
    pairs = [(task, split) for task in tasks for split in task.splits]
    return {task.id: gathered(task, [part], "direct") for task, part in count_parts(STORE, pairs, LIMITS)}


def alone(task: FileTask) -> Any:  # noqa: ANN401 - an outcome
    return gathered(task, [count_part(STORE, task, task.splits[0], LIMITS)], "direct")


def assert_each_as_alone(tasks: Sequence[FileTask]) -> None:
    found = ends(tasks)
    assert len(found) == len(tasks)
    for task in tasks:
        expected = alone(task)
        if isinstance(expected, Profiled):
            assert found[task.id] == expected, task.head.key
        else:
            assert (type(found[task.id]), str(found[task.id])) == (type(expected), str(expected)), task.head.key


@pytest.mark.parametrize("seed", range(3))
def test_files_of_all_kinds_in_one_task(tmp_path: Path, together: list[int], seed: int) -> None:
    bodies: dict[str, bytes] = {f"sound{at}.csv": rows_of_text(at + 1, start=at).encode() for at in range(40)}
    bodies |= {
        "header.csv": b"id,name,fare\n",
        "other.csv": b"fare,id\n1,2\n",
        "ragged.csv": b"id,name,fare\n1,a,2\n3\n4,b,5,6\n",
        "quoted.csv": b'id,name,fare\n1,"a\nb",2\n2,"c",x\n',
        "latin.csv": b"id,name,fare\n1,caf\xe9,2\n",
        "open.csv": b'id,name,fare\n1,"a,2\n',
        "bad.csv": b"id,name,fare\nx,A,-1\nx,B,-2\n,,\n",
        "packed.csv.gz": gzip.compress(rows_of_text(9).encode()),
        "lines.jsonl": b'{"id":1,"name":"a","fare":1.5}\n{"id":2,"name":"b","fare":2.5}\n',
        "others.jsonl": b'{"id":1,"name":"a","fare":1.5}\n{"id":"2","more":true}\nnot json\n',
        "array.json": b'[{"id":1,"name":"a","fare":1}]',
        "cut.json": b'[{"id":1,',
    }
    for name, body in bodies.items():
        (tmp_path / name).write_bytes(body)
    for name in ("one.parquet", "two.parquet"):
        parquet.write_table(pa.table({"id": [1, 2], "name": ["a", None], "fare": [1.5, -1.0]}), tmp_path / name)
    paths = sorted(tmp_path.iterdir())
    random.Random(seed).shuffle(paths)
    assert_each_as_alone(tasks_of(paths))
    assert sum(together) > len(bodies) // 2


def test_one_that_breaks_the_count_is_counted_for_itself_and_so_are_its_neighbours(
    tmp_path: Path, together: list[int]
) -> None:
    for at in range(10):
        text = rows_of_text(5) if at != 4 else "id,name,fare\n1,poison,2\n"
        (tmp_path / f"{at}.csv").write_text(text)
    assert_each_as_alone(tasks_of(sorted(tmp_path.iterdir())))
    assert together == []


def test_no_more_files_and_bytes_than_there_is_room_for(tmp_path: Path, together: list[int]) -> None:
    for at in range(150):
        (tmp_path / f"{at:03}.csv").write_text(rows_of_text(3))
    tasks = tasks_of(sorted(tmp_path.iterdir()))
    assert len(ends(tasks)) == len(tasks)
    assert together == [64, 64, 22]
    together.clear()
    large = tmp_path / "large"
    large.mkdir()
    for at in range(80):
        (large / f"{at:02}.csv").write_text(rows_of_text(7_000))
    tasks = tasks_of(sorted(large.iterdir()))
    assert len(ends(tasks)) == len(tasks)
    assert max(together) * tasks[0].head.size <= 4 * 1024 * 1024 < (max(together) + 1) * tasks[0].head.size


def test_files_of_several_layouts_are_sorted_out(tmp_path: Path, together: list[int]) -> None:
    for at in range(12):
        head = "id,name,fare\n" if at % 3 else "fare,id\n"
        (tmp_path / f"{at:02}.csv").write_text(head + ("1,a,2\n" if at % 3 else "1,2\n"))
    assert_each_as_alone(tasks_of(sorted(tmp_path.iterdir())))
    assert sorted(together) == [4, 8]


def test_no_more_cells_are_held_than_there_is_room_for(
    tmp_path: Path, together: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compressed files are small, and their rows need not be."""
    monkeypatch.setattr("dq.engine.byte_ranges.bundle_counting._MOST_HELD", 200_000)
    for at in range(10):
        row = f"{at},{'a' * 50_000},1\n"
        (tmp_path / f"{at}.csv.gz").write_bytes(gzip.compress(f"id,name,fare\n{row}{row}".encode()))
    assert_each_as_alone(tasks_of(sorted(tmp_path.iterdir())))
    assert together == [2]


def test_a_file_larger_than_the_first_look_is_counted_for_itself(tmp_path: Path, together: list[int]) -> None:
    for at in range(3):
        (tmp_path / f"{at}.csv").write_text(rows_of_text(12_000))
    assert_each_as_alone(tasks_of(sorted(tmp_path.iterdir())))
    assert together == []
