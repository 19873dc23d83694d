"""The same job through `spark-submit.sh`: a master and two workers that have none of our packages."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
import sqlalchemy
from pyarrow import parquet

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from tests.local_s3 import S3Server
    from tests.standalone_cluster import SparkCluster

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = {
    "fields": [
        {"name": "id", "type": "integer", "required": True, "unique": True},
        {"name": "fare", "type": "number", "min": 0, "max": 190},
        {"name": "payment", "type": "string", "enum": ["card", "cash"]},
    ],
    "strict": True,
}
ROWS = [
    {"id": number % 997, "fare": number % 211 - 1, "payment": ("card", "cash", "shell")[number % 3]}
    for number in range(3000)
]
TABLES = {
    "verdicts": (
        "SELECT f.file_name, run_date, run_hour, score, passed, metrics, deductions, failed_validation_message,"
        " failed_validation_rules FROM reporting.monitoring_file_data_quality q"
        " JOIN reporting.monitoring_file_run r ON r.id = q.monitoring_file_run_id"
        " JOIN reporting.monitoring_file f ON f.id = r.monitoring_file_id ORDER BY 1, 2, 3"
    ),
    "failures": (
        "SELECT f.file_name, rule_id, dimension, column_name, severity, failed_count, checked_count"
        " FROM reporting.monitoring_file_failed_validation v"
        " JOIN reporting.monitoring_file_run r ON r.id = v.monitoring_file_run_id"
        " JOIN reporting.monitoring_file f ON f.id = r.monitoring_file_id ORDER BY 1, 2, 3, 4"
    ),
    "profiles": (
        "SELECT f.file_name, profile_payload FROM reporting.monitoring_file_data_profile p"
        " JOIN reporting.monitoring_file_run r ON r.id = p.monitoring_file_run_id"
        " JOIN reporting.monitoring_file f ON f.id = r.monitoring_file_id ORDER BY 1"
    ),
}


#: Small ones, which live as short as other JVMs of tests.
_EXECUTORS = f"--executor-memory 768m --conf spark.executor.extraJavaOptions={os.environ['SPARK_SUBMIT_OPTS']}"


def _upload_files(s3: S3Client, bucket: str, folder: Path) -> list[str]:
    """Ten files, so that Spark is worth its start: several formats, sound and broken."""
    header = "id,fare,payment\n"
    text = header + "".join(f"{row['id']},{row['fare']},{row['payment']}\n" for row in ROWS)
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    parquet.write_table(pa.Table.from_pylist(ROWS), folder / "rows.parquet")
    bodies = {
        "sound": ("rows.csv", text.encode()),
        "compressed": ("rows.csv.gz", gzip.compress(text.encode(), mtime=0)),
        "ragged": ("rows.csv", (text + "1,2\n3,4,card,5\n").encode()),
        "empty": ("rows.csv", b""),
        "header": ("rows.csv", header.encode()),
        "missing": ("rows.csv", b"id,fare\n1,2\n1,\n"),
        "lines": ("rows.jsonl", lines.encode()),
        "array": ("rows.json", json.dumps(ROWS).encode()),
        "columns": ("rows.parquet", (folder / "rows.parquet").read_bytes()),
        "broken": ("rows.parquet", b"PAR1 but no more"),
    }
    for name, (object_name, body) in bodies.items():
        s3.put_object(Bucket=bucket, Key=f"agency/tenant-a/files/{name}/2026-01-04/12/{object_name}", Body=body)
    return list(bodies)


def _engine(url: str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(sqlalchemy.make_url(url).set(drivername="postgresql+psycopg2"))


def _configure(url: str, names: list[str]) -> None:
    engine = _engine(url)
    with engine.begin() as connection:
        definition = connection.execute(
            sqlalchemy.text(
                "INSERT INTO reporting.monitoring_file_schema_definition (name, definition)"
                " VALUES ('rows', CAST(:definition AS jsonb)) RETURNING id"
            ),
            {"definition": json.dumps(DEFINITION)},
        ).scalar_one()
        for name in names:
            connection.execute(
                sqlalchemy.text(
                    "INSERT INTO reporting.monitoring_file (agency_slug, file_name, schema_definition_id)"
                    " VALUES ('tenant-a', :name, :definition)"
                ),
                {"name": name, "definition": definition},
            )
    engine.dispose()


def _take_results(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """What the tables say, which are empty afterwards."""
    engine = _engine(url)
    with engine.begin() as connection:
        found = {
            name: [tuple(row) for row in connection.execute(sqlalchemy.text(query))] for name, query in TABLES.items()
        }
        for table in ("data_quality", "failed_validation", "data_profile"):
            connection.execute(sqlalchemy.text(f"DELETE FROM reporting.monitoring_file_{table}"))
        connection.execute(sqlalchemy.text("UPDATE reporting.monitoring_file SET latest_data_quality_score = NULL"))
    engine.dispose()
    return found


def _without_lines(verdict: tuple[Any, ...]) -> tuple[Any, ...]:
    """A verdict up to its messages; Spark's readers do not know which line a row stood on."""
    name, run_date, run_hour, score, passed, metrics, deductions, *_ = verdict
    numbers = {metric: {**found, "details": ""} for metric, found in metrics.items()}
    return (name, run_date, run_hour, score, passed, numbers, deductions)


@pytest.mark.night
@pytest.mark.timeout(600)
def test_a_cluster_gives_the_verdicts_of_one_process(
    spark_cluster: SparkCluster, s3_server: S3Server, s3: S3Client, bucket: str, variant_a: str, tmp_path: Path
) -> None:
    """Byte ranges on nodes that have the environment; Spark's readers on nodes that have nothing but a Python."""
    _configure(variant_a, _upload_files(s3, bucket, tmp_path))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYSPARK_", "SPARK_"))},
        "SPARK_SUBMIT_OPTS": os.environ["SPARK_SUBMIT_OPTS"],
        "VENV": sys.prefix,
        "DATABASE_URL": variant_a,
        "S3_ENDPOINT": s3_server.endpoint,
        "S3_REGION": s3_server.region,
        "S3_ACCESS_KEY": s3_server.access_key,
        "S3_SECRET_KEY": s3_server.secret_key,
        "RUN_WINDOW": "key",
    }
    cluster = {**environment, "SPARK_MASTER": spark_cluster.master, "SPARK_SUBMIT_ARGS": _EXECUTORS}
    packed = {**cluster, "SPARK_NODE_PYTHON": spark_cluster.node_python, "READER": "spark"}
    present = {**cluster, "SPARK_ENVIRONMENT": "present", "READER": "direct"}
    backfill = ["backfill", "--prefix", f"s3://{bucket}/agency/", "--force"]

    def run(program: list[str], variables: dict[str, str]) -> dict[str, list[tuple[Any, ...]]]:
        done = subprocess.run(program, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-1000:]  # spark-submit puts both on stdout
        assert s3_server.secret_key not in done.stdout + done.stderr
        return _take_results(variant_a)

    program = str(Path(sys.prefix) / "bin" / "pipeline-processing")
    subprocess.run([program, "migrate"], cwd=tmp_path, env=environment, check=True, capture_output=True)
    expected = run([program, *backfill], {**environment, "READER": "direct"})
    assert len(expected["verdicts"]) == 10
    assert run([str(ROOT / "spark-submit.sh"), *backfill], present) == expected
    found = run([str(ROOT / "spark-submit.sh"), *backfill], packed)
    assert found["failures"] == expected["failures"]
    assert [_without_lines(row) for row in found["verdicts"]] == [_without_lines(row) for row in expected["verdicts"]]
    executors = [log.read_text(errors="replace") for log in spark_cluster.folder.rglob("stderr")]
    assert len(executors) >= 3  # of two applications on two workers
    assert not any(s3_server.secret_key in log for log in executors)


def test_under_spark_submit_stdout_is_the_result_and_stderr_holds_the_lines_of_both(tmp_path: Path) -> None:
    """Also where stderr is a file, which two processes write."""
    (tmp_path / "rows.csv").write_text("id,driver\n1,ada\n")
    command = [str(ROOT / "spark-submit.sh"), "check_file", str(tmp_path / "rows.csv"), "--json", "-"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYSPARK_"))}
    variables = {**kept, "VENV": sys.prefix}
    with (tmp_path / "stderr.log").open("w") as file:
        ran = subprocess.run(
            command,
            cwd=tmp_path,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=file,
            check=True,
        )
    assert json.loads(ran.stdout)["score"] == 100
    lines = [line for line in (tmp_path / "stderr.log").read_text().splitlines() if line.startswith("{")]
    assert "reader chosen" in [json.loads(line)["message"] for line in lines]


def test_what_the_jvm_logs_looks_like_what_python_logs() -> None:
    """Levels have the same names; an exception is its text and its class."""
    program = """
from etl_core.spark.session import build_session

spark = build_session(master="local[1]")
java = spark._jvm
log = java.org.apache.logging.log4j.LogManager.getLogger
log("a.library").warn('with "quotes" and\\na line break')
log("a.library").error("it failed", java.java.io.IOException("no room"))
log("org.apache.spark.scheduler.DAGScheduler").warn("Failed to cancel job group 7. Cannot find active jobs for it.")
spark.stop()
"""
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    warned, failed = (json.loads(line) for line in ran.stderr.splitlines() if line.startswith("{"))
    assert (warned["level"], warned["message"]) == ("warning", 'with "quotes" and\na line break')
    assert "error" not in warned
    assert (failed["level"], failed["error"], failed["error_type"]) == ("error", "no room", "java.io.IOException")
    assert failed["ts"].endswith("Z")
