"""Records of an application: landed and accounted for, or only asked for and parsed in a loop."""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import structlog

from dq.events.object_event import ObjectEvent
from dq.ledger.own_rows import announce
from etl_core.objects.store import ObjectStore, S3Access
from etl_core.postgres.database import connect
from etl_core.postgres.embedded import embedded_postgres
from jobs.running.database import migrate_all
from pipelines.api_ingestion.account.database_account import DatabaseAccount
from pipelines.api_ingestion.doors import ApiDoors
from pipelines.api_ingestion.http.client import ApiClient, Passing
from pipelines.api_ingestion.http.connections import Connections
from pipelines.api_ingestion.ingest import Asked, ingest_endpoint
from pipelines.api_ingestion.landing.landing_bucket import LandingBucket
from pipelines.api_ingestion.source.api_source import ApiSource
from tests.bench.contestant import Work, our_python, serve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection, Engine

    from etl_core.objects.store import ObjectHead


def main() -> None:
    """Start the servers and answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, required=True)
    records = parser.parse_args().records
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with ExitStack() as own:
        serve(partial(_prepare, own, records))


def _prepare(own: ExitStack, records: int) -> Mapping[str, Work]:
    place = Path(own.enter_context(tempfile.TemporaryDirectory(prefix="dq-")))
    server = own.enter_context(embedded_postgres(place / "postgres"))
    process = subprocess.Popen(
        our_python("api_server", "--records", str(records)), stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    own.callback(process.wait)
    own.callback(process.kill)
    assert process.stdout is not None
    places: dict[str, str] = json.loads(process.stdout.readline())
    database = connect(server.dsn)
    migrate_all(database)
    return {"plain": partial(_plain, places, records), "ingest": partial(_ingest, places, database, records)}


def _plain(places: Mapping[str, str], records: int) -> Mapping[str, Any]:
    """Ask and parse, page by page, over one connection."""
    count, cursor = 0, "0"
    with requests.Session() as session:
        while cursor is not None:
            page = session.get(f"{places['api']}/employees", params={"cursor": cursor}, timeout=60).json()
            count += len(page["data"]["items"])
            cursor = page["meta"]["next"]
    assert count == records
    return {"records": count}


def _ingest(places: Mapping[str, str], database: Engine, records: int) -> Mapping[str, Any]:
    """Read all, as the job does, into a source of its own."""
    name = f"hr{uuid.uuid4().hex[:8]}"
    source = ApiSource.model_validate(
        {
            "source": name,
            "base_url": places["api"],
            "allow_private": True,
            "rate_limit": {"requests": 1_000_000, "per": "1s"},
            "endpoints": {
                "employees": {
                    "path": "/employees",
                    "records": "data.items",
                    "pagination": {"cursor": "meta.next", "param": "cursor"},
                    "incremental": {"field": "updated_at", "param": "since", "lookback": "2m"},
                    "primary_key": ["id"],
                    "land": {"agency": name, "file": "employees"},
                }
            },
        }
    )
    connections, pool = Connections(source.limits, allow_private=True), ThreadPoolExecutor(2)
    time = Passing(lambda: datetime.now(timezone.utc), _passed, lambda _seconds: None, lambda: 0.5)
    store = ObjectStore(S3Access(places["s3"], "us-east-1", "k", "s"))
    doors = ApiDoors(
        source,
        ApiClient(source, connections, {}, time),
        DatabaseAccount(database, "landing", _announce, lambda *_: None),
        LandingBucket(store, "landing"),
        time,
        "bench",
        ahead=lambda ask: pool.submit(ask).result,
    )
    outcome = ingest_endpoint(doors, "employees", Asked())
    connections.close()
    pool.shutdown()
    assert outcome.counted.landed == records, outcome
    return {"records": records}


def _passed() -> float:
    return datetime.now(timezone.utc).timestamp()


def _announce(connection: Connection, head: ObjectHead, now: datetime) -> int:
    event = ObjectEvent(str(head.bucket), head.key, head.version_id, head.etag, head.size, None, now, "api")
    return next(iter(announce(connection, [event], now, force=False, run_window="key").ids))


if __name__ == "__main__":
    main()
