"""The README's commands are run, its tables are those of the code, and the demo and the notebooks do what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import nbformat
import pytest
from deltalake import DeltaTable
from nbclient import NotebookClient

from etl_core.settings import declared_fields
from jobs.playground.sample_files import SAMPLES
from jobs.registry import job_names, load_job
from jobs.running.settings import ROOMS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def commands() -> list[str]:
    """Every line of the README's shell blocks, in order."""
    return [line for block in re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL) for line in block.splitlines()]


@dataclass(frozen=True)
class Demo:
    """A demo that has run: its folder, and what it printed."""

    folder: Path
    out: str
    err: str

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a line of the README beside the demo's data."""
        return subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=variables(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def variables() -> dict[str, str]:
    """The environment of a new user: none of ours, nothing of AWS."""
    ours = {name.upper() for name in declared_fields(ROOMS)}
    return {name: value for name, value in os.environ.items() if name not in ours and not name.startswith("AWS_")}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """An empty folder that the embedded server's own user may enter, which pytest's are not."""
    with tempfile.TemporaryDirectory(prefix="dq-readme-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="module")
def demo(folder: Path) -> Demo:
    """`make demo` without the make: the same command, in a folder of its own, with a DATABASE_URL it must not touch."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "pipeline-processing").symlink_to(Path(sys.executable).parent / "pipeline-processing")
    done = subprocess.run(
        [".venv/bin/pipeline-processing", "demo"],
        cwd=folder,
        env={**variables(), "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/production"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return Demo(folder, done.stdout, done.stderr)


def test_the_demo_shows_every_verdict_with_its_reason(demo: Demo) -> None:
    verdicts, lifted = demo.out.split("Their rows", 1)
    assert verdicts.count("2026-01-04") == lifted.count("2026-01-04") == len([one for one in SAMPLES if one.configured])
    for reason in ("0 bytes", "PAR1", "inspector is missing", "driver is required and null in", "bitcoin"):
        assert reason in demo.out
    assert "10 done, 1 unconfigured" in demo.out
    assert "✗ Failed" in "".join(page.read_text("utf-8") for page in (demo.folder / ".data/reports").glob("*.html"))
    assert "psql" in demo.out
    assert "inbox list" in demo.out


def rows_of_table(text: str) -> list[dict[str, str]]:
    """The rows of a table that was printed; what was too long for one line goes on in the next."""
    lines = [re.split("[│┃]", line)[1:-1] for line in text.splitlines() if line[:1] in ("│", "┃")]
    names, *rows = [[cell.strip() for cell in line] for line in lines]
    found: list[dict[str, str]] = []
    for cells in rows:
        row = dict(zip(names, cells, strict=True))
        if cells[0]:
            found.append(row)
        else:
            found[-1] = {name: f"{told} {row[name]}".strip() for name, told in found[-1].items()}
    return found


def test_the_demo_shows_what_became_of_the_rows_of_each_object(demo: Demo) -> None:
    by_run = {(row["file"], row["run"]): row for row in rows_of_table(demo.out.split("Their rows", 1)[1])}
    good, mixed = by_run["trips", "2026-01-04 11h"], by_run["trips", "2026-01-04 12h"]
    assert (good["state"], good["read"], good["silver"], good["reason"]) == ("loaded", "20000", "20000", "")
    counts = {name: int(mixed[name]) for name in ("read", "silver", "quarantined", "malformed", "healed")}
    assert counts["read"] == counts["silver"] + counts["quarantined"] + counts["malformed"]
    assert min(counts.values()) > 0
    assert by_run["calls", "2026-01-04 12h"]["state"] == by_run["notes", "2026-01-04 12h"]["state"] == "held"
    held = "its verdict failed (score 65); release it by to_silver --release"
    assert held in by_run["calls", "2026-01-04 12h"]["reason"]


def test_the_queries_that_the_demo_shows_can_be_asked(demo: Demo) -> None:
    """DuckDB's extension for Delta may not be here; so the tables are handed to it, by the paths that are shown."""
    asked = re.findall(r"duckdb\.sql\(\"(.*?delta_scan\('file://(.*?)'\).*?)\"\)", demo.out)
    assert [Path(path).relative_to(demo.folder.resolve()).parts[-2:] for _, path in asked] == [
        ("silver", "trips"),
        ("quarantine", "trips"),
    ]
    (by_payment, silver), (reasons, quarantine) = asked
    read = {path: DeltaTable(path).to_pyarrow_dataset() for path in (silver, quarantine)}
    with duckdb.connect() as connection:
        for name, path in (("silver", silver), ("quarantine", quarantine)):
            connection.register(name, read[path])
        payments = connection.sql(by_payment.replace(f"delta_scan('file://{silver}')", "silver")).fetchall()
        why = connection.sql(reasons.replace(f"delta_scan('file://{quarantine}')", "quarantine")).fetchall()
    assert sum(count for _, count, _ in payments) == read[silver].count_rows()
    assert why[0][0] == "required and null"
    assert f"load('{silver}')" in demo.out


def test_the_demo_prints_no_value_of_a_sensitive_field_and_no_trace(demo: Demo) -> None:
    text = demo.out + demo.err
    assert not re.search(r"driver \d+", text)
    assert "Traceback" not in text
    assert "demo-secret-key" not in demo.err


def test_the_commands_of_the_readme_work(demo: Demo) -> None:
    ours = [line for line in commands() if not line.startswith(("make ", "SPARK_"))]
    assert len(ours) >= 6
    for line in ours:
        done = demo.run(line)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert json.loads((demo.folder / "verdict.json").read_text())["score"] == 90


@pytest.mark.parametrize("line", [line for line in commands() if line.startswith("make ")])
def test_the_make_targets_of_the_readme_exist(line: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", *line.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_jobs_that_are_sent_to_a_cluster_exist() -> None:
    named = re.findall(r"\./spark-submit\.sh (\w+)", README)
    assert named
    assert set(named) <= set(job_names())
    assert os.access(ROOT / "spark-submit.sh", os.X_OK)


def test_the_table_of_jobs_is_that_of_the_registry() -> None:
    for name in job_names():
        assert f"| `{name}` | {load_job(name).description} |" in README


def test_every_folder_and_file_the_readme_names_exists() -> None:
    named = re.findall(r"`((?:dq|etl_core|jobs|pipelines|conf|docs|notebooks|tests)/[\w/.]*)`", README)
    named += re.findall(r"\]\(([^)#]+)\)", README)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebooks_run_against_what_the_demo_left(demo: Demo, path: Path) -> None:
    if path.stem == "citizens":
        assert demo.run(".venv/bin/pipeline-processing demo --citizens").returncode == 0
    folder = demo.folder / "notebooks"
    folder.mkdir(exist_ok=True)
    shutil.copy(path, folder)
    notebook = nbformat.read(folder / path.name, as_version=4)  # type: ignore[no-untyped-call]
    kernel_environment = {
        **variables(),
        "PYTHONPATH": str(ROOT),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})
    client.execute(env=kernel_environment)
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    plots, said = {
        "explore_verdicts": (2, "trips"),
        "silver": (2, "driver: required and null"),
        "citizens": (3, "2026-01        399 citizens\n2026-03        401 citizens"),
    }[path.stem]
    assert len([output for output in outputs if "image/png" in output.get("data", {})]) == plots
    told = "".join(output.get("text", "") for output in outputs)
    assert said in told
    assert not re.search(r"driver \d+", told)  # the field is sensitive


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebooks_are_kept_without_outputs_and_define_nothing(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert not re.search(r"^\s*(def|class) ", cell.source, flags=re.MULTILINE)
