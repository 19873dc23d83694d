"""Run by the program's own interpreter: a Postgres and an S3 for the DAGs, until standard input ends.

The first line of its output is JSON with the variables that jobs need.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer
from sqlalchemy import NullPool, create_engine, make_url, text

from etl_core.postgres.database import connect
from etl_core.postgres.embedded import embedded_postgres
from etl_core.shipped_files import shipped_file
from jobs.running.database import make_all_tables

BUCKET = "etl"


def main() -> None:
    """Start, tell, wait."""
    answers, sys.stdout = sys.stdout, sys.stderr
    s3 = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    s3.start()
    host, port = s3.get_host_and_port()
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=f"http://{host}:{port}", **keys).create_bucket(Bucket=BUCKET)
    with tempfile.TemporaryDirectory(prefix="dq-") as folder, embedded_postgres(Path(folder) / "postgres") as server:
        admin = make_url(server.dsn).set(drivername="postgresql+psycopg2")
        addresses = {}
        for name in ("ledger", "source", "warehouse"):
            engine = create_engine(admin, isolation_level="AUTOCOMMIT", poolclass=NullPool)
            with engine.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            addresses[name] = make_url(server.dsn).set(database=name).render_as_string(hide_password=False)
        ledger = connect(addresses["ledger"])
        make_all_tables(ledger)
        ledger.dispose()
        for name, scripts in {"source": ("source", "sample"), "warehouse": ("warehouse",)}.items():
            database = connect(addresses[name])
            with database.begin() as connection:
                for script in scripts:
                    connection.exec_driver_sql(shipped_file(f"sql/etl/{script}.sql").read_text(encoding="utf-8"))
            database.dispose()
        told = {
            "DATABASE_URL": addresses["ledger"],
            "SOURCE_DATABASE_URL": addresses["source"],
            "WAREHOUSE_URL": addresses["warehouse"],
            "S3_ENDPOINT": f"http://{host}:{port}",
            "S3_REGION": "us-east-1",
            "S3_ACCESS_KEY": "key",
            "S3_SECRET_KEY": "secret",
            "ETL_ROOT": f"s3://{BUCKET}/flows",
        }
        answers.write(json.dumps({"variables": told, "psql": server.psql}) + "\n")
        answers.flush()
        sys.stdin.read()
    s3.stop()


if __name__ == "__main__":
    main()
