"""Writes docs/messages.md: wrong files and definitions, and what `check_file` prints of each (`make docs`)."""

from __future__ import annotations

import io
import json
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import structlog
from rich.console import Console

from dq.engine.profile_files import judge_sources
from dq.engine.source_file import SourceObject
from dq.errors import DefinitionError
from dq.events.run_window import WindowChoice
from dq.schema.definition import ScoringMode
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore
from jobs.check_file import read_definition
from jobs.console.verdict_table import verdict_report

PAGE = Path(__file__).resolve().parents[1] / "docs" / "messages.md"
#: The run of every file: 2026-01-04, 12 o'clock UTC.
RUN = WindowChoice((date(2026, 1, 4), 12), "key")
_WIDTH = 118
_MOST_SHOWN = 6


@dataclass(frozen=True)
class Wrong:
    """A file and a definition of which one is wrong; `says` is what a person has to read in what is printed."""

    title: str
    name: str
    content: bytes
    definition: Mapping[str, Any] | str
    says: str


@dataclass(frozen=True)
class Printed:
    """What is printed of a case, and the codes of the rules in it."""

    text: str
    rules: frozenset[str]


def fields(*names: str, **types: str) -> dict[str, Any]:
    """A definition of text fields and of fields with a type."""
    return {"fields": [*({"name": name} for name in names), *({"name": n, "type": t} for n, t in types.items())]}


def zipped(**files: str) -> bytes:
    """A zip archive of these files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.csv"), text)
    return written.getvalue()


PEOPLE = fields("name", "city", id="integer")
KEYED = {**PEOPLE, "primaryKey": ["id"]}
RIDES = {
    "fields": [
        {"name": "day", "type": "date", "min": "2026-01-01"},
        {"name": "fare", "type": "number", "max": 190},
        {"name": "payment", "enum": ["card", "cash"]},
        {"name": "badge", "pattern": "[A-Z][0-9]+", "minLength": 3, "maxLength": 5},
    ]
}
DATED = {"fields": [{"name": "day", "type": "date"}], "rowCount": {"min": 10}}

CASES: tuple[Wrong, ...] = (
    Wrong("Another delimiter", "rides.csv", b"id;name;city\n1;Ann;Oslo\n", PEOPLE, "is the delimiter ';'?"),
    Wrong("A line for spreadsheets", "rides.csv", b"sep=;\nid;name;city\n1;Ann;Oslo\n", PEOPLE, "remove it and"),
    Wrong("A title above the header", "rides.csv", b"Rides of May\n\nid,name,city\n1,Ann,Oslo\n", PEOPLE,
          "line 3 holds the names"),
    Wrong("No header", "rides.csv", b"1,Ann,Oslo\n2,Bob,Rome\n", PEOPLE, "declare csv.header false"),
    Wrong("Names that look alike", "rides.csv", "ID,name\u200b,town\n1,Ann,Oslo\n".encode(), PEOPLE,
          'did you mean "name<U+200B>"?'),
    Wrong("A sensitive field under another name", "rides.csv", b"id,surname\n1,Ann\n",
          {"fields": [{"name": "id", "type": "integer"}, {"name": "name", "sensitive": True}]},
          "its name is hidden because a sensitive field is missing"),
    Wrong("Columns nobody declared, and one twice", "rides.csv", b"id,name,city,city,zip,age\n1,Ann,Oslo,Oslo,1,2\n",
          {**PEOPLE, "strict": True}, "not declared: zip, age"),
    Wrong("Another encoding", "rides.csv", "id,name,city\n1,J\u00f6rg,Oslo\n2,Ann,Rome\n".encode("latin-1"), PEOPLE,
          "declare csv.encoding; it looks like windows-1252"),
    Wrong("Rows of another length", "rides.csv", b"id,name,city\n1,Ann\n2,Bob,Oslo,x\n3,Eve,Rome\n", PEOPLE,
          "2 fields instead of 3"),
    Wrong("A quote that stays open", "rides.csv", b'id,name,city\n1,Ann,Oslo\n2,"Bob,Oslo\n', PEOPLE,
          "quote opened and never closed"),
    Wrong("Numbers as people write them", "rides.csv", 'id,fare\n1,"12,50"\n2,1\u00a0200\n3,7.5\n'.encode(),
          fields(id="integer", fare="number"), "not of type number (written like -12.5)"),
    Wrong("Values out of bounds", "rides.csv",
          "day,fare,payment,badge\n2025-12-31,191,card\u00a0,a1\n2026-01-01,7,cash,A12345\n".encode(), RIDES,
          "card<U+00A0>"),
    Wrong("Required values that are null", "rides.csv", b"id,name,city\n1,Ann,Oslo\n2,,Rome\n",
          {"fields": [{"name": "id"}, {"name": "name", "required": True}, {"name": "city"}], "primaryKey": ["id"]},
          "line 3: id=2"),
    Wrong("A key twice", "rides.csv", b"id,name,city\n1,Ann,Oslo\n1,Bob,Rome\n", KEYED, "repeats an earlier row"),
    Wrong("Too few rows, and old ones", "rides.csv", b"day\n2026-01-01\n",
          {**DATED, "freshness": {"field": "day", "maxAge": "2d"}}, "expected at least 10"),
    Wrong("An object over several lines", "rides.jsonl", b'{\n  "id": 1,\n  "name": "Ann"\n}\n', PEOPLE,
          "write one object a line, or an array"),
    Wrong("Texts where numbers are wanted", "rides.json", b'[{"id": 1, "fare": "2.5"}, {"id": 2, "fare": 3}]',
          fields(id="integer", fare="number"), 'the text "2.5"'),
    Wrong("A login page", "rides.csv", b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", PEOPLE,
          "the file is an HTML page; what is read are"),
    Wrong("Several files in one archive", "rides.zip", zipped(a="id\n1\n", b="id\n2\n"), PEOPLE, "send each alone"),
    Wrong("A file cut short", "rides.parquet", b"PAR1 and then nothing", PEOPLE, "send it again"),
    Wrong("An empty file", "rides.csv", b"", PEOPLE, "expected at least a header or one record"),
    Wrong("Blank lines only", "rides.csv", b"\n\n", PEOPLE, "expected one line with the names of the columns"),
    Wrong("A misspelt rule", "rides.csv", b"id\n1\n",
          {"fields": [{"name": "id", "type": "integer", "requierd": True}]}, "(did you mean required?)"),
    Wrong("A definition with several problems", "rides.csv", b"id\n1\n",
          {"fields": [{"name": "id", "type": "integr"}, {"name": "fare", "type": "number", "min": 5, "max": 1},
                      {"name": "id", "requierd": True}], "primaryKey": ["nr"]}, "(did you mean integer?)"),
    Wrong("A pattern that could take for ever", "rides.csv", b"id\n1\n",
          {"fields": [{"name": "id", "pattern": "(?=x)y"}]}, "which has no lookaround"),
    Wrong("A definition that is no JSON", "rides.csv", b"id\n1\n", '{"fields": [}', "column 13; mend the text there"),
)  # fmt: skip


def printed(case: Wrong) -> Printed:
    """Check the file as `check_file` does, and give what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        path, schema = Path(folder) / case.name, Path(folder) / "definition.json"
        path.write_bytes(case.content)
        schema.write_text(text_of(case.definition), encoding="utf-8")
        try:
            definition = read_definition(str(schema), ScoringMode.PROPORTIONAL)
        except DefinitionError as error:
            lines = "\n".join(f"  - {problem}" for problem in error.problems)
            return Printed(f"error: definition.json\n{lines}", frozenset())
        store = ObjectStore()
        found = judge_sources([SourceObject(0, store.peek(None, str(path)), definition, RUN)], store=store)[0]
    if isinstance(found, PipelineError):
        raise found
    verdict = found.verdict
    console = Console(file=io.StringIO(), width=_WIDTH, color_system=None)
    console.print(verdict_report(case.name, verdict, definition.warnings))
    text = "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())  # type: ignore[attr-defined]
    return Printed(text, frozenset(rule["rule"] for rule in verdict.failed_validation_rules))


def text_of(definition: Mapping[str, Any] | str) -> str:
    """Write a definition as its file has it."""
    return definition if isinstance(definition, str) else json.dumps(definition, ensure_ascii=False)


def unwrapped(text: str) -> str:
    """Give what stands in the cells of printed tables, column by column, without the breaks of lines."""
    columns: dict[int, list[str]] = {}
    for line in text.splitlines():
        for at, part in enumerate(line.replace("┃", "│").split("│")):
            columns.setdefault(at, []).append(part.strip())
    return "\n".join(" ".join(parts) for parts in columns.values())


def page() -> str:
    """Give the text of the page; stops where a case does not say what a person has to know."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))  # errors only
    lines = [
        "# What is said of wrong files",
        "",
        "Wrong files and definitions, and what `check_file FILE --schema definition.json` prints of each.",
        "This page is written by `make docs`; every case on it was run.",
        "",
    ]
    for case in CASES:
        found = printed(case).text
        if case.says not in unwrapped(found):
            sys.exit(f"wrong_files: {case.title} does not say {case.says!r}:\n{found}")
        content = case.content.decode("utf-8", "backslashreplace").splitlines() or ["(0 bytes)"]
        content = content if any(content) else ["(empty lines)"]
        shown = [line if line.isprintable() else ascii(line)[1:-1] for line in content[:_MOST_SHOWN]]
        if case.name.endswith(".zip"):
            shown = ["(an archive of a.csv and b.csv)"]
        lines += [f"## {case.title}", "", f"`{case.name}`:", "", "```text", *shown, "```", ""]
        lines += ["`definition.json`:", "", "```json", text_of(case.definition), "```", ""]
        lines += ["prints", "", "```text", found, "```", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
