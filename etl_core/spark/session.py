"""The Spark session: settings and jars of its profile, S3 access.

Keys never enter Spark's configuration, which is shown in event logs and the UI. A JVM that this process starts
inherits them as environment variables; an already running one (spark-submit, a cluster) gets them in its
Hadoop configuration, which Spark sends to the executors and never prints unredacted.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from etl_core.errors import SettingsError
from etl_core.shipped_files import shipped_file
from etl_core.spark.class_archive import archive_options
from etl_core.spark.jars import present_jars
from etl_core.spark.profiles import FILES, SessionProfile

# Options that Spark takes only when a session starts, and without which one cannot do what its profile is for.
_FIXED_AT_START = ("spark.sql.extensions", "spark.sql.catalog.spark_catalog")
_STARTED_BY_SPARK_SUBMIT = "PYSPARK_GATEWAY_PORT"
#: In a local session the driver's JVM reads the files. Nobody waits for its pauses, so the collector with the
#: best throughput is the right one; clusters have their own settings.
_COLLECTOR = "-XX:+UseParallelGC"


def build_session(
    *,
    profile: SessionProfile = FILES,
    master: str | None = None,
    s3_endpoint: str | None = None,
    s3_region: str | None = None,
    s3_access_key: str | None = None,
    s3_secret_key: str | None = None,
    options: Mapping[str, str] | None = None,
) -> SparkSession:
    """Start Spark, or take the running session and point it at the given S3 service.

    Args:
        profile: what the session is for. A session that runs already keeps its settings and jars.
        master: Spark master; `local[*]` when None. Ignored under spark-submit, which decided already.
        s3_endpoint: address of an S3 service that is not AWS, e.g. `http://127.0.0.1:9000`.
        s3_region: region of the buckets.
        s3_access_key: access key; None leaves it to the AWS default chain (environment, IRSA, profile, role).
        s3_secret_key: its secret.
        options: Spark options that win over those of the profile.

    Raises:
        SettingsError: the running session was not started for this profile, or the profile's jars do not fit the
            installed PySpark.
        StorageUnavailableError: the jars are not on this machine, and the Maven repository does not answer.
    """
    # py4j logs every call with its arguments at DEBUG, the hand-over of a key among them.
    logging.getLogger("py4j").setLevel(logging.INFO)
    submitted = _STARTED_BY_SPARK_SUBMIT in os.environ
    s3 = _s3_options(s3_endpoint, s3_region)
    given = {**{f"spark.hadoop.{name}": value for name, value in s3.items()}, **(options or {})}
    builder = SparkSession.builder.appName("pipeline-processing")
    if submitted or session_is_running():
        session = _configured(builder, given).getOrCreate()
        _require_started_for(profile, session)
    else:
        _prepare_environment(s3_region, s3_access_key, s3_secret_key)
        master = master or "local[*]"
        jars = {"spark.jars": ",".join(map(str, present_jars(profile.jar_sets)))}
        defaults = {**profile.options(), **jars, **_log_options()}
        if master.startswith("local"):
            defaults |= _loopback_options() | _local_jvm()
        wanted = {"spark.master": master, **defaults, **given}
        _start_apart(wanted)
        session = _configured(builder, wanted).getOrCreate()
    _keep_accumulators_quiet(session.sparkContext)
    _point_at_s3(session.sparkContext, s3)
    in_this_process = not submitted and str(session.sparkContext.master).startswith("local[")
    if s3_access_key and s3_secret_key and not in_this_process:
        _hand_over_keys(session.sparkContext, s3_access_key, s3_secret_key)
    return session


def session_is_running() -> bool:
    """Whether somebody started a session in this process already, and will stop it."""
    return SparkSession.getActiveSession() is not None


def _start_apart(options: Mapping[str, str]) -> None:
    """Start the JVM in a process group of its own.

    What stops a service signals its whole group: a JVM that goes at once would leave this process without what it needs
    to end politely. It goes when this process does, however that ends, as its input ends then.
    """
    if SparkContext._gateway is None:  # noqa: SLF001 - PySpark takes a gateway in no other way
        conf = SparkConf(loadDefaults=False).setAll(list(options.items()))
        gateway = launch_gateway(conf, {"start_new_session": True})  # type: ignore[no-untyped-call]
        SparkContext._ensure_initialized(gateway=gateway)  # noqa: SLF001 - as above


def _keep_accumulators_quiet(context: SparkContext) -> None:
    """When the JVM ends by itself, PySpark's server of sums would print a trace beside the log; others tell of it."""
    server = getattr(context, "_accumulatorServer", None)
    if server is not None:
        server.handle_error = lambda *_: None


def _configured(builder: SparkSession.Builder, options: Mapping[str, str]) -> SparkSession.Builder:
    for name, value in options.items():
        builder = builder.config(name, value)
    return builder


def _require_started_for(profile: SessionProfile, session: SparkSession) -> None:
    """Refuse a running session that lacks what only a start can give."""
    wanted = {name: value for name, value in profile.options().items() if name in _FIXED_AT_START}
    lacking = [
        f"{name} is {session.conf.get(name, 'unset')!r} where sessions for {profile.name} have {value!r}; stop the"
        f" running session first, or submit the job with SPARK_PROFILE={profile.name}"
        for name, value in wanted.items()
        if value not in (session.conf.get(name, "") or "").split(",")
    ]
    if lacking:
        raise SettingsError("the running Spark session", lacking)


def _prepare_environment(region: str | None, access_key: str | None, secret_key: str | None) -> None:
    """What the JVM and its Python workers inherit; only these variables are set, and only where a value is known."""
    inherited = {
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "AWS_REGION": region,
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": secret_key,
    }
    os.environ.update({name: value for name, value in inherited.items() if value})


def _log_options() -> dict[str, str]:
    """The JVM of this process logs as this process does; executors elsewhere log as their cluster does."""
    log4j = f"-Dlog4j2.configurationFile={shipped_file('log4j2.properties').as_uri()}"
    return {"spark.driver.extraJavaOptions": log4j}


def _loopback_options() -> dict[str, str]:
    """A local session talks to itself only: no look-up of the machine's name, no port open to others."""
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    return {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


def _local_jvm() -> dict[str, str]:
    return {"spark.driver.defaultJavaOptions": f"{_COLLECTOR} {archive_options()}".rstrip()}


def _s3_options(endpoint: str | None, region: str | None) -> dict[str, str]:
    """Hadoop's names for where S3 is."""
    if not endpoint:
        return {"fs.s3a.endpoint.region": region} if region else {}
    return {
        "fs.s3a.endpoint": endpoint,
        # The SDK refuses an endpoint without a region; services other than AWS take any.
        "fs.s3a.endpoint.region": region or "us-east-1",
        "fs.s3a.path.style.access": "true",
        "fs.s3a.connection.ssl.enabled": str(endpoint.startswith("https:")).lower(),
    }


def _point_at_s3(context: SparkContext, wanted: Mapping[str, str]) -> None:
    """Make a session that was already running read from another place; clients of the old one are closed."""
    hadoop = context._jsc.hadoopConfiguration()  # noqa: SLF001 - PySpark has no public way to Hadoop's configuration
    moved = {name: value for name, value in wanted.items() if hadoop.get(name) != value}
    for name, value in moved.items():
        hadoop.set(name, value)
    if moved:
        java: Any = context._jvm  # noqa: SLF001 - nor to its classes
        java.org.apache.hadoop.fs.FileSystem.closeAll()


def _hand_over_keys(context: SparkContext, access_key: str, secret_key: str) -> None:
    hadoop = context._jsc.hadoopConfiguration()  # noqa: SLF001 - PySpark has no public way to Hadoop's configuration
    hadoop.set("fs.s3a.access.key", access_key)
    hadoop.set("fs.s3a.secret.key", secret_key)
