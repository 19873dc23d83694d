"""`make audit` finds what is known of pinned versions, in packages and jars, and says so when there is no list."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

# As OSV has them, shortened.
JINJA = {
    "id": "PYSEC-2019-217",
    "details": "In Pallets Jinja before 2.10.1, str.format_map allows a sandbox escape.\nMore of it.",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "Jinja2"},
            "ranges": [
                {"type": "GIT", "events": [{"introduced": "0"}, {"fixed": "a2b3c4"}]},
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.10.1"}]},
            ],
        }
    ],
}
HADOOP = {
    "id": "GHSA-test-jar",
    "summary": "Something about S3A",
    "affected": [{"package": {"ecosystem": "Maven", "name": "org.apache.hadoop:hadoop-aws"}, "versions": ["3.5.0"]}],
}
ELSEWHERE = {
    "id": "GHSA-test-later",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "jinja2"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "3.0"}, {"last_affected": "3.1.2"}]}],
        },
        {"package": {"ecosystem": "npm", "name": "jinja2"}, "versions": ["2.10"]},
    ],
}


def _audit(advisories: Path, lock: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    (tmp_path / "some.lock").write_text(lock)
    return subprocess.run(
        [sys.executable, ROOT / "scripts/audit.py", tmp_path / "some.lock"],
        env={**os.environ, "AUDIT_ADVISORIES": str(advisories)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a few advisories, as a checkout of a database has them."""
    target = tmp_path / "advisories" / "vulns"
    target.mkdir(parents=True)
    for advisory in (JINJA, ELSEWHERE):
        (target / f"{advisory['id']}.json").write_text(json.dumps(advisory))
    (target / "README.md").write_text("no advisory")
    return target.parent


def test_a_pin_that_is_known_to_be_weak_fails_with_what_to_do(folder: Path, tmp_path: Path) -> None:
    run = _audit(folder, "jinja2==2.10 \\\n    --hash=sha256:00\nrich==15.0.0 ; python_version < '3.11' \\\n", tmp_path)
    assert run.returncode == 1, run.stderr
    assert run.stdout.splitlines()[0] == (
        "jinja2 2.10: PYSEC-2019-217, fixed in 2.10.1:"
        " In Pallets Jinja before 2.10.1, str.format_map allows a sandbox escape."
    )
    assert "1 known weaknesses" in run.stdout
    assert "UPGRADE=1 make lock" in run.stdout
    assert "jars not audited" in run.stdout


@pytest.mark.parametrize(("version", "ended"), [("2.10", 1), ("2.10.1", 0), ("3.0", 1), ("3.1.2", 1), ("3.1.3", 0)])
def test_ranges_begin_and_end_where_the_advisory_says(version: str, ended: int, folder: Path, tmp_path: Path) -> None:
    assert _audit(folder, f"jinja2=={version}\n", tmp_path).returncode == ended


@pytest.mark.parametrize("withdrawn", [False, True])
def test_jars_are_held_against_mavens_advisories(withdrawn: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a case
    advisory: dict[str, Any] = {**HADOOP, **({"withdrawn": "2026-01-01T00:00:00Z"} if withdrawn else {})}
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("GHSA-test-jar.json", json.dumps(advisory))
    run = _audit(tmp_path / "all.zip", "rich==15.0.0\n", tmp_path)
    assert run.returncode == (0 if withdrawn else 1), run.stderr
    assert ("org.apache.hadoop:hadoop-aws 3.5.0: GHSA-test-jar, not fixed anywhere yet" in run.stdout) is not withdrawn
    assert "packages not audited" in run.stdout


def test_a_copy_without_advisories_is_no_clean_bill(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    run = _audit(tmp_path / "empty", "jinja2==2.10\n", tmp_path)
    assert run.returncode == 2
    assert "no advisory in" in run.stderr
