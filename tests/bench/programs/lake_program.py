"""Rows of a file to Delta tables: our lifting to silver and quarantine, and what Spark does with the same file."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
import uuid
from datetime import date, datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dq.definitions import load_definition
from dq.formats.limits import Limits
from dq.silver_due import DueObject
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore
from etl_core.spark.profiles import TABLES
from etl_core.spark.session import build_session
from pipelines.lake.files.table_folder import lake_table
from pipelines.lake.files.writing import write_rows
from pipelines.lake.lifting.lake_tables import LakeTables
from pipelines.lake.lifting.lift_part import Lifted, Lifting
from pipelines.lake.lifting.lifted_rows import QUARANTINE_COLUMNS
from pipelines.lake.lifting.plan_objects import plan_objects
from pipelines.lake.lifting.references import Referred
from pipelines.lake.lifting.silver_plan import read_silver_plan
from pipelines.lake.run_part import RunPart, RunRows
from pipelines.lake.schema.drift import drift
from pipelines.lake.schema.system_columns import LINE
from pipelines.lake.schema.table_schema import new_schema
from pipelines.lake.spark.lift_in_tasks import lift_in_tasks
from pipelines.lake.tables.replace_runs import CommitIdentity, replace_runs
from tests.bench.contestant import Work, serve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

_DAY = date(2026, 1, 4)
#: How Spark calls the types of a definition.
_SPARKS = {"integer": "bigint", "number": "double", "datetime": "timestamp", "date": "date", "boolean": "boolean"}
_COMMITS = 10


def main() -> None:
    """Start the session and answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--master", default="local[2]")
    arguments = parser.parse_args()
    serve(partial(_prepare, arguments.master))


def _prepare(master: str) -> Mapping[str, Work]:
    work = LakeWork(build_session(profile=TABLES, master=master))
    return {"delta": work.delta, "lift": work.lift, "commit": work.commit}


class LakeWork:
    """What is measured on one session; every run has a lake of its own, which is deleted after it."""

    def __init__(self, session: SparkSession) -> None:
        self._session = session

    def delta(self, path: str, definition: Mapping[str, Any]) -> None:
        """Spark reads the file with the declared types and writes one Delta table."""
        fields = definition["fields"]
        schema = ", ".join(f"`{one['name']}` {_SPARKS.get(one['type'], 'string')}" for one in fields)
        with tempfile.TemporaryDirectory() as folder:
            frame = self._session.read.schema(schema).csv(path, header=True)
            frame.write.format("delta").save(f"{folder}/table")

    def lift(self, path: str, definition: Mapping[str, Any], *, unique: bool) -> Mapping[str, Any]:
        """Rows to silver and quarantine, one commit each; `unique` as a verdict says it. Tells the rows."""
        known = load_definition({**definition, "fields": list(definition["fields"])})
        due = DueObject(
            object_id=1,
            bucket=None,  # type: ignore[arg-type]  # a file of this machine
            key=path,
            version_id=None,
            etag=None,
            agency_slug="tenant-a",
            file_name="trips",
            run_date=_DAY,
            run_hour=12,
            score=100,
            passed=True,
            fingerprint=known.fingerprint,
            keys_unique=unique,
        )
        planned = plan_objects([(due, known, read_silver_plan(known, "trips"), Referred())], ObjectStore(), Limits())[0]
        if isinstance(planned, PipelineError):
            raise planned
        root = tempfile.mkdtemp()
        try:
            schema = drift(new_schema({}), planned.how.column_types(), "evolve").schema
            put_aside = new_schema(QUARANTINE_COLUMNS)
            silver, quarantine = lake_table(root, "silver", "trips"), lake_table(root, "quarantine", "trips")
            tables = LakeTables(silver, schema, quarantine, put_aside)
            lifting = Lifting(planned.wanted, planned.how, tables, uuid.uuid4().hex)
            done = lift_in_tasks(self._session, {1: lifting}, Limits())[1]
            if not isinstance(done, Lifted):
                raise done
            replace_runs(quarantine, put_aside, [RunRows(done.run, 1, done.quarantine)], _identity())
            replace_runs(silver, schema, [RunRows(done.run, 1, done.silver)], _identity())
            return {"silver": done.rows_silver, "quarantined": done.rows_quarantined}
        finally:
            shutil.rmtree(root)

    def commit(self, runs: int) -> Mapping[str, Any]:
        """Commits of one run each to a table of many; the processor seconds of one are told as its time."""
        root = tempfile.mkdtemp()
        try:
            folder, schema = lake_table(root, "silver", "trips"), new_schema({"id": pa.int64()})
            rows = pa.RecordBatch.from_arrays([pa.array([1]), pa.array([2])], names=["id", LINE])

            def written(number: int, generation: int) -> RunRows:
                run = RunPart("tenant-a", f"trips-{number // 24}", _DAY, number % 24, number)
                return RunRows(run, generation, write_rows(folder, schema, run, [rows], attempt=uuid.uuid4().hex))

            replace_runs(folder, schema, [written(number, 1) for number in range(runs)], _identity())
            again = [written(number, 2) for number in range(_COMMITS)]
            before = time.process_time()
            for one in again:
                replace_runs(folder, schema, [one], _identity())
            return {"seconds": (time.process_time() - before) / _COMMITS}
        finally:
            shutil.rmtree(root)


def _identity() -> CommitIdentity:
    return CommitIdentity(datetime.now(timezone.utc), uuid.uuid4().hex)


if __name__ == "__main__":
    main()
