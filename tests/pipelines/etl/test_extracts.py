"""What one COPY of the source becomes: rows of the types that the source has, all of them, or none that is used."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import create_engine, make_url, text

from etl_core.errors import DatabaseUnavailableError, TerminalError
from pipelines.etl.errors import SourceChangedError
from pipelines.etl.source import part_files, sharing
from tests.etl_core.postgres.test_pooler import PGBOUNCER, pooled
from tests.pipelines.etl.etl_world import FIRST, EtlWorld
from tests.rows.test_spark_frames import jobs_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_AT = datetime(2026, 1, 2, 1, 4, 5, 678901, timezone.utc)
_LAST = datetime(9999, 12, 31, 23, 59, 59, 999000, timezone.utc)
_NUMBER = pa.decimal128(38, 18)
#: Expressions of Postgres with the types and values that Spark's JDBC reader gave for them; times have their
#: microseconds, of which it lost three digits, and intervals in arrays are written as intervals elsewhere are.
_VALUES: tuple[tuple[str, pa.DataType, Any], ...] = (
    ("1::smallint", pa.int16(), 1),
    ("2::int", pa.int32(), 2),
    ("3::bigint", pa.int64(), 3),
    ("4::oid", pa.decimal128(20, 0), Decimal(4)),
    ("true", pa.bool_(), True),
    ("null::bool", pa.bool_(), None),
    ("'Infinity'::real", pa.float32(), float("inf")),
    ("0.1::float8", pa.float64(), 0.1),
    ("1.50::numeric(10, 2)", pa.decimal128(10, 2), Decimal("1.50")),
    ("1.12345678901234567890123::numeric", _NUMBER, Decimal("1.123456789012345679")),
    ("1.25::numeric(45, 8)", pa.decimal128(38, 1), Decimal("1.3")),
    ("0.00012::numeric(3, 5)", pa.decimal128(5, 5), Decimal("0.00012")),
    ("1200::numeric(5, -2)", pa.decimal128(7, 0), Decimal(1200)),
    ("'2026-01-02 03:04:05.678901+02'::timestamptz", pa.timestamp("us", "UTC"), _AT),
    ("'2026-01-02 01:04:05.678901'::timestamp", pa.timestamp("us"), _AT.replace(tzinfo=None)),
    ("'infinity'::timestamptz", pa.timestamp("us", "UTC"), _LAST),
    ("'1500-03-01'::date", pa.date32(), date(1500, 3, 1)),
    ("'infinity'::date", pa.date32(), date(9999, 12, 31)),
    ("'03:04:05.678901'::time", pa.timestamp("us"), datetime(1970, 1, 1, 3, 4, 5, 678901)),  # noqa: DTZ001 - it has none
    ("'03:04:05+02'::timetz", pa.timestamp("us", "UTC"), datetime(1970, 1, 1, 1, 4, 5, tzinfo=timezone.utc)),
    ("'1 day 2 hours'::interval", pa.string(), "1 day 02:00:00"),
    ("''::text", pa.string(), ""),
    ("null::text", pa.string(), None),
    ("e'q\"\\n, \\\\N\\r\\n'::text", pa.string(), 'q"\n, \\N\r\n'),
    ("'  ü€ '::varchar", pa.string(), "  ü€ "),
    ("'c'::char(3)", pa.string(), "c  "),
    ("'\\x00ff22'::bytea", pa.binary(), b'\x00\xff"'),
    ("''::bytea", pa.binary(), b""),
    ("b'1'::bit(1)", pa.bool_(), True),
    ("b'101'::bit(3)", pa.binary(), b"101"),
    ("'7f0c1a0e-0000-4000-8000-000000000001'::uuid", pa.string(), "7f0c1a0e-0000-4000-8000-000000000001"),
    ("'{\"a\":  1}'::json", pa.string(), '{"a":  1}'),
    ("'10.0.0.1/8'::inet", pa.string(), "10.0.0.1/8"),
    ("array[1, null]", pa.list_(pa.int32()), [1, None]),
    ("array['x', null, '']", pa.list_(pa.string()), ["x", None, ""]),
    ("'{}'::bigint[]", pa.list_(pa.int64()), []),
    ("null::int[]", pa.list_(pa.int32()), None),
    ("array[1.5, 2]::numeric(5, 1)[]", pa.list_(pa.decimal128(5, 1)), [Decimal("1.5"), Decimal("2.0")]),
    ("array[1.5]::numeric[]", pa.list_(_NUMBER), [Decimal("1.5")]),
    ("array['2026-01-02 01:04:05.678901+00'::timestamptz]", pa.list_(pa.timestamp("us", "UTC")), [_AT]),
    ("array['\\x00ff'::bytea]", pa.list_(pa.binary()), [b"\x00\xff"]),
    ("array[true]", pa.list_(pa.bool_()), [True]),
)


def _extracted(world: EtlWorld) -> pa.Table:
    return pq.read_table(next(Path(world.root).glob("*/*/extract/*")))


def _rows_at(world: EtlWorld) -> list[Path]:
    return [path for path in Path(world.root).rglob("*") if path.is_file()]


def test_columns_have_the_types_of_the_source_and_values_are_what_they_were(world: EtlWorld, tmp_path: Path) -> None:
    columns = ", ".join(f'{expression} AS "c{at} %"' for at, (expression, *_) in enumerate(_VALUES))
    world.with_flow(tmp_path / "flows", query=f"SELECT {columns}", partitions="").run(FIRST, ("extract",))
    found = _extracted(world)
    for at, (expression, kind, value) in enumerate(_VALUES):
        column = found.column(f"c{at} %")
        assert column.type == kind, expression
        assert column.to_pylist() == [value], expression


def test_rows_are_dealt_to_files_and_each_keeps_its_hash(
    world: EtlWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_files, "ROWS_OF_A_PART", 400)
    query = "SELECT n AS id, repeat('é', 1 + n % 7) AS email FROM generate_series(1, 1000) AS n"
    flow = world.with_flow(tmp_path / "flows", query=query)
    assert flow.run(FIRST, ("extract",)).steps[0].message == "1,000 rows were read"
    parts = sorted(Path(world.root).glob("*/*/extract/*/*.parquet"))
    assert [pq.read_metadata(part).num_rows for part in parts] == [400, 400, 200]
    assert sorted(_extracted(world).column("id").to_pylist()) == list(range(1, 1001))
    assert flow.run(FIRST, ("extract",)).steps[0].state == "skipped", "the source adds up the same hashes"


@pytest.mark.skipif(not Path(PGBOUNCER).exists(), reason="needs Debian's package pgbouncer")
def test_a_source_behind_a_pooler_of_transactions_gives_the_same_rows_and_others_keep_their_settings(
    world: EtlWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "_WORTH_TWO", 0)  # which has one connection read all the same
    query = (
        "SELECT n AS id, now()::date = :until::date AS late, :since::timestamptz AS at FROM generate_series(1, 9) AS n"
    )
    world.run(FIRST, ("extract",))
    expected = _extracted(world).sort_by("id")
    with pooled(world.source_url) as through:
        behind = replace(world, source_url=through)
        foreign = create_engine(make_url(through).set(drivername="postgresql+psycopg2"))
        for again in ("done", "skipped"):
            assert behind.run(FIRST, ("extract",), full=again == "done").steps[0].state == again
            with foreign.connect() as other:
                assert other.execute(text("SELECT current_setting('etl.since', true)")).scalar_one() in (None, "")
        foreign.dispose()
        assert _extracted(world).sort_by("id") == expected
        assert behind.with_flow(tmp_path / "flows", query=query).run(FIRST, ("extract",)).steps[0].state == "done"
        for one in behind.engines.values():
            one.dispose()


def test_a_source_that_goes_away_among_its_rows_is_asked_again_later(
    world: EtlWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_files, "ROWS_OF_A_PART", 10_000)  # so that some files are whole by then
    gone = "CASE WHEN n = 50000 THEN pg_terminate_backend(pg_backend_pid()) END"
    query = f"SELECT n AS id, repeat('x', 200) AS email, {gone} AS gone FROM generate_series(1, 60000) AS n"
    with pytest.raises(DatabaseUnavailableError):
        world.with_flow(tmp_path / "flows", query=query).run(FIRST)
    assert world.steps() == [("extract", "failed")]
    assert _rows_at(world) == []
    assert world.run(FIRST).steps[-1].state == "done"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT 1 AS id, 'NaN'::numeric AS total FROM generate_series(1, 3)", "the column total has a value that is"),
        ("SELECT 1 AS id, ARRAY[[7, 8]] AS pairs", "the column pairs has a value that is no list"),
        ("SELECT 1 AS id, '0044-03-15 BC'::date AS born", "the column born has a value that is no date"),
        ('SELECT 1 AS id, 2 AS "ID"', "the query has the column ID twice"),
        ("SELECT 10 / (n - 3) AS id FROM generate_series(1, 5) AS n", "division by zero"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_column_and_not_shown(
    query: str, said: str, world: EtlWorld, tmp_path: Path
) -> None:
    with pytest.raises(SourceChangedError, match=said) as caught:
        world.with_flow(tmp_path / "flows", query=query).run(FIRST)
    assert "0044-03" not in str(caught.value)
    assert _rows_at(world) == []


def test_a_folder_that_fails_among_the_rows_is_what_is_told(
    world: EtlWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source is left in the middle of its rows, and does not hide why."""

    def full(*_: object) -> None:
        raise TerminalError("the disk is full")

    monkeypatch.setattr(part_files.PartFiles, "add", full)
    query = "SELECT n AS id, repeat('x', 2000) AS email FROM generate_series(1, 20000) AS n"
    with pytest.raises(TerminalError, match="the disk is full"):
        world.with_flow(tmp_path / "flows", query=query).run(FIRST)
    assert _rows_at(world) == []


def test_no_log_no_step_and_no_error_has_the_password_of_the_source(
    world: EtlWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "hunter2-of-the-source"
    url = make_url(world.source_url).set(password=secret)
    world.source_url = url.render_as_string(hide_password=False)
    world.run(FIRST, ("extract",))
    world.change(world.source_url, "ALTER TABLE users RENAME COLUMN email TO mail")
    with pytest.raises(SourceChangedError) as refused:
        world.run(FIRST)
    world.source_url = url.set(database="none").render_as_string(hide_password=False)
    with pytest.raises(TerminalError) as unknown:
        world.run(FIRST)
    steps = world.rows(world.ledger_url, "SELECT * FROM pipeline.etl_run")
    audit = world.rows(world.ledger_url, "SELECT * FROM pipeline.audit")
    shown = [
        *capfd.readouterr(),
        repr(refused.value),
        repr(unknown.value),
        repr(steps),
        repr(audit),
        repr(world.doors()),
    ]
    assert len(steps) == 3
    assert not [text for text in shown if secret in text]


def test_an_extract_starts_no_spark_and_a_transform_runs_one_job(world: EtlWorld, spark: SparkSession) -> None:
    spark.sparkContext.setJobGroup("extract", "its jobs are counted")
    world.run(FIRST, ("extract",))
    spark.sparkContext.setJobGroup("transform", "its jobs are counted")
    world.run(FIRST, ("transform",))
    assert (jobs_of(spark, "extract"), jobs_of(spark, "transform")) == (0, 1)
