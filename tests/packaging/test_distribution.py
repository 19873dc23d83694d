"""What is shipped: the wheel, the lock files, the targets of make, the variables of the sample settings."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

from etl_core.settings import declared_fields
from jobs.running.settings import ROOMS

ROOT = Path(__file__).resolve().parents[2]


def test_the_wheel_holds_every_module_and_what_they_read(wheel: Path) -> None:
    shipped = set(zipfile.ZipFile(wheel).namelist())
    modules = {
        str(path.relative_to(ROOT))
        for room in ("dq", "etl_core", "jobs", "operations", "pipelines", "service")
        for path in (ROOT / room).rglob("*.py")
    }
    files = [path for path in (ROOT / "conf").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    conf = {f"etl_core/{path.relative_to(ROOT)}" for path in files}
    assert modules | conf <= shipped
    assert not [name for name in shipped if name.startswith(("tests", "notebooks", "scripts"))]


def test_an_installed_wheel_finds_its_files(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    program = "from etl_core.shipped_files import shipped_file; print(shipped_file('spark/common.conf'))"
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(tmp_path / "etl_core/conf/spark/common.conf")


def test_the_wheel_and_the_archive_for_clusters_say_which_jobs_there_are(wheel: Path, tmp_path: Path) -> None:
    """Each alone on the path, without what is installed here."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "wheel")
    spec = importlib.util.spec_from_file_location("pack", ROOT / "scripts/pack.py")
    assert spec is not None
    assert spec.loader is not None
    pack = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pack)
    for path, name in pack.code():
        (tmp_path / "archive" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "archive" / name)
    program = "from jobs.registry import job_names, load_job; print(*job_names())"
    for place in ("wheel", "archive"):
        run = subprocess.run(
            [sys.executable, "-S", "-c", program], cwd=tmp_path / place, capture_output=True, text=True, check=True
        )
        assert {"watch_files", "backfill", "check_file"} <= set(run.stdout.split())


def _blocks(name: str) -> set[str]:
    return set(re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text().strip()))


def test_what_runs_is_part_of_what_is_locked() -> None:
    assert _blocks("requirements-runtime.lock") < _blocks("requirements.lock")


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-runtime.lock"])
def test_every_locked_package_has_a_version_and_hashes_and_no_address(lock: str) -> None:
    for block in _blocks(lock):
        assert re.match(r"[a-z0-9-]+==[^ ]+ ", block), block[:100]
        assert "--hash=sha256:" in block
        assert "://" not in block


def test_dependencies_are_locked() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    declared = re.search(r"^dependencies = \[\n(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    assert declared is not None
    names = set(re.findall(r'^  "([a-z0-9-]+)', declared[1], re.MULTILINE))
    assert names <= {block.split("==")[0] for block in _blocks("requirements-runtime.lock")}


def test_whatever_is_imported_is_installed_with_the_package() -> None:
    """A development tool must not be needed at run time; what the demo alone needs is an extra, and says so itself."""
    locked = {block.split("==")[0] for block in _blocks("requirements-runtime.lock")}
    owners = _owners()
    missing = {
        f"{path.relative_to(ROOT)}: {package}"
        for room in ("dq", "etl_core", "jobs", "operations", "pipelines", "service")
        for path in (ROOT / room).rglob("*.py")
        for package in _imported(ast.parse(path.read_text(encoding="utf-8")))
        if package not in sys.stdlib_module_names
        and package not in {"dq", "etl_core", "jobs", "operations", "pipelines", "service", "moto", "xlsxwriter"}
        and not locked & {re.sub(r"[-_.]+", "-", owner).lower() for owner in owners.get(package, ())}
    }
    assert missing == set()


def _owners() -> dict[str, set[str]]:
    """The installed distributions by their packages; `packages_distributions` of Python 3.10 lacks many."""
    owners: dict[str, set[str]] = {}
    for found in distributions():
        name = found.metadata["Name"]  # reads a file each time
        for package in {file.parts[0].removesuffix(".py") for file in found.files or ()}:
            owners.setdefault(package, set()).add(name)
    return owners


def _imported(tree: ast.Module) -> set[str]:
    """The packages a module loads, those it only names in annotations left out."""
    loaded: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            loaded |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            loaded.add(node.module.split(".")[0])
        waiting += ast.iter_child_nodes(node)
    return loaded


def test_make_alone_lists_its_targets() -> None:
    run = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  make (\w+)", run.stdout, re.MULTILINE)
    assert {"setup", "demo", "test", "check", "bench", "image"} <= set(listed)
    assert all(line.startswith("  make ") for line in run.stdout.splitlines())


def test_the_sample_settings_name_every_variable() -> None:
    sample = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^([A-Z0-9_]+)=", sample, re.MULTILINE)) == {name.upper() for name in declared_fields(ROOMS)}


def test_setup_names_the_package_when_java_is_missing(tmp_path: Path) -> None:
    for tool in ("bash", "dirname", "env"):
        (tmp_path / tool).symlink_to(f"/usr/bin/{tool}")
    (tmp_path / "python3").symlink_to(sys.executable)
    run = subprocess.run(
        ["/bin/bash", ROOT / "scripts/setup.sh"],
        env={"PATH": str(tmp_path), "PYTHON": "python3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "openjdk-17-jre-headless" in run.stderr
