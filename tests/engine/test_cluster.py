"""A standalone cluster of two workers gives what this process gives, also when an executor dies in mid-run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dq.engine.profile_files import profile_files
from etl_core.objects.store import ObjectStore
from tests.engine.batches import local_sources, payload
from tests.engine.cluster_program import LIMITS

if TYPE_CHECKING:
    from tests.standalone_cluster import SparkCluster

ROOT = Path(__file__).parents[2]
ROWS = 120_000
REPEATS = 10


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One file a reader; Spark's would read quoted line breaks in a single task."""
    folder = tmp_path_factory.mktemp("cluster files")
    paths = {reader: folder / f"{reader}.csv" for reader in ("direct", "spark")}
    for reader, path in paths.items():
        odd = '"a\nb"' if reader == "direct" else "a b"
        rows = (
            f"{number % (ROWS - REPEATS)},{'abc'[number % 3] if number % 1000 else odd},{number % 1013 - 1}.25\n"
            for number in range(ROWS)
        )
        path.write_text("id,name,fare\n" + "".join(rows))
    return paths


@pytest.fixture(scope="module")
def runs(spark_cluster: SparkCluster, files: dict[str, Path]) -> dict[str, Any]:
    """What the program found with either reader, in one application."""
    pairs = [f"{reader}={path}" for reader, path in files.items()]
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.cluster_program", spark_cluster.master, *pairs],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.night
@pytest.mark.parametrize("reader", ["direct", "spark"])
def test_with_an_executor_killed(runs: dict[str, Any], files: dict[str, Path], reader: str) -> None:
    """What it had counted so far is gone with it, and counted again."""
    found = runs[reader]
    assert len(found["done before"]) == ["direct", "spark"].index(reader) + 1
    assert min(found["done before"]) > 0
    assert found["harmed"] == found["unharmed"]
    here = payload(profile_files(local_sources([files[reader]]), store=ObjectStore(), limits=LIMITS)[0])
    if reader == "direct":
        assert found["harmed"] == here
    theirs, ours = json.loads(found["harmed"]), json.loads(here)
    assert theirs["statisticalSummary"]["rows"] == ours["statisticalSummary"]["rows"] == ROWS
    assert theirs["completenessOverview"] == ours["completenessOverview"]
    assert theirs["uniquenessOverview"] == ours["uniquenessOverview"]
