"""`python -m tests.bench.scale`: counts of a real run, from which `docs/scale.md` goes on to a thousand times as much.

One object of about 1/1000 TB in real splits, the same bytes cut into a thousand parts (the tree of
merges), and a batch of 1,000 small objects; each counted by Spark's event log, the log of requests of
the local S3 and the size of what the driver hands out.
"""

from __future__ import annotations

import argparse
import json
import logging
import pickle
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from dq.definitions import load_definition
from dq.engine.assignment import Assignment
from dq.engine.byte_ranges.bundles import bundled, packed
from dq.engine.parts import FileTask
from dq.engine.planning import plan_file
from dq.engine.profile_files import judge_sources
from dq.engine.source_file import SourceObject, UnseenObject
from dq.formats.limits import Limits
from etl_core.errors import PipelineError
from etl_core.objects.store import PEEK_BYTES, ObjectStore, S3Access
from etl_core.spark.session import build_session
from tests.bench.contestant import ROOT
from tests.bench.inputs import TRIP_DEFINITION, TRIP_FIELDS, Inputs
from tests.bench.object_server import ObjectServer, object_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyspark.sql import SparkSession

    from dq.engine.source_file import Source
    from dq.schema.definition import SchemaDefinition

_BUCKET = "scale"
_OBJECT_ROWS = 500


@dataclass
class Counts:
    """What one run took. Bytes and counts of everything; `handed_out` and `results` pass through the driver."""

    name: str
    objects: int = 0
    bytes: int = 0
    parts: int = 0
    handed_out: int = 0
    jobs: int = 0
    tasks: list[int] = field(default_factory=list)
    shuffled: int = 0
    shuffled_records: int = 0
    results: int = 0
    requests: int | None = None


def main() -> int:
    """Run and print a line of JSON for each case."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000, help="rows of the one object, about 150 bytes each")
    parser.add_argument("--parts", type=int, default=1_000, help="parts of the tree of merges")
    parser.add_argument("--objects", type=int, default=1_000, help="small objects of the batch")
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench", help="inputs and tools (default: .bench)")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dq-scale-")))
        server = stack.enter_context(object_server(folder / "objects", arguments.folder / "tools"))
        (folder / "events").mkdir()
        runner = Runner(server, _session(server, folder / "events"))
        stack.callback(runner.session.stop)
        counts = list(_cases(runner, Inputs(arguments.folder / "inputs"), arguments))
        runner.session.stop()
        add_events(counts, folder / "events")
    for one in counts:
        sys.stdout.write(json.dumps(vars(one)) + "\n")
    return 0


def _cases(runner: Runner, inputs: Inputs, arguments: argparse.Namespace) -> Iterator[Counts]:
    path = inputs.trips_csv(arguments.rows)
    runner.put("large.csv", path.read_bytes())
    yield runner.run("one object", ["large.csv"], Limits())
    small = inputs.trips_csv(max(arguments.rows // 25, 1_000))
    runner.put("tree.csv", small.read_bytes())
    yield runner.run("a tree of merges", ["tree.csv"], Limits(split=max(small.stat().st_size // arguments.parts, 1)))
    keys = [f"small-{number:04}.csv" for number in range(arguments.objects)]
    for number, key in enumerate(keys):
        runner.put(key, inputs.small_csv(number, _OBJECT_ROWS))
    yield runner.run("small objects", keys, Limits())


class Runner:
    """Runs cases on one session and one local S3."""

    def __init__(self, server: ObjectServer, session: SparkSession) -> None:
        self.session = session
        self._server = server
        address = server.address
        self._store = ObjectStore(S3Access(address.endpoint, address.region, address.access_key, address.secret_key))
        self._client = server.client()
        self._client.create_bucket(Bucket=_BUCKET)
        self._sizes: dict[str, int] = {}

    def put(self, key: str, body: bytes) -> None:
        """Upload an object."""
        self._client.put_object(Bucket=_BUCKET, Key=key, Body=body)
        self._sizes[key] = len(body)

    def run(self, name: str, keys: list[str], limits: Limits) -> Counts:
        """Profile these objects as one batch."""
        definition = load_definition({**TRIP_DEFINITION, "fields": [dict(one) for one in TRIP_FIELDS]})
        self.session.sparkContext.setJobGroup(name, name)
        before = self._server.request_count()
        sources = [self._source(number, key, definition) for number, key in enumerate(keys)]
        found = judge_sources(sources, store=self._store, spark=self.session, limits=limits, keep_states=True)
        for one in found.values():
            if isinstance(one, PipelineError):
                raise one
        after = self._server.request_count()
        unseen = [source for source in sources if isinstance(source, UnseenObject)]
        seen = [source for source in sources if isinstance(source, SourceObject)]
        tasks = [
            task for source in seen if isinstance(task := plan_file(source, Assignment(self._store, limits)), FileTask)
        ]
        cores = self.session.sparkContext.defaultParallelism
        bundles: list[Any] = packed(tasks, limits, cores) if tasks else []
        bundles += bundled(unseen, [source.size for source in unseen], limits, cores) if unseen else []
        return Counts(
            name,
            objects=len(keys),
            bytes=sum(source.size for source in sources),
            parts=sum(len(task.splits) for task in tasks) + len(unseen),
            handed_out=sum(len(pickle.dumps(bundle)) for bundle in bundles),
            requests=None if before is None or after is None else after - before,
        )

    def _source(self, number: int, key: str, definition: SchemaDefinition) -> Source:
        """Give an object as a batch does: looked at here unless it is announced as small."""
        size = self._sizes[key]
        if size <= PEEK_BYTES:
            return UnseenObject(number, _BUCKET, key, None, size, definition)
        return SourceObject(number, self._store.peek(_BUCKET, key), definition)


def add_events(counts: list[Counts], folder: Path) -> None:
    """Add what Spark's event log tells, by the name of the job group."""
    by_name = {one.name: one for one in counts}
    groups: dict[int, str] = {}
    tasks: dict[int, int] = defaultdict(int)
    for event in _events(folder):
        match event["Event"]:
            case "SparkListenerJobStart":
                name = event["Properties"].get("spark.jobGroup.id", "")
                groups.update(dict.fromkeys(event["Stage IDs"], name))
                if name in by_name:
                    by_name[name].jobs += 1
            case "SparkListenerTaskEnd" if groups.get(event["Stage ID"]) in by_name:
                one, metrics = by_name[groups[event["Stage ID"]]], event["Task Metrics"]
                tasks[event["Stage ID"]] += 1
                one.results += metrics["Result Size"]
                one.shuffled += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"]
                one.shuffled_records += metrics["Shuffle Write Metrics"]["Shuffle Records Written"]
    for stage in sorted(tasks):
        by_name[groups[stage]].tasks.append(tasks[stage])


def _events(folder: Path) -> Iterator[Mapping[str, Any]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(("appstatus", ".")):
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    yield json.loads(line)


def _session(server: ObjectServer, events: Path) -> SparkSession:
    address = server.address
    return build_session(
        master="local[2]",
        s3_endpoint=address.endpoint,
        s3_region=address.region,
        s3_access_key=address.access_key,
        s3_secret_key=address.secret_key,
        options={
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": events.as_uri(),
            "spark.eventLog.compress": "false",
        },
    )


if __name__ == "__main__":
    sys.exit(main())
