"""Where the jars that Spark loads are kept, and how they get there: fetched once, held against shipped checksums.

`python -m etl_core.spark.jars` fetches every set that fits the installed PySpark; from then on every start works
without a network. JARS_REPOSITORY names a mirror. `... pin` writes the lists of checksums anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata, util
from pathlib import Path

from etl_core.errors import PipelineError, RetryableError, SettingsError
from etl_core.shipped_files import shipped_file
from etl_core.spark.ivy import Ivy
from etl_core.spark.jar_sets import JAR_SETS, NEVER_FETCHED, InstalledSpark, JarSet

#: Sets that are fetched at a time.
_AT_ONCE = 3


def spark_home() -> Path:
    """The folder of the installed PySpark, found without importing it.

    Raises:
        SettingsError: PySpark is not installed for this interpreter.
    """
    spec = util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise SettingsError("Spark", [f"PySpark is not installed for {sys.executable}; run `make setup`"])
    return Path(spec.origin).parent


def installed_spark() -> InstalledSpark:
    """Which PySpark there is, and the Hadoop it was built with, read from its jars.

    Raises:
        SettingsError: PySpark is missing or holds no Hadoop client.
    """
    client = _own_jar("hadoop-client-api")
    return InstalledSpark(metadata.version("pyspark"), client.stem.removeprefix("hadoop-client-api-"))


def jar_folder(jar_set: JarSet) -> Path:
    """Where a set belongs."""
    return beside_the_jars() / jar_set.name


def beside_the_jars() -> Path:
    """Where all sets are: in `.jars/` of a checkout, in `share/` of an installed environment; a folder per PySpark."""
    checkout = _checkout()
    root = Path(sys.prefix) / "share" / "pipeline-processing" / "jars" if checkout is None else checkout / ".jars"
    return root / f"pyspark-{metadata.version('pyspark')}"


def _checkout() -> Path | None:
    """The checkout this module stands in; None where it is installed."""
    checkout = Path(__file__).resolve().parents[2]
    return checkout if (checkout / "pyproject.toml").is_file() else None


def present_jars(names: Iterable[str]) -> tuple[Path, ...]:
    """The jars of the named sets in a fixed order, fetched now unless they are here.

    Raises:
        StorageUnavailableError: they are not here, and the Maven repository did not answer.
        SettingsError: they are not here and cannot be fetched, or no set has that name.
    """
    jars: list[Path] = []
    for name in names:
        if name not in JAR_SETS:
            raise SettingsError("Spark's jars", [f"there is no set {name!r}; there are {', '.join(JAR_SETS)}"])
        folder = jar_folder(JAR_SETS[name])
        if not is_current(folder, JAR_SETS[name]):
            fetch_jars(JAR_SETS[name], folder, maven())
        jars += sorted(folder.glob("*.jar"))
    return tuple(jars)


def is_current(folder: Path, jar_set: JarSet) -> bool:
    """Whether `folder` holds the files that are listed today; what is in them was checked when they came."""
    shipped = _shipped_lines(jar_set, installed_spark())
    if shipped is None:
        return folder.is_dir()
    return {jar.name for jar in folder.glob("*.jar")} == {line.split("  ", 1)[1] for line in shipped}


def java() -> str:
    """The command of Java: that of JAVA_HOME, or the one on the path."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin" / "java") if home else "java"


def maven() -> Ivy:
    """PySpark's Ivy, asking the repository that JARS_REPOSITORY (or Spark's own variable for it) names."""
    repository = os.environ.get("JARS_REPOSITORY") or os.environ.get("DEFAULT_ARTIFACT_REPOSITORY")
    return Ivy(java(), _own_jar("ivy"), repository)


def fetch_jars(jar_set: JarSet, folder: Path, ivy: Ivy) -> None:
    """Fetch a set into `folder`, which appears complete or not at all.

    Raises:
        StorageUnavailableError: the Maven repository did not answer.
        SettingsError: it lacks a jar, a jar is not the one whose checksum is shipped, none fits the installed PySpark,
            or `folder` cannot be written.
    """
    spark = installed_spark()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            fetched = _fetched(jar_set, spark, ivy, Path(scratch))
            _compare_checksums(fetched, jar_set, spark)
            shutil.rmtree(folder, ignore_errors=True)
            fetched.rename(folder)
    except PermissionError as error:
        advice = f"let somebody who may write there run {sys.executable} -m etl_core.spark.jars"
        raise SettingsError("Spark's jars", [f"{folder.parent} cannot be written; {advice}"]) from error


def _fetched(jar_set: JarSet, spark: InstalledSpark, ivy: Ivy, scratch: Path) -> Path:
    coordinates = jar_set.coordinates_for(spark)
    return ivy.fetch(coordinates, scratch, excluded=NEVER_FETCHED, with_dependencies=jar_set.with_dependencies)


def _own_jar(name: str) -> Path:
    """A jar of PySpark's own, by its name without the version."""
    found = sorted((spark_home() / "jars").glob(f"{name}-[0-9]*.jar"))
    if not found:
        raise SettingsError("Spark", [f"no {name} jar in {spark_home() / 'jars'}; reinstall PySpark"])
    return found[-1]


def _checksum_lines(folder: Path) -> list[str]:
    """One line `sha256  name` per jar in `folder`, by name, as `sha256sum` writes it."""
    return [f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.name}" for jar in sorted(folder.glob("*.jar"))]


def _compare_checksums(folder: Path, jar_set: JarSet, spark: InstalledSpark) -> None:
    """Hold what was fetched against the list shipped for this PySpark; a PySpark without a list is not checked."""
    shipped = _shipped_lines(jar_set, spark)
    if shipped is None:
        return
    found = _checksum_lines(folder)
    problems = [f"came and is not in the list: {line}" for line in found if line not in shipped]
    problems += [f"in the list and did not come: {line}" for line in shipped if line not in found]
    if problems:
        raise SettingsError(f"Spark's jars against conf/jars/{_checksum_list(jar_set, spark)}", problems)


def _shipped_lines(jar_set: JarSet, spark: InstalledSpark) -> list[str] | None:
    try:
        return shipped_file(f"jars/{_checksum_list(jar_set, spark)}").read_text().splitlines()
    except FileNotFoundError:
        return None


def _checksum_list(jar_set: JarSet, spark: InstalledSpark) -> str:
    return f"pyspark-{spark.pyspark}/{jar_set.name}.sha256"


def _fetch_all() -> None:
    """Fetch the sets that fit and are not here yet, telling what happens; what is for trying only in a checkout."""
    spark, ivy = installed_spark(), maven()

    def fetch(jar_set: JarSet) -> None:
        folder = jar_folder(jar_set)
        print(f"fetching Spark's jars for {jar_set.purpose} into {folder} (once)", flush=True)  # noqa: T201 - a command for people
        fetch_jars(jar_set, folder, ivy)

    wanted = [
        one for one in JAR_SETS.values() if one.fits(spark) and (_checkout() is not None or not one.is_for_trying)
    ]
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # most of the time they wait for the repository
        list(pool.map(fetch, [one for one in wanted if not is_current(jar_folder(one), one)]))


def _pin_all(lists: Path) -> None:
    """Fetch the sets that fit once more and make their lists of checksums anew: for who changed `jar_sets.py`."""
    spark, ivy = installed_spark(), maven()
    for jar_set in JAR_SETS.values():
        if jar_set.fits(spark):
            with tempfile.TemporaryDirectory() as scratch:
                fetched = _fetched(jar_set, spark, ivy, Path(scratch))
                shutil.rmtree(jar_folder(jar_set), ignore_errors=True)
                target = lists / _checksum_list(jar_set, spark)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text("\n".join(_checksum_lines(fetched)) + "\n")


if __name__ == "__main__":
    try:
        if sys.argv[1:] == ["pin"]:
            _pin_all(Path(__file__).resolve().parents[2] / "conf" / "jars")
        _fetch_all()
    except PipelineError as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - a command for people
        sys.exit(75 if isinstance(problem, RetryableError) else 2)
