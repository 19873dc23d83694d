"""Our engine on Spark, and Spark's own bare read: one session, so both find the same warm JVM.

`--as-it-comes` starts a session with none of our settings instead: its bare read is what anybody's Spark takes.
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from pyspark.sql import SparkSession

from dq import check_frame, split_rows
from dq.engine.profile_files import profile_files
from dq.engine.source_file import SourceObject
from etl_core.objects.store import ObjectStore
from etl_core.spark.session import build_session
from tests.bench.contestant import Work, serve
from tests.bench.programs.scoring import scored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dq.profiling.summary.summary import FileSummary
    from etl_core.errors import PipelineError


def main() -> None:
    """Start the session and answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--as-it-comes", action="store_true")
    arguments = parser.parse_args()

    def prepare() -> Mapping[str, Work]:
        plain = SparkSession.builder.master(arguments.master)
        work = SparkWork(plain.getOrCreate() if arguments.as_it_comes else build_session(master=arguments.master))
        return {"noop": work.noop, "score": work.score, "check_frame": work.check_frame, "split": work.split}

    serve(prepare)


class SparkWork:
    """What is measured on one session."""

    def __init__(self, session: SparkSession) -> None:
        self._session = session
        self._runs = 0

    def noop(self, path: str, kind: str, columns: list[str]) -> None:
        """Read every cell and drop it: text columns for CSV and JSON, the file's own types for Parquet."""
        reader = self._session.read
        if kind != "parquet":
            reader = reader.schema(", ".join(f"`{name}` string" for name in columns))
        options: dict[str, Any] = {"header": True} if kind == "csv" else {}
        reader.format(kind).options(**options).load(path).write.format("noop").mode("overwrite").save()

    def score(self, path: str, definition: Mapping[str, Any], reader: str) -> Mapping[str, Any]:
        """Read, check and profile one file up to its verdict; tells score, rows and the number of Spark jobs."""
        context = self._session.sparkContext
        self._runs += 1
        group = f"run {self._runs}"
        context.setJobGroup(group, "measured")
        store = ObjectStore()

        def profile(sources: list[SourceObject]) -> Mapping[int, FileSummary | PipelineError]:
            return profile_files(sources, store=store, spark=self._session, reader=reader)

        told = scored(path, definition, store, profile)
        return {**told, "jobs": len(context.statusTracker().getJobIdsForGroup(group))}

    def check_frame(self, path: str, definition: Mapping[str, Any], condition: str | None) -> Mapping[str, Any]:
        """Judge the DataFrame that Spark reads from a Parquet file, or its rows that fulfil a condition."""
        frame = self._session.read.parquet(path)
        verdict = check_frame(frame if condition is None else frame.where(condition), dict(definition))
        return {"score": verdict.score, "payload_bytes": len(json.dumps(verdict.profile_payload))}

    def split(self, path: str, definition: Mapping[str, Any]) -> Mapping[str, Any]:
        """Split that DataFrame into good rows and bad ones, and compute every cell of both."""
        passed, failed = split_rows(self._session.read.parquet(path), dict(definition))
        for frame in (passed, failed):
            frame.write.format("noop").mode("overwrite").save()
        return {"failed": failed.count()}


if __name__ == "__main__":
    main()
