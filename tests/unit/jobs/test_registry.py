"""Jobs are found by what packages register, ours and those of others."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from etl_core.errors import UsageError
from jobs import registry
from jobs.registry import GROUP, describe_job, job_names, load_job

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path where packages can be installed; the registry looks again."""
    monkeypatch.syspath_prepend(str(tmp_path))
    registry._registered.cache_clear()
    yield tmp_path
    registry._registered.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "harbour"]:
        del sys.modules[name]


def install(site: Path, registrations: str, version: str = "1.2.3", name: str = "harbour", **modules: str) -> None:
    """As pip leaves a package behind: its modules, and what it says about itself."""
    (site / "harbour").mkdir(exist_ok=True)
    (site / "harbour" / "__init__.py").write_text("raise AssertionError('imported before a job was asked for')\n")
    for module, source in modules.items():
        (site / "harbour" / f"{module}.py").write_text(source)
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{registrations}\n")


def test_a_job_of_another_package_is_listed_without_being_imported_and_can_be_run(site: Path) -> None:
    install(site, "moor = harbour.moor:JOB", moor="JOB = (len, 'make a ship fast')\n")
    registry._registered.cache_clear()
    assert "moor" in job_names()
    assert "watch_files" in job_names()
    assert describe_job("moor") == "make a ship fast"
    assert "harbour" not in sys.modules
    (site / "harbour" / "__init__.py").write_text("")
    job = load_job("moor")
    assert (job.name, job.version, job.entrypoint(["a", "b"])) == ("moor", "1.2.3", 2)


def test_a_description_that_the_source_does_not_say_plainly_is_asked_of_the_module(site: Path) -> None:
    install(site, "moor = harbour.moor:JOB", moor="what = 'make fast'\nJOB = (len, what.upper())\n")
    (site / "harbour" / "__init__.py").write_text("")
    registry._registered.cache_clear()
    assert describe_job("moor") == "MAKE FAST"


def test_a_job_that_lacks_a_package_hides_no_other(site: Path) -> None:
    source = "import not_installed\nJOB = (len, 'make a ship fast')\n"
    install(site, "moor = harbour.moor:JOB\nsink = harbour.sink:JOB", moor=source)
    (site / "harbour" / "__init__.py").write_text("")
    registry._registered.cache_clear()
    assert describe_job("moor") == "make a ship fast"
    assert describe_job("sink").startswith("not available: sink needs the package 'harbour.sink'")
    with pytest.raises(UsageError, match="moor needs the package 'not_installed', which is not installed"):
        load_job("moor")
    assert load_job("migrate").name == "migrate"


def test_what_is_registered_and_is_no_job_is_said_to_be_none(site: Path) -> None:
    install(site, "moor = harbour.moor:JOB\nsink = harbour.moor:JOBS", moor="JOB = 'make a ship fast'\n")
    (site / "harbour" / "__init__.py").write_text("")
    registry._registered.cache_clear()
    with pytest.raises(UsageError, match=r"harbour\.moor:JOB is no job; expected a pair"):
        load_job("moor")
    with pytest.raises(UsageError, match=r"registered as harbour\.moor:JOBS, and that is not there"):
        load_job("sink")


def test_a_job_whose_module_fails_says_with_what_and_hides_no_other(site: Path) -> None:
    install(site, "moor = harbour.moor:JOB", moor="from math import no_such\nwhat = 1 / 0\nJOB = (len, what)\n")
    (site / "harbour" / "__init__.py").write_text("")
    registry._registered.cache_clear()
    with pytest.raises(UsageError, match=r"moor cannot be imported from harbour\.moor: ImportError: cannot"):
        load_job("moor")
    assert describe_job("moor").startswith("not available: moor cannot be imported")
    (site / "harbour" / "moor.py").write_text("what =\n")
    with pytest.raises(UsageError, match=r"moor cannot be imported from harbour\.moor: SyntaxError: invalid syntax"):
        load_job("moor")
    assert describe_job("moor").startswith("not available: moor cannot be imported")


def test_a_name_with_a_dash_is_found_as_it_was_registered(site: Path) -> None:
    install(site, "make-fast = harbour.moor:JOB", moor="JOB = (len, 'make a ship fast')\n")
    (site / "harbour" / "__init__.py").write_text("")
    registry._registered.cache_clear()
    assert "make_fast" in job_names()
    assert [load_job(name).name for name in ("make-fast", "make_fast")] == ["make_fast"] * 2


@pytest.mark.parametrize("name", ["list", "run", "help"])
def test_a_job_that_is_called_as_a_command_is_says_so(site: Path, name: str) -> None:
    install(site, f"{name} = harbour.moor:JOB", moor="JOB = (len, 'make a ship fast')\n")
    registry._registered.cache_clear()
    with pytest.raises(UsageError, match=f"{name} is a command of this program, and harbour"):
        load_job(name)
    assert describe_job(name).startswith(f"not available: {name} is a command")


def test_a_name_that_two_packages_register_is_refused_and_nobody_runs_the_wrong_one(site: Path) -> None:
    install(site, "migrate = harbour.moor:JOB", moor="JOB = (len, 'make a ship fast')\n")
    registry._registered.cache_clear()
    with pytest.raises(UsageError, match=r"registered twice, as (harbour|jobs)\.\w+:JOB and"):
        load_job("migrate")
    assert "registered twice" in describe_job("migrate")


def test_our_own_jobs_are_exactly_those_that_pyproject_registers() -> None:
    """A module with a JOB that nobody registered would be a job nobody can run."""
    _, _, rest = (ROOT / "pyproject.toml").read_text().partition(f'[project.entry-points."{GROUP}"]\n')
    registered = dict(re.findall(r'^(\w+) = "(.+)"$', rest.partition("\n\n")[0], re.MULTILINE))
    jobs = ROOT / "jobs"
    found = [path.relative_to(ROOT) for path in jobs.rglob("*.py") if "\nJOB = (" in path.read_text()]
    modules = {".".join(path.with_suffix("").parts) for path in found}
    assert {place.removesuffix(":JOB") for place in registered.values()} == modules
    assert all(place == f"jobs.{name}:JOB" for name, place in registered.items() if place.count(".") == 1)
    assert set(job_names()) == set(registered)


def test_without_an_installation_the_command_says_what_to_do(tmp_path: Path) -> None:
    """The files alone do not say which jobs there are."""
    program = (
        "import importlib.metadata, sys\n"
        "importlib.metadata.entry_points = lambda **_: []\n"
        "from jobs.cli import main\n"
        "sys.exit(main(['list']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no jobs are registered; install the program" in done.stderr
