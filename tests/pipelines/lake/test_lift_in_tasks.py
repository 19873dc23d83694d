"""Objects lifted by Spark's tasks, in parts or whole, give the rows of those lifted in this process, to the line."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyarrow import parquet

from dq import FieldDefinition, FieldType
from dq.definitions import load_definition
from dq.engine.halving import BroughtDownError
from dq.formats.limits import Limits
from dq.profiling.row_rules.reference_keys import ReferenceKeys
from dq.references.run_on_disk import run_on_disk
from dq.rows.referred.reference_frames import keys_of_frame
from dq.silver_due import DueObject
from etl_core.errors import PipelineError
from pipelines.lake.files.table_folder import lake_table
from pipelines.lake.lifting.lake_tables import LakeTables
from pipelines.lake.lifting.lift_part import Lifted, Lifting, lift_whole
from pipelines.lake.lifting.lifted_rows import QUARANTINE_COLUMNS
from pipelines.lake.lifting.plan_objects import plan_objects
from pipelines.lake.lifting.references import Referred
from pipelines.lake.lifting.silver_plan import read_silver_plan
from pipelines.lake.run_part import RunRows
from pipelines.lake.schema.drift import drift
from pipelines.lake.schema.table_schema import new_schema
from pipelines.lake.spark.lift_in_tasks import lift_in_tasks
from pipelines.lake.tables.replace_runs import replace_runs
from pipelines.transforms.enriched.enrichment import Enrichment, TakenColumn
from pipelines.transforms.enriched.partners import Partners
from tests.engine.faulty_store import FaultyStore
from tests.pipelines.lake.lake_tables import DAY, identity

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

#: Parts of some kilobytes.
LIMITS = Limits(split=4_000, block=1_500)
ROWS = 800
DEFINITION = load_definition(
    {
        "fields": [
            {"name": "id", "type": "integer", "required": True, "unique": True},
            {"name": "fare", "type": "number", "max": {"value": 90, "threshold": 0.2}},
            {"name": "code", "type": "string", "pattern": "[A-Z]+", "unique": True},
            {"name": "note", "type": "string"},
        ],
        "silver": {"normalize": {"code": ["trim", "upper"]}},
        "references": {"fields": "id", "in": "s3://ref/ids.csv", "severity": "warning"},
    }
)
#: Every third id is not there; keys on disk, as those of a large reference are.
KNOWN = ReferenceKeys(
    tuple(
        run_on_disk(run)
        for start in (0, 400)
        for run in keys_of_frame(
            pa.table({"id": [at for at in range(start, start + 400) if at % 3]}), DEFINITION.references[0].wanted
        ).runs
    )
)
#: Every seventh id has no partner.
PARTNERS = Partners.of(
    Enrichment(
        "s3://ref/names.csv", (("id", FieldDefinition("id", FieldType.INTEGER)),), (TakenColumn("name", "name"),)
    ),
    pa.table({"id": [at for at in range(800) if at % 7], "name": [f"n{at}" for at in range(800) if at % 7]}),
)


def csv_text(rows: int = ROWS, note: str = "two\nlines") -> bytes:
    """Quoted line breaks, rows that are none, ids and mended codes that repeat rows of other parts."""
    lines = ["id,fare,code,note"]
    for at in range(rows):
        id_ = at % 777
        code = "".join(chr(97 + int(digit)) for digit in str(at % 790))
        lines.append(f'{id_},{at % 100},{code if at % 3 else f" {code} "},"{note}, {at}"')
        lines += ["", "too,few"] if at % 97 == 0 else []
    return "\n".join(lines).encode() + b"\n"


def written_files(folder: Path) -> list[str]:
    text = csv_text()
    (folder / "large.csv").write_bytes(text)
    (folder / "crlf.csv").write_bytes(text.replace(b"\n", b"\r\n"))
    (folder / "large.csv.gz").write_bytes(gzip.compress(text))
    codes = [chr(65 + at % 26) * (at % 30 + 1) for at in range(ROWS)]
    lines = [f'{{"id": {at % 700}, "fare": {at % 100}, "code": "{code}"}}\n' for at, code in enumerate(codes)]
    (folder / "lines.jsonl").write_text("".join([*lines, "no object\n"]))
    table = pa.table({"id": [at % 750 for at in range(ROWS)], "fare": [1.5] * ROWS, "code": ["a"] * ROWS})
    parquet.write_table(table, folder / "groups.parquet", row_group_size=100)
    return sorted(path.name for path in folder.iterdir())


def planned(folder: Path, names: list[str], tables: LakeTables, limits: Limits = LIMITS) -> dict[int, Lifting]:
    due = [
        DueObject(at, None, str(folder / name), None, None, "tenant-a", "trips", DAY, at, 100, True, None)  # type: ignore[arg-type]  # noqa: FBT003 - a verdict
        for at, name in enumerate(names)
    ]
    plan = read_silver_plan(DEFINITION, "trips")
    referred = Referred({DEFINITION.references[0].wanted: KNOWN}, (PARTNERS,))
    objects = plan_objects([(one, DEFINITION, plan, referred) for one in due], FaultyStore(), limits)
    schema, found = tables.silver_schema, {}
    for at, one in enumerate(objects):
        assert not isinstance(one, PipelineError)
        schema = drift(schema, one.how.column_types(), "evolve").schema
        found[at] = Lifting(one.wanted, one.how, tables, f"try-{at}")
    return {at: replace(one, tables=replace(tables, silver_schema=schema)) for at, one in found.items()}


def tables_in(root: Path) -> LakeTables:
    silver, quarantine = lake_table(str(root), "silver", "trips"), lake_table(str(root), "quarantine", "trips")
    return LakeTables(silver, new_schema({}), quarantine, new_schema(QUARANTINE_COLUMNS))


def committed(liftings: dict[int, Lifting], lifted: dict[int, Lifted | PipelineError]) -> list[list[dict[str, Any]]]:
    """What the two tables hold afterwards, in the order of objects and lines."""
    tables = liftings[0].tables
    rows = [(at, done) for at, done in lifted.items() if isinstance(done, Lifted)]
    replace_runs(tables.silver, tables.silver_schema, [RunRows(one.run, 1, one.silver) for _, one in rows], identity())
    put_aside = [RunRows(one.run, 1, one.quarantine) for _, one in rows]
    replace_runs(tables.quarantine, tables.quarantine_schema, put_aside, identity())
    return [
        sorted(
            DeltaTable(folder.uri).to_pyarrow_table().to_pylist(),
            key=lambda row: (row["_object_id"], row["_line"] or 0, row.get("_text") or ""),
        )
        for folder in (tables.silver, tables.quarantine)
    ]


def counts(done: Lifted | PipelineError) -> tuple[int, ...]:
    assert isinstance(done, Lifted), done
    names = ("read", "silver", "quarantined", "malformed", "healed", "unmatched")
    return tuple(getattr(done, f"rows_{name}") for name in names)


def test_parts_lifted_by_tasks_give_the_tables_of_whole_objects(tmp_path: Path, spark: SparkSession) -> None:
    landed = tmp_path / "landed"
    landed.mkdir()
    names = written_files(landed)
    here = planned(landed, names, tables_in(tmp_path / "here"))
    there = planned(landed, names, tables_in(tmp_path / "there"))
    assert {names[at]: len(one.wanted.rows.parts) > 2 for at, one in there.items()} == {
        name: not name.endswith(".gz") for name in names
    }
    whole = {at: lift_whole(one) for at, one in here.items()}
    in_parts = lift_in_tasks(spark, there, LIMITS)
    assert {names[at]: counts(one) for at, one in in_parts.items()} == {
        names[at]: counts(one) for at, one in whole.items()
    }
    read, silver, quarantined, malformed, healed, _ = counts(in_parts[names.index("large.csv")])
    assert (read, malformed) == (ROWS + 9, 9)
    assert quarantined == ROWS - 777
    assert silver > 0 < healed
    rows = committed(there, in_parts)
    assert rows == committed(here, dict(whole))
    told = [any(one["rule"] == "references" for one in row["_findings"] or ()) for row in rows[0] if row["_object_id"]]
    assert 0 < sum(told) < len(told)


def test_an_object_that_kills_its_worker_costs_its_neighbours_nothing(tmp_path: Path, spark: SparkSession) -> None:
    landed = tmp_path / "landed"
    landed.mkdir()
    for name in ("a.csv", "b.csv", "gone.csv", "poison.csv"):
        (landed / name).write_bytes(csv_text(6_000))  # more than the first look takes in
    names = sorted(path.name for path in landed.iterdir())
    liftings = planned(landed, names, tables_in(tmp_path / "lake"), Limits(split=100_000))
    done = lift_in_tasks(spark, liftings, LIMITS)
    ended = {names[at]: type(one) for at, one in done.items()}
    assert ended["a.csv"] is ended["b.csv"] is Lifted
    assert ended["poison.csv"] is BroughtDownError
    assert issubclass(ended["gone.csv"], PipelineError)


@pytest.mark.parametrize("unique", [True, False])
def test_no_more_jobs_of_spark_are_run_for_more_objects(tmp_path: Path, spark: SparkSession, *, unique: bool) -> None:
    """One that counts lines or keys, one that lifts."""
    landed = tmp_path / "landed"
    landed.mkdir()
    for number in range(3):
        (landed / f"{number}.csv").write_bytes(csv_text(note="one line"))
    liftings = planned(landed, sorted(path.name for path in landed.iterdir()), tables_in(tmp_path / "lake"))
    liftings = {at: replace(one, wanted=replace(one.wanted, unique=unique)) for at, one in liftings.items()}
    context = spark.sparkContext
    context.setJobGroup(f"lifting {unique}", "counted")
    done = lift_in_tasks(spark, liftings, replace(LIMITS, split=1 << 20))
    assert all(isinstance(one, Lifted) for one in done.values())
    assert len(context.statusTracker().getJobIdsForGroup(f"lifting {unique}")) == 2
