"""Which jobs there are: every module of this package that defines `JOB = (entrypoint, description)`.

Modules are found by name and imported one by one when asked for, so a job that lacks an optional
dependency hides no other.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jobs
from etl_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobs.running.exit_codes import Entrypoint


@dataclass(frozen=True, slots=True)
class Job:
    """One job: its name on the command line, what it does, and where it starts."""

    name: str
    description: str
    entrypoint: Entrypoint


@cache
def job_names() -> tuple[str, ...]:
    """The names of all jobs in alphabetical order, found without importing any of them."""
    return tuple(sorted(_modules_with_a_job()))


def load_job(name: str) -> Job:
    """Import one job; dashes in its name are as good as underscores.

    Raises:
        UsageError: there is no such job (the nearest names are in the message), or it needs a
            package that is not installed.
    """
    module_name = name.replace("-", "_")
    if module_name not in job_names():
        near = difflib.get_close_matches(module_name, job_names(), n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(job_names())}"
        raise UsageError(f"there is no job {name!r}; {hint}")
    try:
        module = importlib.import_module(f"jobs.{module_name}")
    except ModuleNotFoundError as error:
        raise UsageError(f"{module_name} needs the package {error.name!r}, which is not installed") from error
    entrypoint, description = module.JOB
    return Job(module_name, description, entrypoint)


def _modules_with_a_job() -> Iterator[str]:
    for module in pkgutil.iter_modules(jobs.__path__):
        spec = importlib.util.find_spec(f"jobs.{module.name}")
        if spec is not None and spec.origin is not None and _defines_job(Path(spec.origin)):
            yield module.name


def _defines_job(path: Path) -> bool:
    """Whether a source file assigns JOB at its top level."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(
        isinstance(target, ast.Name) and target.id == "JOB"
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
    )
