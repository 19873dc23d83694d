"""docs/runbook.md tells of every state, every warning and every error, and of nothing that is not there."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from dq.ledger.inbox_item import FAILURE_STATES, GOOD_STATES, OPEN_STATES

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]
_RUNBOOK = (_ROOT / "docs/runbook.md").read_text()
_SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `(.+?)` \|", re.MULTILINE)
#: Lines whose level is told by the state of the object they are about.
_OF_STATES = {"failed, to be tried again", "dead", "unconfigured", "bad_definition", "gone"}


def _rows(section: str) -> list[str]:
    return _ROW.findall(dict(_SECTION.findall(_RUNBOOK))[section])


def _said() -> Iterator[str]:
    """What the program logs as a warning or an error, in words that are always the same."""
    for room in ("dq", "etl_core", "jobs", "operations", "pipelines", "service"):
        for path in (_ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name("log"), attr="warning" | "error"),
                        args=[ast.Constant(str() as text), *_],
                    ):
                        yield text


def test_every_state_has_its_line() -> None:
    assert sorted(_rows("States")) == sorted([*OPEN_STATES, *GOOD_STATES, *FAILURE_STATES])


def test_every_warning_and_error_has_its_line_and_no_other_is_there() -> None:
    told = _rows("Warnings and errors")
    assert len(told) == len(set(told))
    notice = "no DATABASE_URL is set: using the embedded Postgres under ..."
    assert set(told) - {notice} == set(_said()) | _OF_STATES
