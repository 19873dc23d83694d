"""Spark reads, filters, compacts and merges what commits made here wrote; and writes it itself where asked."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from sqlalchemy import text

from etl_core.postgres.database import connect
from jobs.running.database import migrate_all
from pipelines.lake.errors import TableAlteredError
from pipelines.lake.files.table_folder import lake_table
from pipelines.lake.schema.drift import drift
from pipelines.lake.schema.table_schema import new_schema
from pipelines.lake.tables.replace_runs import replace_runs
from tests.end_to_end.command_line import environment
from tests.end_to_end.landing import TRIPS, key_of
from tests.pipelines.lake import table_session
from tests.pipelines.lake.lake_tables import (
    COLUMNS,
    DAY,
    SCHEMA,
    Row,
    batch,
    current_schema,
    identity,
    notes,
    rows_by_delta_rs,
    rows_of,
    run_part,
    written,
)
from tests.pipelines.lake.table_session import beside
from tests.pipelines.lake.test_statistics import FILTERED, fill, filters
from tests.pipelines.lake.test_table_schema import HOSTILE

if TYPE_CHECKING:
    from pathlib import Path

    from etl_core.objects.store import S3Access
    from pipelines.lake.files.table_folder import TableFolder
    from pipelines.lake.run_part import Committed, RunKey, RunPart, RunRows
    from tests.end_to_end.landing import Landing
    from tests.local_s3 import S3Server
    from tests.pipelines.lake.conftest import TableSession

ODD = "b: %20ü/.. 'x'=1"


@pytest.fixture(params=["log", pytest.param("spark", marks=pytest.mark.night)])
def writer(request: pytest.FixtureRequest, spark_tables: TableSession) -> Writer:
    """Who commits."""
    return Writer(None if request.param == "log" else spark_tables)


class Writer:
    """A way to commit, by Spark where a session is given."""

    def __init__(self, session: TableSession | None) -> None:
        self._session = session

    def __call__(self, folder: TableFolder, *runs: RunRows) -> Committed:
        if self._session is None:
            return replace_runs(folder, SCHEMA, runs, identity())
        return self._session(table_session.replace_by_spark, folder, SCHEMA, runs, identity())


def rows_by_spark(spark_tables: TableSession, folder: TableFolder) -> list[Row]:
    return rows_of(spark_tables(table_session.told_rows, folder))


def test_runs_are_replaced_alike_by_both_writers(
    writer: Writer, spark_tables: TableSession, folder: TableFolder
) -> None:
    runs = [run_part(hour, agency=agency) for agency in ("tenant-a", ODD) for hour in (1, 2)]
    writer(folder, *(written(folder, run, 5, [notes([at, at + 10])]) for at, run in enumerate(runs)))
    late = written(folder, runs[0], 4, [notes([99])])
    again = [written(folder, runs[0], 6, [notes([50])]), written(folder, runs[3], 6, [])]
    assert set(writer(folder, *again).outcomes.values()) == {"committed"}
    assert writer(folder, late).outcomes == {late.run.key: "superseded"}
    assert writer(folder, again[0]).outcomes == {again[0].run.key: "already"}
    found = rows_by_delta_rs(folder)
    assert sorted((row.agency, row.hour, row.id) for row in found) == [
        *[(ODD, 1, 2), (ODD, 1, 12)],
        *[("tenant-a", 1, 50), ("tenant-a", 2, 1), ("tenant-a", 2, 11)],
    ]
    assert rows_by_spark(spark_tables, folder) == found


def test_columns_of_any_name_are_read_and_filtered_by_both_readers(
    spark_tables: TableSession, folder: TableFolder
) -> None:
    """Some come later than others, so that the table's columns get mapped on the way."""
    replace_runs(folder, SCHEMA, [written(folder, run_part(1), 1, [notes([1])])], identity())
    schema = drift(current_schema(folder), {**COLUMNS, **dict.fromkeys(HOSTILE, pa.int64())}, "evolve").schema
    values = {name: pa.array([100 + at]) for at, name in enumerate(HOSTILE)}
    columns = {"id": pa.array([2]), "note": pa.array(["x"]), **values}
    replace_runs(folder, schema, [written(folder, run_part(2), 1, [batch(columns)], schema)], identity())
    delta = DeltaTable(folder.uri)
    for at, column in enumerate(schema.data[2:]):
        name = column.name.replace("`", "``")
        (row,) = spark_tables(
            table_session.sql, f"SELECT id FROM delta.`{folder.for_spark}` WHERE `{name}` = {100 + at}"
        )
        assert row["id"] == 2
        found = pa.table(delta.scan(columns=["id", column.name]).read_all()).to_pylist()
        assert {"id": 2, column.name: 100 + at} in found
    (row,) = spark_tables(
        table_session.sql, f"SELECT id FROM delta.`{folder.for_spark}` WHERE _agency_slug = 'tenant-a' AND id = 1"
    )
    assert row["id"] == 1


def test_every_row_is_found_by_a_filter_on_every_type_by_spark(spark_tables: TableSession, folder: TableFolder) -> None:
    fill(folder)
    for _, condition in filters():
        statement = f"SELECT * FROM delta.`{folder.for_spark}` WHERE {condition}"
        assert len(spark_tables(table_session.sql, statement)) == 1, condition
    for name, (_, values, _) in FILTERED.items():
        statement = f"SELECT * FROM delta.`{folder.for_spark}` WHERE {name} IS NOT NULL"
        assert len(spark_tables(table_session.sql, statement)) == len(values)


def test_what_spark_compacted_is_replaced_run_by_run(spark_tables: TableSession, folder: TableFolder) -> None:
    """The rows of the others in the same file are written again; what vacuum leaves is the table."""
    runs = [run_part(hour, agency=agency) for agency in ("tenant-a", ODD) for hour in range(3)]
    young = run_part(0, day=DAY + timedelta(days=1))
    rows = [written(folder, run, 1, [notes([at])]) for at, run in enumerate([*runs, young])]
    replace_runs(folder, SCHEMA, rows, identity())
    done = spark_tables(table_session.keep_in_order, folder, DAY + timedelta(days=1))
    assert (done.compacted_from, done.compacted_to) == (6, 2)
    again = replace_runs(folder, SCHEMA, [written(folder, runs[4], 2, [notes([44])])], identity())
    assert again.copied_rows == 2
    assert [row.id for row in sorted(rows_by_delta_rs(folder), key=lambda row: row.id)] == [0, 1, 2, 3, 5, 6, 44]
    assert rows_by_spark(spark_tables, folder) == rows_by_delta_rs(folder)


def test_a_table_with_features_is_written_by_spark_and_left_alone_by_others(
    spark_tables: TableSession, folder: TableFolder
) -> None:
    replace_runs(folder, SCHEMA, [written(folder, run_part(), 1, [notes([1])])], identity())
    table = f"delta.`{folder.for_spark}`"
    spark_tables(table_session.sql, f"ALTER TABLE {table} SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
    rows = written(folder, run_part(), 2, [notes([2])])
    with pytest.raises(TableAlteredError, match="enableDeletionVectors"):
        replace_runs(folder, SCHEMA, [rows], identity())
    spark_tables(table_session.replace_by_spark, folder, SCHEMA, [rows], identity())
    assert [row.id for row in rows_by_spark(spark_tables, folder)] == [2]


@pytest.mark.night
def test_of_a_key_the_row_of_the_newest_window_stays_whatever_comes_when(
    spark_tables: TableSession, folder: TableFolder
) -> None:
    """Runs come late, twice, and are restated: the table is that of one pass over what each of them has last."""
    truth: dict[RunKey, list[tuple[int | None, str]]] = {}
    generations = count(1)

    def merge(*runs: tuple[RunPart, list[tuple[int | None, str]]], times: int = 1) -> None:
        rows = []
        for run, ids in runs:
            truth[run.key] = ids
            batches = [notes([id_], note, 2 + at) for at, (id_, note) in enumerate(ids)]  # type: ignore[list-item]
            rows.append(written(beside(folder), run, next(generations), batches))
        for _ in range(times):
            spark_tables(table_session.merge, folder, SCHEMA, ["id"], rows, identity())
        expected: dict[tuple[str, int], str] = {}
        for key, ids in sorted(truth.items(), key=lambda one: one[0].run_hour):
            expected |= {(key.agency_slug, id_): note for id_, note in reversed(ids) if id_ is not None}
        found = [(row.agency, row.id, row.note) for row in rows_by_spark(spark_tables, folder)]
        assert sorted(found) == sorted((*of, note) for of, note in expected.items())

    noon, other = run_part(12), run_part(12, agency="tenant-b")
    merge((noon, [(1, "noon"), (2, "noon"), (2, "twice"), (None, "no key")]), (other, [(1, "other agency")]))
    merge((run_part(11), [(2, "late"), (3, "late")]), (run_part(13), [(1, "newer")]))
    merge((noon, [(4, "restated")]))  # 2 is the late one's again
    merge((run_part(13), []), (run_part(11), [(3, "late, restated")]), times=2)  # 1 and 2 have gone from all


@pytest.mark.night
def test_merged_files_bring_their_columns(spark_tables: TableSession, folder: TableFolder) -> None:
    first = written(beside(folder), run_part(), 1, [notes([1])])
    spark_tables(table_session.merge, folder, SCHEMA, ["id"], [first], identity())
    schema = drift(current_schema(beside(folder)), {**COLUMNS, "two words": pa.int64()}, "evolve").schema
    columns = {"id": pa.array([1, 2]), "note": pa.array(["", ""]), "two words": pa.array([7, 8])}
    rows = written(beside(folder), run_part(13), 1, [batch(columns)], schema)
    spark_tables(table_session.merge, folder, schema, ["id"], [rows], identity())
    found = spark_tables(table_session.sql, f"SELECT id, `two words` FROM delta.`{folder.for_spark}` ORDER BY id")
    assert found == [{"id": 1, "two words": 7}, {"id": 2, "two words": 8}]
    with pytest.raises(ValueError, match="names a column that is not among those"):
        spark_tables(table_session.merge, folder, schema, ["nothing"], [rows], identity())


def test_objects_are_merged_restated_and_taken_out_again_by_jobs(
    spark_tables: TableSession, landing: Landing, s3_server: S3Server, tmp_path: Path
) -> None:
    """Two hours of a file; the later one is restated without a key, then taken out."""
    definition = {**TRIPS, "primaryKey": ["id"], "silver": {"mode": "merge"}, "scoring": {"passScore": 10}}
    landing.configure(definition=definition)
    variables = {**environment(landing.database, s3_server), "LAKE_ROOT": str(tmp_path / "lake")}
    silver = lake_table(str(tmp_path / "lake"), "silver", "trips")

    def job(*arguments: str) -> dict[int, str]:
        assert spark_tables(table_session.run_job, variables, *arguments) == 0
        rows = spark_tables(table_session.sql, f"SELECT id, driver FROM delta.`{silver.for_spark}`")
        found = {row["id"]: row["driver"] for row in rows}
        assert len(found) == len(rows)
        return found

    def land(hour: int, body: bytes) -> dict[int, str]:
        landing.announce(landing.put(key_of(hour=hour), b"id,driver\n" + body))
        landing.process()
        return job("to_silver")

    assert land(2, b"1,ada\n2,ben\n2,twice\n") == {1: "ada", 2: "ben"}
    assert land(1, b"2,late\n3,cy\n") == {1: "ada", 2: "ben", 3: "cy"}
    assert land(2, b"1,eve\n") == {1: "eve", 2: "late", 3: "cy"}
    assert job("lake", "undo", "--object", "3") == {1: "ada", 2: "ben", 3: "cy"}
    assert job("to_silver", "--release", "3") == {1: "eve", 2: "late", 3: "cy"}
    with landing.database.connect() as connection:
        loads = connection.execute(
            text("SELECT object_id, rows_silver, rows_quarantined FROM pipeline.silver_load WHERE state = 'loaded'")
        ).all()
    assert sorted(map(tuple, loads)) == [(2, 2, 0), (3, 1, 0)]
    landing.sql("UPDATE reporting.monitoring_file_schema_definition SET definition = definition - 'silver'")
    landing.announce(landing.put(key_of(hour=4)))
    landing.process()
    assert spark_tables(table_session.run_job, variables, "to_silver") == 1
    with landing.database.connect() as connection:
        reason = connection.scalar(text("SELECT reason FROM pipeline.silver_load WHERE state = 'failed'"))
    assert "is merged by id" in str(reason)


@pytest.mark.night
def test_a_table_on_s3_is_the_same_for_spark(spark_tables: TableSession, bucket: str, s3_access: S3Access) -> None:
    folder = lake_table(f"s3://{bucket}/the-lake", "silver", "trips", s3_access)
    for generation in (1, 2):
        rows = [written(folder, run_part(hour, agency=ODD), generation, [notes([hour])]) for hour in range(3)]
        replace_runs(folder, new_schema(COLUMNS), rows, identity())
    assert [row.id for row in rows_by_spark(spark_tables, folder)] == [0, 1, 2]
    merge = (
        f"MERGE INTO delta.`{folder.for_spark}` t USING (SELECT 2L AS id, 'merged' AS note) s ON t.id = s.id"
        " WHEN MATCHED THEN UPDATE SET note = s.note"
    )
    spark_tables(table_session.sql, merge)
    assert [row.note for row in rows_by_delta_rs(folder) if row.id == 2] == ["merged"]
    assert rows_by_spark(spark_tables, folder) == rows_by_delta_rs(folder)


@pytest.mark.night
def test_all_tables_are_kept_in_order_but_those_that_somebody_broke_or_partitioned_otherwise(
    spark_tables: TableSession, variant_a: str, tmp_path: Path
) -> None:
    """Each of them is named with what is wrong with it."""
    engine = connect(variant_a)
    migrate_all(engine)
    engine.dispose()
    root = tmp_path / "lake"
    sound, broken = (lake_table(str(root), "silver", name) for name in ("sound", "broken"))
    for folder in (sound, broken):
        replace_runs(
            folder, SCHEMA, [written(folder, run_part(hour), 1, [notes([hour])]) for hour in (1, 2)], identity()
        )
    (root / "silver/broken/_delta_log" / f"{0:020d}.json").write_text("{not json")
    other = lake_table(str(root), "silver", "other")
    spark_tables(table_session.sql, f"CREATE TABLE delta.`{other.for_spark}` (id bigint) USING delta")
    table = f"delta.`{sound.for_spark}`"
    spark_tables(table_session.sql, f"ALTER TABLE {table} SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')")
    variables = {"DATABASE_URL": variant_a, "LAKE_ROOT": str(root)}
    code, out = spark_tables(table_session.keep_lake_in_order, variables, ["sound", "broken", "other"])
    told = " ".join(out.replace("│", " ").split())
    assert code == 1
    assert "sound silver 2 1" in told
    assert "the log of" in told
    assert "Delta refuses to change" in told
    assert sorted(row["id"] for row in spark_tables(table_session.sql, f"SELECT id FROM {table}")) == [1, 2]
