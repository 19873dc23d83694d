"""Rows from a database to another, both on an embedded Postgres that keeps its rows for the next time."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from datetime import date, datetime, timezone
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv
from sqlalchemy import NullPool, create_engine, make_url, text

from etl_core.postgres.database import Timeouts, connect
from etl_core.shipped_files import shipped_file
from etl_core.spark.jars import present_jars
from etl_core.spark.session import build_session
from jobs.running.database import migrate_all
from pipelines.etl.doors import EtlDoors
from pipelines.etl.flow.read_flow import read_flow
from pipelines.etl.ledger.steps import StepLedger
from pipelines.etl.run_flow import run_day
from tests.bench.contestant import Work, serve
from tests.bench.tuned_postgres import tuned_postgres

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession
    from sqlalchemy.engine import Engine

_DAY = date(2026, 1, 1)
_PARTS = 8
_ORDERS = 5
_FILL = f"""
INSERT INTO users SELECT n, 'user' || n || '@example.com', 'User ' || n, timestamptz '2026-01-01 00:00+00',
    timestamptz '2026-01-01 12:00+00' FROM generate_series(1, %(users)s) AS n;
INSERT INTO orders SELECT n, 1 + n %% %(users)s, (n %% 50000) / 100.0, timestamptz '2026-01-01 13:00+00'
    FROM generate_series(1, {_ORDERS} * %(users)s) AS n;
"""


def main() -> None:
    """Start the servers and answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    with ExitStack() as own:
        serve(partial(_prepare, own, arguments.folder, arguments.users))


def _prepare(own: ExitStack, folder: Path, users: int) -> Mapping[str, Work]:
    # The server's user has to get there.
    place = Path(own.enter_context(tempfile.TemporaryDirectory(prefix="dq-")))
    server = own.enter_context(tuned_postgres(place / "postgres"))
    folder.mkdir(parents=True, exist_ok=True)
    admin = make_url(server.dsn).set(drivername="postgresql+psycopg2")
    engine = create_engine(admin, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for name in ("ledger", "source", "warehouse"):
            connection.execute(text(f"CREATE DATABASE {name}"))
    addresses = {
        name: make_url(server.dsn).set(database=name).render_as_string(hide_password=False)
        for name in ("ledger", "source", "warehouse")
    }
    work = EtlWork(make_session(), addresses, folder, users)
    work.fill()
    return {"plain": work.plain, "flow": work.flow}


def make_session() -> SparkSession:
    """Start Spark as flows have it, with the driver in Java that the peer reads by."""
    jars = ",".join(map(str, present_jars(("s3", "postgres"))))
    return build_session(master="local[2]", options={"spark.jars": jars})


class EtlWork:
    """What is measured on one session and one server; every run begins with an empty table."""

    def __init__(self, session: SparkSession, addresses: Mapping[str, str], folder: Path, users: int) -> None:
        self._session, self._addresses, self._folder, self._users = session, addresses, folder, users
        waits = Timeouts(statement=3600)
        self._engines: dict[str, Engine] = {name: connect(url, timeouts=waits) for name, url in addresses.items()}

    def fill(self) -> None:
        """Make all tables, and the rows of the source."""
        migrate_all(self._engines["ledger"])
        for name in ("source", "warehouse"):
            with self._engines[name].begin() as connection:
                connection.exec_driver_sql(shipped_file(f"sql/etl/{name}.sql").read_text(encoding="utf-8"))
        with self._engines["source"].begin() as connection:
            connection.exec_driver_sql(_FILL, {"users": self._users})
        with self._engines["source"].connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))

    def plain(self) -> Mapping[str, Any]:
        """Spark reads the same query in as many parts; its Parquet files are copied into the table."""
        self._empty()
        flow = read_flow("user_analytics", shipped_file("etl"))
        query = flow.source.query.written.replace(":since", "'2026-01-01Z'").replace(":until", "'2026-01-02Z'")
        scratch = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            frame = self._session.read.format("jdbc").options(
                **_jdbc_address(self._addresses["source"]),
                driver="org.postgresql.Driver",
                dbtable=f"({query}) AS q",
                fetchsize="10000",
                partitionColumn="id",
                lowerBound="1",
                upperBound=str(self._users + 1),
                numPartitions=str(_PARTS),
            )
            frame.load().write.parquet(f"{scratch}/rows")
            return {"rows": self._copy(sorted(scratch.glob("rows/*.parquet")))}
        finally:
            shutil.rmtree(scratch)

    def _copy(self, files: Iterable[Path]) -> int:
        rows = 0
        columns = "id, email, name, created_at, order_count, total_spent"
        statement = f"COPY analytics.user_analytics ({columns}) FROM STDIN WITH (FORMAT csv)"
        with closing(psycopg2.connect(self._addresses["warehouse"])) as connection, connection.cursor() as cursor:
            for batch in _batches(files):
                sink = pa.BufferOutputStream()
                csv.write_csv(batch, sink, csv.WriteOptions(include_header=False, quoting_style="needed"))
                cursor.copy_expert(statement, BytesIO(sink.getvalue()))
                rows += batch.num_rows
            connection.commit()
        return rows

    def flow(self) -> Mapping[str, Any]:
        """The shipped flow, all of its steps."""
        self._empty()
        scratch = tempfile.mkdtemp(dir=self._folder)
        try:
            doors = EtlDoors(
                flow=read_flow("user_analytics", shipped_file("etl")),
                ledger=StepLedger(self._engines["ledger"], "user_analytics", uuid.uuid4().hex),
                root=scratch,
                addresses={
                    "SOURCE_DATABASE_URL": self._addresses["source"],
                    "WAREHOUSE_URL": self._addresses["warehouse"],
                },
                session=lambda: self._session,
                clock=lambda: datetime.now(timezone.utc),
            )
            outcome = run_day(_DAY, doors, full=True)
            took = {row.step: (row.finished_at or row.started_at) - row.started_at for row in outcome.steps}
            counts = outcome.steps[-1].counts
            assert counts is not None
            assert counts.rows_inserted == self._users
            return {"rows": counts.rows_out, **{step: one.total_seconds() for step, one in took.items()}}
        finally:
            shutil.rmtree(scratch)

    def _empty(self) -> None:
        with self._engines["warehouse"].begin() as connection:
            connection.execute(text("TRUNCATE analytics.user_analytics"))


def _jdbc_address(dsn: str) -> Mapping[str, str]:
    """Give the address of the embedded Postgres, which listens on a Unix socket alone, as the driver in Java has it."""
    url = make_url(dsn)
    options = {
        "socketFactory": "org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg",
        "socketFactoryArg": f"{url.query['host']}/.s.PGSQL.{url.port or 5432}",
        "sslmode": "disable",
        "prepareThreshold": "0",
    }
    return {"url": f"jdbc:postgresql://localhost/{url.database}?{urlencode(options)}", "user": url.username or ""}


def _batches(files: Iterable[Path]) -> Iterator[pa.RecordBatch]:
    for path in files:
        batches = pq.ParquetFile(path).iter_batches(50_000)
        for batch in batches:
            exact = batch.schema.get_field_index("total_spent")
            yield batch.set_column(exact, "total_spent", batch.column(exact).cast(pa.string()))


if __name__ == "__main__":
    main()
