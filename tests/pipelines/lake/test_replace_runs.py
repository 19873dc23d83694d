"""Runs get the rows of their newest attempt, whoever commits: the log, or Spark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from pipelines.lake.errors import (
    CommitConflictError,
    HistoryGoneError,
    TableAlteredError,
    TableChangedMeanwhileError,
    TableCorruptError,
)
from pipelines.lake.run_part import RunRows
from pipelines.lake.schema.drift import drift
from pipelines.lake.schema.table_schema import new_schema
from pipelines.lake.tables import delta_log
from pipelines.lake.tables import replace_runs as replacing
from pipelines.lake.tables.delta_log import CHECKPOINT_INTERVAL, read_snapshot
from pipelines.lake.tables.recall import recall_files
from pipelines.lake.tables.replace_runs import replace_runs
from tests.pipelines.lake.lake_tables import (
    COLUMNS,
    DAY,
    SCHEMA,
    batch,
    current_schema,
    identity,
    notes,
    rows_by_delta_rs,
    run_part,
    table_by_delta_rs,
    written,
)
from tests.pipelines.lake.other_writers import compact, vacuum

if TYPE_CHECKING:
    from pipelines.lake.files.table_folder import TableFolder


def ids(folder: TableFolder) -> list[int]:
    return sorted(row.id for row in rows_by_delta_rs(folder))


def commit(folder: TableFolder, *runs: RunRows) -> dict[str, str]:
    done = replace_runs(folder, SCHEMA, runs, identity())
    return {f"{key.agency_slug}/{key.run_hour}": outcome for key, outcome in done.outcomes.items()}


def test_nothing_is_visible_before_the_commit_and_all_of_it_after(folder: TableFolder) -> None:
    rows = written(folder, run_part(), 1, [notes([1, 2]), notes([3])])
    assert read_snapshot(folder) is None
    assert replace_runs(folder, SCHEMA, [rows], identity()).version == 0
    assert ids(folder) == [1, 2, 3]
    table = table_by_delta_rs(folder)
    assert table["_line"].to_pylist() == [2, 3, 2]
    assert set(table["_run_date"].to_pylist()) == {DAY}
    assert set(table["_file_name"].to_pylist()) == {"trips"}


def test_a_restated_object_replaces_its_predecessor_and_nothing_else(folder: TableFolder) -> None:
    others = [run_part(13), run_part(agency="tenant-b"), run_part(name="stops"), run_part(day=DAY.replace(day=5))]
    commit(folder, *(written(folder, run, 1, [notes([100 + at])]) for at, run in enumerate(others)))
    commit(folder, written(folder, run_part(), 2, [notes([1, 2])]))
    commit(folder, written(folder, run_part(id_=9), 3, [notes([7])]))
    assert ids(folder) == [7, 100, 101, 102, 103]
    commit(folder, written(folder, run_part(), 4, []))
    assert ids(folder) == [100, 101, 102, 103]


def test_a_thousand_runs_are_one_commit(folder: TableFolder) -> None:
    runs = [run_part(hour, agency=f"agency {number}", id_=number) for number in range(50) for hour in range(20)]
    done = replace_runs(folder, SCHEMA, [written(folder, run, 1, [notes([1])]) for run in runs], identity())
    assert (done.version, len(done.outcomes), len(ids(folder))) == (0, 1000, 1000)


def test_an_attempt_is_committed_once_and_not_after_a_later_one(folder: TableFolder) -> None:
    early, late = (written(folder, run_part(), generation, [notes([generation])]) for generation in (4, 5))
    other = written(folder, run_part(13), 1, [notes([9])])
    assert commit(folder, early, other) == {"tenant-a/12": "committed", "tenant-a/13": "committed"}
    assert commit(folder, early) == {"tenant-a/12": "already"}
    assert commit(folder, late) == {"tenant-a/12": "committed"}
    assert commit(folder, early, other) == {"tenant-a/12": "superseded", "tenant-a/13": "already"}
    assert ids(folder) == [5, 9]
    assert delta_log.latest_version(folder) == 1


def test_a_later_attempt_without_rows_keeps_an_earlier_one_out(folder: TableFolder) -> None:
    commit(folder, written(folder, run_part(), 5, []))
    assert commit(folder, written(folder, run_part(), 4, [notes([4])])) == {"tenant-a/12": "superseded"}
    assert ids(folder) == []


def test_whoever_is_quicker_the_rows_of_both_are_there_and_only_the_commit_is_repeated(folder: TableFolder) -> None:
    """Also when both write the same run: the later attempt has it."""
    commit(folder, written(folder, run_part(), 1, [notes([1])]))
    mine = [written(folder, run_part(), 3, [notes([3])]), written(folder, run_part(14), 1, [notes([14])])]
    theirs = [
        [written(folder, run_part(), 2, [notes([2])])],
        [written(folder, run_part(15), 1, [notes([15])]), written(folder, run_part(), 4, [notes([4])])],
    ]
    real = delta_log.commit

    def late(*given: object) -> None:
        if theirs:
            with mock.patch.object(replacing, "commit", real):
                commit(folder, *theirs.pop(0))
        real(*given)  # type: ignore[arg-type]

    with mock.patch.object(replacing, "commit", late):
        done = replace_runs(folder, SCHEMA, mine, identity())
    assert done.attempts == 3
    assert {key.run_hour: outcome for key, outcome in done.outcomes.items()} == {12: "superseded", 14: "committed"}
    assert ids(folder) == [4, 14, 15]


def test_a_table_that_is_too_busy_is_a_retryable_error_and_unchanged(folder: TableFolder) -> None:
    commit(folder, written(folder, run_part(), 1, [notes([1])]))
    rows = written(folder, run_part(), 2, [notes([2])])
    busy = mock.Mock(side_effect=CommitConflictError("version 1 was written by somebody else"))
    with mock.patch.object(replacing, "commit", busy), pytest.raises(CommitConflictError):
        replace_runs(folder, SCHEMA, [rows], identity(), attempts=3)
    assert (busy.call_count, ids(folder)) == (3, [1])


def test_no_row_is_copied_when_a_run_is_replaced_that_was_not_compacted(folder: TableFolder) -> None:
    commit(folder, *(written(folder, run_part(hour), 1, [notes([hour])]) for hour in range(5)))
    done = replace_runs(folder, SCHEMA, [written(folder, run_part(3), 2, [notes([33])])], identity())
    assert (done.copied_rows, ids(folder)) == (0, [0, 1, 2, 4, 33])


@pytest.mark.parametrize("agency", ["tenant-a", "b: %20ü/.. 'x'=1"])
def test_rows_of_other_runs_in_a_compacted_file_stay(folder: TableFolder, agency: str) -> None:
    """They are written again; a run that is not in the file has nobody's rows copied."""
    runs = [run_part(hour, agency=agency) for hour in range(4)]
    commit(folder, *(written(folder, run, 1, [notes([run.run_hour, 10 + run.run_hour])]) for run in runs))
    compact(folder)
    assert len(table_files(folder)) == 1
    done = replace_runs(folder, SCHEMA, [written(folder, runs[2], 2, [notes([22])])], identity())
    assert (done.copied_rows, ids(folder)) == (6, [0, 1, 3, 10, 11, 13, 22])
    outside = written(folder, run_part(9, agency=agency), 1, [notes([9])])
    assert replace_runs(folder, SCHEMA, [outside], identity()).copied_rows == 0
    everyone = [written(folder, run, 3, []) for run in runs]
    assert replace_runs(folder, SCHEMA, everyone, identity()).copied_rows == 0
    assert ids(folder) == [9]


def table_files(folder: TableFolder) -> list[str]:
    return DeltaTable(folder.uri).file_uris()


def test_columns_come_by_and_by_and_rows_from_before_have_nulls(folder: TableFolder) -> None:
    """The first name that is not plain has the table's columns mapped; files from before stay as they are."""
    commit(folder, written(folder, run_part(), 1, [notes([1], "old")]))
    for hour, name in enumerate(["fare", "two words", "FARE", "a.b"]):
        schema = drift(current_schema(folder), {**COLUMNS, name: pa.int64()}, "evolve").schema
        columns = {"id": pa.array([hour + 2]), "note": pa.array(["new"]), name: pa.array([7 + hour])}
        rows = written(folder, run_part(hour), 1, [batch(columns)], schema)
        replace_runs(folder, schema, [rows], identity())
    table = table_by_delta_rs(folder)
    names = ["id", "fare", "two words", "FARE (2)", "a.b"]
    assert sorted(zip(*(table[name].to_pylist() for name in names), strict=True)) == [
        (1, None, None, None, None),
        (2, 7, None, None, None),
        (3, None, 8, None, None),
        (4, None, None, 9, None),
        (5, None, None, None, 10),
    ]


def test_two_writers_that_add_columns_at_once_both_have_theirs_or_one_writes_again(folder: TableFolder) -> None:
    plain = [new_schema({**COLUMNS, name: pa.int64()}) for name in ("a", "b")]
    commit(folder, written(folder, run_part(), 1, [notes([1])]))
    for hour, schema in enumerate(plain):
        rows = written(folder, run_part(hour), 1, [notes([hour])], schema)
        replace_runs(folder, schema, [rows], identity())
    assert [column.name for column in current_schema(folder).data] == ["id", "note", "a", "b"]
    odd = [current_schema(folder).with_columns({name: pa.int64()}) for name in ("two words", "three words")]
    first, second = (written(folder, run_part(20 + at), 1, [notes([at])], schema) for at, schema in enumerate(odd))
    replace_runs(folder, odd[0], [first], identity())
    with pytest.raises(TableChangedMeanwhileError, match="do not fit any more: three words; write the rows again"):
        replace_runs(folder, odd[1], [second], identity())


def test_an_objects_rows_are_taken_out_again_and_its_predecessors_come_back(folder: TableFolder) -> None:
    """As often as one likes, and without a file being written."""
    first = replace_runs(folder, SCHEMA, [written(folder, run_part(), 1, [notes([1, 2])])], identity())
    replace_runs(folder, SCHEMA, [written(folder, run_part(id_=2), 2, [notes([3])])], identity())
    for generation in (3, 4):
        snapshot = read_snapshot(folder)
        assert snapshot is not None
        before = recall_files(snapshot, run_part().key, 1, first.version)
        replace_runs(folder, SCHEMA, [RunRows(run_part(), generation, before)], identity())
        assert ids(folder) == [1, 2]
    assert {row.object_id for row in rows_by_delta_rs(folder)} == {1}


def test_rows_that_cannot_be_recalled_any_more_say_so(folder: TableFolder) -> None:
    commit(folder, written(folder, run_part(), 1, [notes([1])]))
    commit(folder, written(folder, run_part(), 2, [notes([2])]))
    snapshot = read_snapshot(folder)
    assert snapshot is not None
    with pytest.raises(HistoryGoneError, match=r"version 1 of .* is not load 1 of tenant-a/trips/2026-01-04/12"):
        recall_files(snapshot, run_part().key, 1, 1)
    with pytest.raises(HistoryGoneError, match="does not reach back to version 7"):
        recall_files(snapshot, run_part().key, 1, 7)
    vacuum(folder)
    with pytest.raises(HistoryGoneError, match=r"1 files of load 1 .* were vacuumed .*; `lake undo --alone` takes"):
        recall_files(snapshot, run_part().key, 1, 0)


def test_files_of_killed_attempts_are_what_vacuum_takes(folder: TableFolder) -> None:
    commit(folder, written(folder, run_part(), 1, [notes([1])]))
    killed = written(folder, run_part(agency="b: %ü"), 1, [notes([2])])
    left = Path(folder.uri, killed.files[0].path)
    half = left.with_name(f"{left.name}.0123.tmp")
    half.write_bytes(b"half")
    assert ids(folder) == [1]
    vacuum(folder)
    assert not left.exists()
    assert not half.exists()
    assert ids(folder) == [1]


def test_the_log_is_summed_up_from_time_to_time(folder: TableFolder) -> None:
    for generation in range(1, CHECKPOINT_INTERVAL + 3):
        commit(folder, written(folder, run_part(), generation, [notes([generation])]))
    log = Path(folder.uri, "_delta_log")
    assert [path.name for path in log.glob("*.checkpoint.parquet")] == [
        f"{CHECKPOINT_INTERVAL:020d}.checkpoint.parquet"
    ]
    for path in log.glob("0000000000000000000?.json"):
        path.unlink()  # as its retention does one day
    assert ids(folder) == [CHECKPOINT_INTERVAL + 2]
    assert commit(folder, written(folder, run_part(), 3, [])) == {"tenant-a/12": "superseded"}


def test_a_corrupted_log_is_named_and_what_to_do(folder: TableFolder) -> None:
    commit(folder, written(folder, run_part(), 1, [notes([1])]))
    rows = written(folder, run_part(), 2, [notes([2])])
    Path(folder.uri, "_delta_log", f"{0:020d}.json").write_text('{"add": {"path": ')
    with pytest.raises(TableCorruptError, match=r"the log of .* cannot be read .*; restore the files"):
        commit(folder, rows)


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ({"delta.enableChangeDataFeed": "true"}, "delta.enableChangeDataFeed = true"),
        ({"delta.appendOnly": "true"}, "delta.appendOnly = true"),
    ],
)
def test_a_table_that_another_program_gave_features_is_left_alone(
    folder: TableFolder, setting: dict[str, str], found: str
) -> None:
    commit(folder, written(folder, run_part(), 1, [notes([1])]))
    DeltaTable(folder.uri).alter.set_table_properties(setting)
    with pytest.raises(TableAlteredError, match=found):
        commit(folder, written(folder, run_part(), 2, [notes([2])]))
    assert ids(folder) == [1]


def test_a_run_cannot_be_in_a_commit_twice(folder: TableFolder) -> None:
    rows = [written(folder, run_part(), generation, [notes([1])]) for generation in (1, 2)]
    with pytest.raises(ValueError, match="twice"):
        replace_runs(folder, SCHEMA, rows, identity())


def test_a_commit_names_what_it_did(folder: TableFolder) -> None:
    commit(folder, written(folder, run_part(), 1, [notes([1, 2])]))
    told = json.loads(Path(folder.uri, "_delta_log", f"{0:020d}.json").read_text().splitlines()[0])["commitInfo"]
    assert told["operationParameters"] == {"mode": "Overwrite", "runs": "1", "rows": "2"}
    assert told["engineInfo"] == "pipeline-processing"
