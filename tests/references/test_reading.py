"""Keys are read from objects, tables and files for real, where definitions may name them, and by every lane."""

from __future__ import annotations

import gzip
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dq.definitions import load_definition
from dq.engine.file_results import FileVerdict
from dq.engine.profile_files import judge_sources
from dq.engine.source_file import SourceObject
from dq.formats.limits import Limits
from dq.references.reading import ReferenceReader
from etl_core.errors import PipelineError
from etl_core.postgres.database import connect
from pipelines.lake.files.table_folder import lake_table
from pipelines.lake.schema.table_schema import new_schema
from pipelines.lake.tables.reading import columns_of
from pipelines.lake.tables.replace_runs import replace_runs
from tests.databases import admin_engine
from tests.pipelines.lake.lake_tables import batch, identity, run_part, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

    from dq.schema.definition import WantedKeys
    from etl_core.objects.store import ObjectStore

LIMITS = Limits(split=64 * 1024)
STATIONS = "code,number\nA,1\nB,2\nA,1\n,3\n"


def wanted(place: str, *columns: tuple[str, str]) -> WantedKeys:
    fields = [{"name": name, "type": kind} for name, kind in columns]
    names = [name for name, _ in columns]
    definition = load_definition({"fields": fields, "references": {"fields": names, "in": place}})
    return definition.references[0].wanted


@pytest.fixture
def reader(store: ObjectStore) -> ReferenceReader:
    return ReferenceReader(store, LIMITS)


def as_parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"code": ["A", "B", "A", None], "number": [1, 2, 1, 3]}), sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("stations.csv", STATIONS.encode()),
        ("stations.csv.gz", gzip.compress(STATIONS.encode(), mtime=0)),
        ("stations.jsonl", b'{"code": "A", "number": 1}\n{"code": "B", "number": 2}\n{"number": 3}\n'),
        ("a b/stätions.parquet", as_parquet()),
    ],
)
def test_keys_are_read_from_objects_of_every_format(
    s3: S3Client, bucket: str, reader: ReferenceReader, key: str, body: bytes
) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    place = f"s3://{bucket}/{key}"
    assert len(reader(wanted(place, ("code", "string")))) == 2
    assert len(reader(wanted(place, ("number", "integer")))) == 3
    assert len(reader(wanted(place, ("number", "integer"), ("code", "string")))) == 2


def test_a_file_of_many_parts_is_read_whole(s3: S3Client, bucket: str, reader: ReferenceReader) -> None:
    rows = "".join(f'"line\n{at}",{at}\n' for at in range(20_000))
    s3.put_object(Bucket=bucket, Key="many.csv", Body=f"code,number\n{rows}".encode())
    assert len(reader(wanted(f"s3://{bucket}/many.csv", ("code", "string")))) == 20_000


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("s3://{bucket}/none.csv", "none.csv"),
        ("s3://{bucket}/empty.csv", "empty"),
        ("s3://{bucket}/broken.csv", "it has rows that cannot be parsed"),
        ("s3://{bucket}/other.csv", "it has no column code"),
        ("s3://elsewhere/stations.csv", "bucket elsewhere is not among ALLOWED_BUCKETS"),
        ("file:///etc/passwd", "files of a machine are read by check_file alone"),
        ("table:public.stations", "schema public is not among REFERENCE_SCHEMAS"),
        ("table:open.stations", "there is no database here"),
    ],
)
def test_what_cannot_be_read_says_why(
    s3: S3Client, bucket: str, reader: ReferenceReader, place: str, said: str
) -> None:
    s3.put_object(Bucket=bucket, Key="empty.csv", Body=b"")
    s3.put_object(Bucket=bucket, Key="broken.csv", Body=b"code,number\nA,1\nB\n")
    s3.put_object(Bucket=bucket, Key="other.csv", Body=b"id\n1\n")
    careful = replace(reader, allowed_buckets=frozenset({bucket}), schemas=frozenset({"open"}))
    with pytest.raises(PipelineError, match=said):
        careful(wanted(place.format(bucket=bucket), ("code", "string")))


@pytest.fixture
def stations(database_url: str) -> str:
    """A database with a table in a schema that is open, and one in another."""
    admin = admin_engine(database_url)
    with admin.connect() as connection:
        connection.exec_driver_sql(
            """CREATE SCHEMA open; CREATE SCHEMA closed;
            CREATE TABLE open."st:ati""ons" (code text, "Num ber" bigint, fare numeric(10, 2), on_day date,
                                             at timestamptz, active boolean);
            INSERT INTO open."st:ati""ons" VALUES
                ('A', 1, 1.10, '2026-01-31', '2026-01-31 12:00:00.5+01', true), ('', 2, -0.01, NULL, NULL, false),
                (NULL, NULL, NULL, NULL, NULL, NULL), ('A', 1, 1.1, '2026-01-31', '2026-01-31 11:00:00.5+00', true);
            CREATE VIEW open.seen AS SELECT code FROM open."st:ati""ons";
            CREATE TABLE closed.secrets (code text);"""
        )
    admin.dispose()
    return database_url


@pytest.mark.parametrize(
    ("column", "kind", "here"),
    [
        ("code", "string", ["A", "Z"]),
        ("Num ber", "integer", ["01", "3"]),
        ("Num ber", "number", ["1.0", "3"]),
        ("fare", "decimal", ["1.1", "1.11"]),
        ("on_day", "date", ["2026-01-31", "2026-02-01"]),
        ("at", "datetime", ["2026-01-31T11:00:00.5Z", "2026-01-31T11:00:00Z"]),
        ("active", "boolean", ["TRUE"]),
    ],
)
def test_tables_hold_keys_of_every_type(
    stations: str, reader: ReferenceReader, tmp_path: Path, column: str, kind: str, here: list[str]
) -> None:
    reads = replace(reader, schemas=frozenset({"open"}), database=lambda: engine)
    engine = connect(stations)
    rule = {"fields": ["f"], "in": 'table:open.st:ati"ons', "on": [column]}
    definition = {"fields": [{"name": "f", "type": kind}], "references": rule}
    verdict = judged(tmp_path, "\n".join(["f", *here, ""]), definition, read_keys=reads)
    engine.dispose()
    failed = {one["rule"]: (one["failed"], one["checked"]) for one in verdict.verdict.failed_validation_rules}
    assert failed == ({"references": (1, 2)} if len(here) == 2 else {})


def test_tables_are_named_within_the_schemas_that_are_open_and_never_as_sql(
    stations: str, reader: ReferenceReader
) -> None:
    engine = connect(stations)
    reads = replace(reader, schemas=frozenset({"open"}), database=lambda: engine)
    assert len(reads(wanted("table:open.seen", ("code", "string")))) == 2
    for place, said in {
        "table:closed.secrets": "schema closed is not among REFERENCE_SCHEMAS",
        "table:open.none": "there is no such table or view",
        "table:open.seen; DROP TABLE closed": "there is no such table or view",
    }.items():
        with pytest.raises(PipelineError, match=said):
            reads(wanted(place, ("code", "string")))
    with pytest.raises(PipelineError, match="it has no column nothing"):
        reads(wanted("table:open.seen", ("nothing", "string")))
    engine.dispose()


def test_tables_of_the_lake_hold_keys_whatever_their_columns_are_called(
    tmp_path: Path, reader: ReferenceReader
) -> None:
    def silver(table: str, names: tuple[str, ...]) -> pa.RecordBatchReader:
        return columns_of(lake_table(str(tmp_path), "silver", table), names)

    columns = {"code": pa.array(["A", "B", "A", None]), "Num `ber": pa.array([1, 2, 1, 3], pa.int64())}
    schema = new_schema({name: column.type for name, column in columns.items()})
    folder = lake_table(str(tmp_path), "silver", "stations")
    replace_runs(folder, schema, [written(folder, run_part(), 1, [batch(columns)], schema)], identity())
    reads = replace(reader, silver=silver)
    assert len(reads(wanted("silver:stations", ("code", "string")))) == 2
    assert len(reads(wanted("silver:stations", ("Num `ber", "integer"), ("code", "string")))) == 2
    for one, said in {
        wanted("silver:none", ("code", "string")): "there is no table .*silver/none",
        wanted("silver:stations", ("no", "string")): "has no column no; it has _agency_slug, .*code",
    }.items():
        with pytest.raises(PipelineError, match=said):
            reads(one)
    with pytest.raises(PipelineError, match="there is no lake here"):
        reader(wanted("silver:stations", ("code", "string")))


def judged(folder: Path, text: str, definition: dict[str, Any], **how: Any) -> FileVerdict:  # noqa: ANN401 - passed on
    """The verdict on a CSV file of this text."""
    from etl_core.objects.store import ObjectStore  # noqa: PLC0415

    path = folder / "file.csv"
    path.write_text(text, encoding="utf-8")
    store = ObjectStore()
    source = SourceObject(0, store.peek(None, str(path)), load_definition(definition), isolated="spark" in how)
    found = judge_sources([source], store=store, limits=LIMITS, **how)[0]
    assert isinstance(found, FileVerdict), found
    return found


def definition_of(place: str, **more: object) -> dict[str, Any]:
    fields = [{"name": "station"}, {"name": "n", "type": "integer"}]
    rules = [{"rule": "small", "expression": "n < 19997 or station = 'A'"}]
    return {"fields": fields, "rows": rules, "references": {"fields": "station", "in": place, "on": "code", **more}}


def large_file() -> str:
    return "station,n\n" + "".join(f"{'ABC'[at % 3] if at % 7 else ''},{at}\n" for at in range(20_000))


def test_a_reference_that_cannot_be_read_leaves_the_rule_unanswered_and_the_file_does_not_pass(
    tmp_path: Path, reader: ReferenceReader
) -> None:
    verdict = judged(tmp_path, "station,n\nA,1\n", definition_of("s3://no-such-bucket/x.csv"), read_keys=reader).verdict
    details = verdict.metrics["boundsRange"]["details"]
    assert "references of station is not checked: s3://no-such-bucket/x.csv cannot be read: " in details
    assert (verdict.score, verdict.passed, verdict.metrics["boundsRange"]["rulesNotRun"]) == (100, False, 1)
    assert "critical rules could not run (references of station)" in str(verdict.failed_validation_message)


def test_a_sensitive_key_is_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "ref.csv").write_text("code\nA\n")
    definition = definition_of(f"file://{tmp_path}/ref.csv")
    definition["fields"][0]["sensitive"] = True
    from etl_core.objects.store import ObjectStore  # noqa: PLC0415

    found = judged(tmp_path, "station,n\nsecret-x,1\n", definition,
                   read_keys=ReferenceReader(ObjectStore(), LIMITS, own_files=True))  # fmt: skip
    assert [one["rule"] for one in found.verdict.failed_validation_rules] == ["references"]
    assert "secret-x" not in str(found.verdict)


@pytest.mark.parametrize("reads_by", ["direct", "spark"])
def test_all_lanes_say_the_same(spark: SparkSession, tmp_path: Path, reads_by: str) -> None:
    from etl_core.objects.store import ObjectStore  # noqa: PLC0415

    (tmp_path / "ref.csv").write_text("code\nA\nB\nB\n" + "".join(f"D{number}\n" for number in range(500)))
    reads = ReferenceReader(ObjectStore(), LIMITS, own_files=True)
    on_disk = replace(reads, most_bytes=1_000)
    definition = definition_of(f"file://{tmp_path}/ref.csv")
    assert len(on_disk(load_definition(definition).references[0].wanted).runs) > 1
    here = judged(tmp_path, large_file(), definition, read_keys=reads).verdict
    there = judged(tmp_path, large_file(), definition, read_keys=on_disk, spark=spark, reader=reads_by).verdict
    assert here.failed_validation_rules is not None
    failed = {one["rule"]: (one["failed"], one["checked"]) for one in here.failed_validation_rules}
    missing = sum(at % 3 == 2 and at % 7 != 0 for at in range(20_000))
    assert failed["references"] == (missing, sum(at % 7 != 0 for at in range(20_000)))
    assert failed["small"] == (1, 19_999)
    assert (there.score, there.deductions, there.passed) == (here.score, here.deductions, here.passed)
    assert [{**one, "examples": 0} for one in there.failed_validation_rules] == [
        {**one, "examples": 0} for one in here.failed_validation_rules
    ]


def test_keys_are_read_once_for_all_files_of_a_batch(tmp_path: Path) -> None:
    from etl_core.objects.store import ObjectStore  # noqa: PLC0415

    (tmp_path / "ref.csv").write_text("code\nA\n")
    store, asked = ObjectStore(), []
    reads = ReferenceReader(store, LIMITS, own_files=True)

    def read(one: WantedKeys) -> Any:  # noqa: ANN401
        asked.append(one.source)
        return reads(one)

    sources = []
    for number in range(20):
        path = tmp_path / f"{number}.csv"
        path.write_text(f"station,n\n{'AB'[number % 2]},1\n")
        severity = "error" if number % 3 else "critical"
        definition = load_definition(definition_of(f"file://{tmp_path}/ref.csv", severity=severity))
        sources.append(SourceObject(number, store.peek(None, str(path)), definition))
    judge: Callable[..., Any] = judge_sources
    found = judge(sources, store=store, read_keys=read)
    assert asked == [f"file://{tmp_path}/ref.csv"]
    assert [found[at].verdict.score for at in range(4)] == [100, 92, 100, 92]
