"""The Spark session reads S3, needs no network to start, and tells nobody the keys."""

from __future__ import annotations

import itertools
import logging
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from etl_core.errors import SettingsError
from etl_core.spark import jars
from etl_core.spark.profiles import PROFILES, TABLES, find_profile
from etl_core.spark.session import build_session

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from pyspark.sql import SparkSession

    from tests.local_s3 import S3Server

CANARY = "canary-3f1c9e-secret"
ACCESS_CANARY = "canary-7ab2d4-access"


def test_reads_a_csv_from_s3(spark: SparkSession, s3: S3Client, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="agency/a/odd name=1.csv", Body=b"id,name\n1,x\n2,y\n")
    rows = spark.read.csv(f"s3a://{bucket}/agency/a/odd name=1.csv", header=True).collect()
    assert [tuple(row) for row in rows] == [("1", "x"), ("2", "y")]


def test_reads_parquet_from_s3(spark: SparkSession, s3: S3Client, bucket: str, tmp_path: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    parquet.write_table(pa.table({"id": [1, 2, 3]}), tmp_path / "t.parquet")
    s3.upload_file(str(tmp_path / "t.parquet"), bucket, "t.parquet")
    assert spark.read.parquet(f"s3a://{bucket}/t.parquet").count() == 3


def test_large_objects_are_copied_by_the_asynchronous_client_on_sparks_own_netty(
    spark: SparkSession, s3: S3Client, bucket: str
) -> None:
    """Renaming in S3A is a copy; above a size AWS's transfer manager does it, with a client on netty, of which our
    jars bring none. The size is 128 MB unless it is set lower, as here."""
    s3.put_object(Bucket=bucket, Key="old/a.csv", Body=b"id\n" + b"1\n" * 4_000_000)
    java: Any = spark.sparkContext._jvm
    configuration = java.org.apache.hadoop.conf.Configuration(spark.sparkContext._jsc.hadoopConfiguration())
    configuration.set("fs.s3a.multipart.threshold", "5M")
    configuration.set("fs.s3a.multipart.size", "5M")
    old, new = (java.org.apache.hadoop.fs.Path(f"s3a://{bucket}/{name}") for name in ("old", "new"))
    files = java.org.apache.hadoop.fs.FileSystem.newInstance(old.toUri(), configuration)
    assert files.rename(old, new)
    running = {str(thread.getName()) for thread in java.java.lang.Thread.getAllStackTraces().keySet()}
    files.close()
    assert any(name.startswith("aws-java-sdk-NettyEventLoop") for name in running)
    assert [(item["Key"], item["Size"]) for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [
        ("new/a.csv", 8_000_003)
    ]


def test_a_session_for_files_has_no_class_of_delta_and_is_not_taken_for_one_with_tables(spark: SparkSession) -> None:
    java: Any = spark.sparkContext._jvm
    loader = java.java.lang.Thread.currentThread().getContextClassLoader()
    assert loader.getResource("org/apache/hadoop/fs/s3a/S3AFileSystem.class") is not None
    assert loader.getResource("io/delta/sql/DeltaSparkSessionExtension.class") is None
    with pytest.raises(SettingsError, match=r"spark\.sql\.extensions is 'unset' .* SPARK_PROFILE=tables"):
        build_session(profile=TABLES)


def test_a_running_session_can_be_pointed_elsewhere(spark: SparkSession, s3_server: S3Server) -> None:
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()
    build_session(s3_endpoint="http://127.0.0.1:1", s3_region="eu-west-1")
    assert hadoop.get("fs.s3a.endpoint") == "http://127.0.0.1:1"
    build_session(s3_endpoint=s3_server.endpoint, s3_region=s3_server.region)
    assert hadoop.get("fs.s3a.endpoint") == s3_server.endpoint


@pytest.mark.parametrize("name", ["common", *PROFILES])
def test_every_setting_is_a_pair_with_a_reason_above_it(name: str) -> None:
    lines = Path(f"conf/spark/{name}.conf").read_text().splitlines()
    options = [(above, line) for above, line in itertools.pairwise(lines) if line and not line.startswith("#")]
    assert len({line.split(None, 1)[0] for _, line in options}) == len(options)
    unexplained = [
        line for above, line in options if not above.startswith("#") and not line.startswith(above.split(".", 1)[0])
    ]
    assert unexplained == []


def test_what_is_set_in_every_session_is_set_otherwise_in_no_kind_of_them() -> None:
    def names(file: str) -> set[str]:
        return {line.split()[0] for line in Path(f"conf/spark/{file}.conf").read_text().splitlines() if line} - {"#"}

    common = names("common")
    assert {"spark.redaction.regex", "spark.sql.session.timeZone", "spark.hadoop.fs.s3a.attempts.maximum"} <= common
    for profile in PROFILES.values():
        assert names(profile.name) & common == set()
        assert set(profile.options()) == names(profile.name) | common


def test_an_unknown_profile_is_refused_with_the_known_names() -> None:
    with pytest.raises(SettingsError, match="no session profile 'table'; there are files, tables"):
        find_profile("table")


def test_jars_match_the_hadoop_of_the_running_spark() -> None:
    hadoop = jars.installed_spark().hadoop
    assert (jars.spark_home() / "jars" / f"hadoop-client-api-{hadoop}.jar").is_file()
    assert any(jar.name == f"org.apache.hadoop_hadoop-aws-{hadoop}.jar" for jar in jars.present_jars(["s3"]))


def test_py4j_never_logs_its_calls(spark: SparkSession) -> None:
    assert spark is not None
    assert logging.getLogger("py4j.clientserver").getEffectiveLevel() >= logging.INFO


def test_keys_are_in_no_log_and_no_event_log(s3_server: S3Server, s3: S3Client, bucket: str, tmp_path: Path) -> None:
    s3.put_object(Bucket=bucket, Key="a.csv", Body=b"id\n1\n2\n")
    events = tmp_path / "events"
    events.mkdir()
    program = textwrap.dedent(f"""
        import logging
        logging.basicConfig(level=logging.DEBUG)
        from etl_core.spark.session import build_session, _hand_over_keys
        spark = build_session(
            master="local-cluster[1,1,1024]", s3_endpoint={s3_server.endpoint!r},
            s3_access_key={ACCESS_CANARY!r}, s3_secret_key={CANARY!r},
            options={{"spark.eventLog.enabled": "true", "spark.eventLog.compress": "false",
                      "spark.eventLog.dir": {events.as_uri()!r},
                      "spark.executor.extraJavaOptions": {os.environ["SPARK_SUBMIT_OPTS"]!r},
                      "spark.executor.memory": "1g", "spark.log.level": "INFO"}},
        )
        _hand_over_keys(spark.sparkContext, {ACCESS_CANARY!r}, {CANARY!r})
        frame = spark.read.csv("s3a://{bucket}/a.csv", header=True)
        frame.explain(True)
        spark.sparkContext.addFile({str(__file__)!r})  # makes Spark publish its configuration once more
        print("rows", frame.count())
        print(spark.sparkContext.getConf().getAll())
        spark.stop()
    """)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=280, check=False, env=environment
    )
    assert "rows 2" in run.stdout, run.stderr[-3000:]
    logged = [file.read_bytes().decode(errors="replace") for file in events.rglob("*") if file.is_file()]
    assert any("SparkListenerEnvironmentUpdate" in text for text in logged)
    for text in (run.stdout, run.stderr, *logged):
        assert CANARY not in text
        assert ACCESS_CANARY not in text
