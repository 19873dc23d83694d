"""The jars that let Spark read S3: which ones, where they are kept, how they get there.

`python -m etl_core.spark.jars [FOLDER]` fetches them once; from then on every start works without a network.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata, util
from pathlib import Path

from etl_core.errors import SettingsError, StorageUnavailableError
from etl_core.shipped_files import shipped_file

# Only the modules of the AWS SDK that S3A touches: 19 MB. The `bundle` that hadoop-aws asks for is 686 MB.
_AWS_SDK = "2.35.4"
_AWS_SDK_MODULES = ("s3", "s3-transfer-manager", "sts", "apache-client", "netty-nio-client", "url-connection-client")
_EXCLUDED = (
    "software.amazon.awssdk:bundle",
    "org.apache.hadoop:hadoop-client-api",  # Spark brings its own
    "org.apache.hadoop:hadoop-client-runtime",
    "org.slf4j:slf4j-api",
)


def spark_home() -> Path:
    """The folder of the installed PySpark, found without importing it.

    Raises:
        SettingsError: PySpark is not installed for this interpreter.
    """
    spec = util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise SettingsError("Spark", [f"PySpark is not installed for {sys.executable}; run `make setup`"])
    return Path(spec.origin).parent


def package_coordinates() -> tuple[str, ...]:
    """The Maven coordinates to load; hadoop-aws has to be exactly the Hadoop that the running Spark was built with.

    Raises:
        SettingsError: PySpark is missing or holds no Hadoop client.
    """
    clients = sorted((spark_home() / "jars").glob("hadoop-client-api-*.jar"))
    if not clients:
        raise SettingsError("Spark", [f"no hadoop-client-api jar in {spark_home() / 'jars'}; reinstall PySpark"])
    hadoop = clients[-1].stem.removeprefix("hadoop-client-api-")
    modules = tuple(f"software.amazon.awssdk:{module}:{_AWS_SDK}" for module in _AWS_SDK_MODULES)
    return (f"org.apache.hadoop:hadoop-aws:{hadoop}", *modules)


def excluded_packages() -> tuple[str, ...]:
    """The `group:artifact` pairs that must not be pulled in along with `package_coordinates`."""
    return _EXCLUDED


def jar_folder() -> Path:
    """Where the jars of the running PySpark belong: `.jars/` of a checkout, `share/` of an installed environment."""
    checkout = Path(__file__).resolve().parents[2]
    in_checkout = (checkout / "pyproject.toml").is_file()
    root = checkout / ".jars" if in_checkout else Path(sys.prefix) / "share" / "pipeline-processing" / "jars"
    return root / f"pyspark-{metadata.version('pyspark')}"


def fetched_jars() -> tuple[Path, ...]:
    """The jars already on this machine, in a fixed order; empty when they were never fetched."""
    return tuple(sorted(jar_folder().glob("*.jar")))


def fetch_jars(folder: Path) -> None:
    """Fetch the jars into `folder` with the resolver that Spark itself uses; `folder` appears complete or not at all.

    Raises:
        StorageUnavailableError: the Maven registry could not be reached or lacks one of the jars.
        SettingsError: a jar is not the one whose checksum is shipped.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        nothing = Path(scratch) / "nothing.py"
        nothing.touch()
        command = [
            str(spark_home() / "bin" / "spark-submit"),
            *("--master", "local[1]", "--conf", f"spark.jars.ivy={scratch}/ivy"),
            *("--packages", ",".join(package_coordinates())),
            *("--exclude-packages", ",".join(_EXCLUDED)),
            str(nothing),
        ]
        environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_HOME": str(spark_home())}
        run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - our own words only
        if run.returncode != 0:
            raise StorageUnavailableError(f"Spark's jars could not be fetched:\n{run.stderr[-2000:]}")
        fetched = Path(scratch) / "ivy" / "jars"
        _compare_checksums(fetched)
        shutil.rmtree(folder, ignore_errors=True)
        fetched.rename(folder)


def checksum_lines(folder: Path) -> list[str]:
    """One line `sha256  name` per jar in `folder`, by name."""
    return [f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.name}" for jar in sorted(folder.glob("*.jar"))]


def _compare_checksums(folder: Path) -> None:
    """Hold what was fetched against the list shipped for this PySpark; a PySpark without a list is not checked."""
    try:
        expected = shipped_file(f"jars/pyspark-{metadata.version('pyspark')}.sha256").read_text().splitlines()
    except FileNotFoundError:
        return
    found = checksum_lines(folder)
    differing = sorted(set(found) ^ set(expected))
    if differing:
        raise SettingsError("Spark's jars", [f"not as shipped or not shipped: {line}" for line in differing])


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else jar_folder()
    if not any(target.glob("*.jar")):
        print(f"fetching Spark's S3 jars into {target} (20 MB, once)", flush=True)  # noqa: T201 - a command for people
        fetch_jars(target)
