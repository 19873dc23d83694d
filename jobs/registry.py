"""Which jobs there are: what the installed packages register in the entry-point group `pipeline_processing.jobs`.

A registration names what a module calls `JOB = (entrypoint, "description")`. Names and descriptions are found without
importing anything of a job, so that a job that is heavy, or lacks an optional package, hides and delays no other.
"""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from etl_core.errors import PipelineError, UsageError

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

    from jobs.running.exit_codes import Entrypoint

#: Packages add to it in their pyproject.toml: `name = "package.module:JOB"`.
GROUP = "pipeline_processing.jobs"
#: What the command line understands where a job's name stands.
COMMANDS = frozenset({"list", "run", "help"})


@dataclass(frozen=True, slots=True)
class Job:
    """One job: its name on the command line, what it does, where it starts, the version of what brought it."""

    name: str
    description: str
    entrypoint: Entrypoint
    version: str


def job_names() -> tuple[str, ...]:
    """The names of all jobs in alphabetical order.

    Raises:
        UsageError: none is registered: the program's files are there, and it is not installed.
    """
    names = sorted(_registered())
    if not names:
        raise UsageError("no jobs are registered; install the program (`make setup`, or pip install of its wheel)")
    return tuple(names)


def load_job(name: str) -> Job:
    """Import one job; dashes in its name are as good as underscores.

    Raises:
        UsageError: there is no such job (the nearest names are in the message), two packages register it, it
            is none, its module cannot be imported, or it needs a package that is not installed.
    """
    name = _folded(name)
    registration = _registration(name)
    try:
        found = registration.load()
    except ModuleNotFoundError as error:
        raise UsageError(f"{name} needs the package {error.name!r}, which is not installed") from error
    except AttributeError as error:
        raise UsageError(f"{name} is registered as {registration.value}, and that is not there: {error}") from error
    except Exception as error:  # another's module may raise anything
        found_wrong = f"{type(error).__name__}: {error}"
        raise UsageError(f"{name} cannot be imported from {registration.module}: {found_wrong}") from error
    match found:
        case (entrypoint, str(description)) if callable(entrypoint):
            return Job(name, description, entrypoint, _version(registration))
        case _:
            raise UsageError(f"{registration.value} is no job; expected a pair of a function and a description")


def describe_job(name: str) -> str:
    """What a job does, read from its source; it is imported only where its source does not say it plainly.

    A job that cannot be had says why instead.
    """
    try:
        described = _description_in_source(_registration(name))
        return load_job(name).description if described is None else described
    except PipelineError as error:
        return f"not available: {error}"


@cache
def _registered() -> dict[str, tuple[EntryPoint, ...]]:
    """Every registration by the name of its job; read once, installed packages do not change meanwhile."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for one in entry_points(group=GROUP):
        name = _folded(one.name)
        found[name] = (*found.get(name, ()), one)
    return found


def _folded(name: str) -> str:
    return name.replace("-", "_")


def _registration(name: str) -> EntryPoint:
    known = _registered()
    if name not in known:
        names = job_names()
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names)}"
        raise UsageError(f"there is no job {name!r}; {hint}")
    if name in COMMANDS:
        places = " and ".join(one.value for one in known[name])
        raise UsageError(f"{name} is a command of this program, and {places} registers a job of that name; rename it")
    if len(known[name]) > 1:
        places = " and ".join(one.value for one in known[name])
        raise UsageError(f"the job {name} is registered twice, as {places}; remove one of the packages")
    return known[name][0]


def _version(registration: EntryPoint) -> str:
    return registration.dist.version if registration.dist is not None else "unknown"


def _description_in_source(registration: EntryPoint) -> str | None:
    """The description where the source assigns a pair with a plain text; None where only an import can tell."""
    origin = _source(registration.module)
    if origin is None:
        return None
    try:
        tree = ast.parse(origin.read_bytes())
    except SyntaxError:
        return None
    for statement in tree.body:
        match statement:
            case ast.Assign(
                targets=[ast.Name(id=registration.attr)], value=ast.Tuple(elts=[_, ast.Constant(value=str(text))])
            ):
                return text
    return None


def _source(module: str) -> Path | None:
    """The file of a module, found without importing the packages it is in."""
    within: Iterable[str] | None = None
    spec: ModuleSpec | None = None
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        name = ".".join(parts[:length])
        looks = (finder.find_spec(name, None if within is None else list(within)) for finder in sys.meta_path)
        spec = next((found for found in looks if found is not None), None)
        if spec is None:
            return None
        within = spec.submodule_search_locations
    return Path(spec.origin) if spec is not None and spec.has_location and spec.origin is not None else None
