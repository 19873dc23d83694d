"""All sentences of the product stand in one file, so that somebody reads each of them."""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from dq.checks.dimensions import completeness, schema, uniqueness
from dq.checks.dimensions import format as form
from dq.checks.whole_file import FILE_RULES
from dq.schema.definition import BOUNDS_RULES

ROOT = Path(__file__).resolve().parents[2]


def script(name: str) -> ModuleType:
    """A script of this project, as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def catalogue() -> ModuleType:
    return script("message_catalogue")


def test_the_catalogue_holds_every_sentence_as_the_code_says_it(catalogue: ModuleType) -> None:
    written = catalogue.CATALOGUE.read_text(encoding="utf-8").splitlines()
    said = catalogue.catalogue().splitlines()
    new, gone = sorted(set(said) - set(written)), sorted(set(written) - set(said))
    assert not new, f"not in the catalogue; read them aloud, then: make docs\n{chr(10).join(new)}"
    assert not gone, f"in the catalogue and no longer said; make docs\n{chr(10).join(gone)}"
    assert written == said, "the catalogue is not sorted; make docs"


def test_a_sentence_is_found_wherever_it_stands(catalogue: ModuleType) -> None:
    code = '''
"""A docstring is not said to anybody."""
def f(x):
    message = f"the file has {len(x):,} rows"
    raise UsageError(message)
    problems.add("place", f"is {x}; expected " + "a number of rows")
    return "one thing" if x else f"another thing, {', '.join(x)}"
SQL = "SELECT something FROM somewhere"
'''
    found = {(one.code, one.words) for one in catalogue._Reader("m").read(ast.parse(code))}
    assert found == {
        ("UsageError", "the file has {len(x)} rows"),
        ("definition problem", "is {x}; expected"),
        ("definition problem", "a number of rows"),
        ("text", "one thing"),
        ("text", "another thing, {', '.join(x)}"),
    }


def test_no_sentence_has_a_slip_of_the_pen(catalogue: ModuleType) -> None:
    slips = re.compile(r" [,;.](?!\w)|\(\s|\s\)|,,|;;|\b(\w+) \1\b")
    said = ((one, re.sub(r"\{[^{}]*\}", "{}", one.words)) for one in catalogue.sentences() if one.code != "help")
    found = [one.line() for one, words in said if slips.search(words)]
    assert found == []


@pytest.fixture(scope="module")
def wrong_files() -> ModuleType:
    return script("wrong_files")


def test_the_page_of_wrong_files_is_what_check_file_prints_of_them(wrong_files: ModuleType) -> None:
    """Writing it holds each case to what a person has to read in it."""
    assert wrong_files.PAGE.read_text(encoding="utf-8") == wrong_files.page(), "messages.md is out of date: make docs"


def test_a_case_that_does_not_say_what_to_do_stops_the_writing(
    wrong_files: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = dataclasses.replace(wrong_files.CASES[0], says="call your mother")
    monkeypatch.setattr(wrong_files, "CASES", (silent,))
    with pytest.raises(SystemExit, match="Another delimiter does not say 'call your mother'"):
        wrong_files.page()


def test_every_kind_of_failing_rule_stands_on_the_page(wrong_files: ModuleType) -> None:
    shown = frozenset[str]().union(*(wrong_files.printed(case).rules for case in wrong_files.CASES))
    named = {schema.MISSING, schema.TYPE, schema.REPEATED, schema.EXTRA, form.UNREADABLE, form.MALFORMED_ROWS}
    assert shown == {*named, completeness.REQUIRED, uniqueness.UNIQUE, *BOUNDS_RULES, *FILE_RULES}
