"""Writes docs/definition.md and docs/payload.md from the code: `python scripts/reference.py` (a test holds them equal).

What a name means stands here, beside an example of it; which names there are, the code says. A name without a meaning,
or a meaning without a name, stops the writing. Every example is run: the messages in the tables are the product's own.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import structlog

from dq.checks.plan import DIMENSIONS
from dq.checks.whole_file import FILE_RULES
from dq.definitions import load_definition, vocabulary
from dq.engine.profile_files import judge_sources
from dq.engine.source_file import SourceObject
from dq.events.run_window import WindowChoice
from dq.formats.registry import OURS
from dq.profiling.tally.recipe import CellEncoding
from dq.schema.definition import BOUNDS_RULES, FieldType, ScoringMode, Severity
from dq.schema.loading import dialect, fields, read_definition, scoring_options
from dq.schema.type_names import SYNONYMS
from dq.verdict.verdict import Verdict
from etl_core.errors import PipelineError
from etl_core.objects.store import ObjectStore

ROOT = Path(__file__).resolve().parents[1]
SCHEMAS = ("metrics", "deductions", "failed_validation_rules", "profile_payload")
#: The run of every example: 2026-01-04, 12 o'clock UTC.
RUN = WindowChoice((date(2026, 1, 4), 12), "key")


@dataclass(frozen=True)
class Example:
    """A definition, a file that keeps to it, and one that does not (none where nothing can fail)."""

    definition: Mapping[str, Any]
    good: str
    bad: str = ""


def one(kind: str, good: str, bad: str, **rules: object) -> Example:
    """An example of a single field `a`; the texts are its cells, a line each."""
    definition = {"fields": [{"name": "a", "type": kind, **rules}]}
    return Example(definition, f"a\n{good}\n", f"a\n{bad}\n")


TYPES: Mapping[FieldType, tuple[str, Example]] = {
    FieldType.STRING: ("any text", one("string", "ab", "", required=True)),
    FieldType.INTEGER: ("a whole number within 64 bits, with or without a sign", one("integer", "+7", "1.0")),
    FieldType.NUMBER: (
        "decimal or exponent notation; no NaN, infinity or thousands marks",
        one("number", "-3e2", "1,000"),
    ),
    FieldType.DECIMAL: ("decimal notation, compared exactly", one("decimal", "0.10", "1e3")),
    FieldType.BOOLEAN: ("true, True, TRUE, 1, false, False, FALSE, 0", one("boolean", "True", "yes")),
    FieldType.DATE: ("YYYY-MM-DD, or the field's `format`; a day there is", one("date", "2024-02-29", "2023-02-29")),
    FieldType.DATETIME: (
        "YYYY-MM-DD, T or a space, HH:MM:SS, up to nine digits of a second, Z or an offset; or the field's `format`",
        one("datetime", "2024-02-29T12:00:00.5+01:00", "2024-02-29"),
    ),
    FieldType.TIME: (
        "HH:MM:SS, up to nine digits of a second; or the field's `format`",
        one("time", "23:59:59", "24:00:00"),
    ),
    FieldType.DURATION: (
        "H:MM:SS, hours without an end, up to nine digits of a second; or ISO 8601 (see below); a sign before it",
        one("duration", "42:00:00\nP1DT18H", "P1M", min="0:00:00", max="PT48H"),
    ),
    FieldType.OBJECT: ("a JSON object", one("object", '"{""x"": 1}"', "[1]")),
    FieldType.ARRAY: ("a JSON array", one("array", "[1]", "x")),
    FieldType.ANY: ("anything", one("any", "x", "", required=True)),
}

#: Of a field: what each property means, and an example of it.
FIELD: Mapping[str, tuple[str, Example | None]] = {
    "name": ("the column's name, compared after trimming white space; the only one that must be there", None),
    "type": ("one of the types below, `any` when left out", one("integer", "1", "x")),
    "format": ("a strptime format of dates and times; fixed-width directives take exactly their digits",
               one("date", "04/01/2026", "2026-01-04", format="%d/%m/%Y")),
    "required": ("true: no nulls", one("string", "x", '""\nx', required=True)),
    "nullable": ("false: as `required` true", one("string", "x", '""\nx', nullable=False)),
    "unique": ("true: no value twice; nulls apart", one("integer", "1\n2", "1\n1", unique=True)),
    "min": ("the smallest value allowed", one("integer", "0", "-1", min=0)),
    "max": ("the largest value allowed", one("number", "190", "190.5", max=190)),
    "enum": ("the values allowed", one("string", "card", "cheque", enum=["card", "cash"])),
    "pattern": ("an RE2 expression that the whole value matches", one("string", "AB", "AB1", pattern="[A-Z]+")),
    "minLength": ("characters at least", one("string", "abc", "ab", minLength=3)),
    "maxLength": ("characters at most", one("string", "abc", "abcd", maxLength=3)),
    "threshold": ("the failing share that is tolerated, 0 to 1, for all rules of the field",
                  one("integer", "1\n2\n3\nx", "1\nx", threshold=0.25)),
    "severity": ("error, warning or critical, for all rules of the field", one("integer", "1", "x", severity="warning")),
    "sensitive": ("true: its values appear nowhere", one("integer", "1", "secret", sensitive=True)),
    "constraints": ("an object with any of the rules above, as in Frictionless Table Schema",
                    one("integer", "1", "-1", constraints={"minimum": 0})),
}  # fmt: skip


def whole(good: str, bad: str, **properties: object) -> Example:
    """An example of a property of the whole definition over two integer columns."""
    columns = [{"name": "id", "type": "integer"}, {"name": "zone"}]
    return Example({"fields": columns, **properties}, good, bad)


DATED = [{"name": "day", "type": "date"}]
DEFINITION: Mapping[str, tuple[str, Example | None]] = {
    "fields": ("the columns: a list of fields, or an object of names and fields", whole("id,zone\n1,a\n", "id\n1\n")),
    "format": ("what the file is; found out from its content or name when left out",
               whole("id,zone\n1,a\n", '{"id": 1, "zone": "a"}\n', format="csv")),
    "strict": ("true: no column beyond the fields", whole("id,zone\n1,a\n", "id,zone,x\n1,a,2\n", strict=True)),
    "primaryKey": ("a column, or several, that are required and together unique",
                   whole("id,zone\n1,a\n1,b\n", "id,zone\n1,a\n1,a\n", primaryKey=["id", "zone"])),
    "uniqueKeys": ("lists of columns that are together unique; rows with a null in them are not counted",
                   whole("id,zone\n1,a\n1,b\n", "id,zone\n1,a\n1,a\n", uniqueKeys=[["id", "zone"]])),
    "missingValues": ('texts that are null, `[""]` when left out',
                      Example({"fields": [{"name": "a", "required": True}], "missingValues": ["", "NA"]}, "a\nx\n", "a\nNA\nx\n")),
    "csv": ("the dialect of a CSV file, see below", whole("id;zone\n1;a\n", "id,zone\n1,a\n", csv={"delimiter": ";"})),
    "sheet": ("the sheet of a workbook; the first visible one when left out. Its first row with content is the header", None),
    "scoring": ("how counts become a score, see below", None),
    "rowCount": ("`min` and `max` rows of the file, those that could be parsed",
                 whole("id,zone\n1,a\n", "id,zone\n", rowCount={"min": 1, "max": 1000})),
    "freshness": ("how old the newest value of a date or datetime `field` may be at the run: `maxAge` with m, h, d or w",
                  Example({"fields": DATED, "freshness": {"field": "day", "maxAge": "2d"}}, "day\n2026-01-02\n", "day\n2026-01-01\n")),
}  # fmt: skip

DIALECT: Mapping[str, tuple[str, Example]] = {
    "delimiter": ("one ASCII character, `,` when left out", whole("id;zone\n1;a\n", "id,zone\n1,a\n", csv={"delimiter": ";"})),
    "quote": ('one ASCII character, `"` when left out; doubled, it stands for itself',
              whole("id,zone\n1,'a,b'\n", 'id,zone\n1,"a,b"\n', csv={"quote": "'"})),
    "encoding": ("utf-8 when left out", whole("id,zone\n1,é\n", "", csv={"encoding": "latin-1"})),
    "header": ("false: there is no header line, the fields name the columns in their order",
               whole("1,a\n", "id,zone\n1,a\n", csv={"header": False})),
}  # fmt: skip

SCORING: Mapping[str, str] = {
    "mode": "one of the modes below, `proportional` when left out",
    "passScore": "the least score that passes, 80 when left out",
    "weights": "points that a metric deducts at most, by its key or its name; those left out keep theirs",
}
MODES: Mapping[ScoringMode, str] = {
    ScoringMode.PROPORTIONAL: "the weight times the share that fails",
    ScoringMode.BY_RULE: "the weight times failing rules / rules that ran",
    ScoringMode.ALL_OR_NOTHING: "the whole weight as soon as a rule fails",
}
SEVERITIES: Mapping[Severity, str] = {
    Severity.WARNING: "listed, deducts nothing and fails no metric",
    Severity.ERROR: "deducts, the default",
    Severity.CRITICAL: "deducts, and the file does not pass, whatever its score",
}
METRICS: Mapping[str, str] = {
    "schema": "a declared field that is missing, repeated, of another type, or has cells that are; `strict`: extra columns",
    "format": "the file, or rows of it, cannot be parsed; needs no definition",
    "completeness": "nulls in required fields; `rowCount` and `freshness`, each worth as much as a required field",
    "bounds": "cells that break min, max, enum, pattern, minLength or maxLength, each cell once",
    "uniqueness": "rows that repeat a key, the mean over the keys",
}


def judged(example: Example, text: str) -> Verdict:
    """Give the verdict on `text` as a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "example.csv"
        path.write_text(text, encoding=example.definition.get("csv", {}).get("encoding", "utf-8"))
        store = ObjectStore()
        source = SourceObject(0, store.peek(None, str(path)), load_definition(json.dumps(example.definition)), RUN)
        found = judge_sources([source], store=store)[0]
    if isinstance(found, PipelineError):
        raise found
    return found.verdict


def message(example: Example) -> str:
    """Give what the product says of the bad file; the good one has to pass without a word."""
    good = judged(example, example.good)
    if good.failed_validation_message is not None:
        sys.exit(f"reference: {example.definition} fails {example.good!r}: {good.failed_validation_message}")
    if not example.bad:
        return ""
    bad = judged(example, example.bad)
    if bad.failed_validation_message is None:
        sys.exit(f"reference: {example.definition} passes {example.bad!r}")
    return re.sub(r"\n.*", "", bad.failed_validation_message)


def table(*rows: Iterable[str]) -> Iterator[str]:
    """Write rows, the first of them the head."""
    head, *body = [list(row) for row in rows]
    for row in (head, ["---"] * len(head), *body):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def names(of: Mapping[str, str], name: str) -> str:
    """List the other spellings of a property; case, `_` and `-` never matter."""
    others = sorted(spelling for spelling, canonical in of.items() if canonical == name and spelling != name.lower())
    return ", ".join(f"`{other}`" for other in others)


def complete(meant: Iterable[object], known: Iterable[object], what: str) -> None:
    """Stop when a name has no meaning here, or a meaning no name."""
    if differing := set(meant) ^ set(known):
        sys.exit(f"reference: {what} here and in the code differ in {sorted(map(str, differing))}")


def properties(meant: Mapping[str, tuple[str, Example | None]], of: Mapping[str, str]) -> Iterator[str]:
    """Write properties with an example each."""
    rows = [["property", "means", "also written", "example", "and when it does not hold"]]
    for name, (means, example) in meant.items():
        shown = f"`{_shown(name, example.definition)}`" if example else ""
        rows.append([f"`{name}`", means, names(of, name), shown, message(example) if example else ""])
    yield from table(*rows)


def _shown(name: str, definition: Mapping[str, Any]) -> str:
    """Show the property in question, of the definition or of its first field."""
    holder = definition["fields"][0] if name != "fields" and name not in definition else definition
    holder = definition["csv"] if name in definition.get("csv", {}) else holder
    return json.dumps({name: holder[name]}, ensure_ascii=False)[1:-1]


def definition_page() -> Iterator[str]:
    """Write docs/definition.md."""
    complete(TYPES, FieldType, "types")
    complete(FIELD, fields.PROPERTIES.values(), "properties of a field")
    complete(
        DEFINITION,
        [*read_definition.PROPERTIES.values(), *(vocabulary().file_rules or ())],
        "properties of a definition",
    )
    complete(DIALECT, dialect.PROPERTIES.values(), "options of the dialect")
    complete(SCORING, scoring_options.PROPERTIES.values(), "options of scoring")
    complete(MODES, ScoringMode, "modes")
    complete(SEVERITIES, Severity, "severities")
    complete(METRICS, [dimension.key for dimension in DIMENSIONS], "metrics")
    complete({*BOUNDS_RULES, *FILE_RULES} & {*FIELD, *DEFINITION}, {*BOUNDS_RULES, *FILE_RULES}, "rules")
    yield from (
        "# Definitions",
        "",
        "What a good file looks like, as JSON: column `definition` of monitoring_file_schema_definition, or the file that",
        "`check_file --schema` is given. This page is written by `make docs` from the code; every example on it was run.",
        "",
        "```json",
        json.dumps({"format": "csv", "strict": True, "fields": [
            {"name": "id", "type": "integer", "required": True, "unique": True},
            {"name": "service_date", "type": "date", "min": "2020-01-01"},
            {"name": "fare", "type": "number", "min": 0, "max": {"value": 190, "threshold": 0.01, "severity": "warning"}},
        ], "rowCount": {"min": 1}}, indent=2),
        "```",
        "",
        "Names are compared without case, `_` and `-`. A name that is not known is a warning; a value that cannot be meant",
        "is a problem, and all problems are listed at once.",
        "",
        "## The definition",
        "",
    )  # fmt: skip
    yield from properties(DEFINITION, read_definition.PROPERTIES)
    yield from ("## A field", "")
    yield from properties(FIELD, fields.PROPERTIES)
    yield from (
        'Any rule may be written with a tolerance of its own: `"max": {"value": 190, "threshold": 0.01, "severity":',
        '"warning"}`. A failing share up to `threshold` is tolerated. Severities:',
        "",
    )  # fmt: skip
    yield from table(["severity", "means"], *([f"`{severity.value}`", means] for severity, means in SEVERITIES.items()))
    yield from ("## Types", "", "The whole cell must match; white space is not trimmed.", "")
    rows = [["type", "a cell is", "for example", "and what is not", "also called"]]
    for kind, (means, example) in TYPES.items():
        others = ", ".join(sorted(name for name, found in SYNONYMS.items() if found is kind and name != kind.value))
        good, bad = (text.partition("\n")[2].rstrip("\n") for text in (example.good, example.bad))
        rows.append(
            [
                f"`{kind.value}`",
                means,
                f"`{good.replace(chr(10), '`, `')}`",
                f"`{bad}`: {message(example)}" if bad else "",
                others,
            ]
        )
    yield from table(*rows)
    yield from (
        "Datetimes are compared in UTC, which those without an offset are taken to be in. Where a column mixes them with",
        "others, its statistics have `offsets`, which counts both.",
        "",
        "Durations of ISO 8601 have weeks alone (`P2W`), or days, hours, minutes and seconds (`P3DT2H`, `PT1H30M`, `PT0.5S`):",
        "years and months have no fixed length and are type issues. Limits are written as cells are.",
        "",
        "Datetimes, times and durations are exact to the nanosecond, datetimes from the year 1 to 9999: in keys, distinct",
        "values, limits, allowed values and figures. Those of Parquet, ORC and workbooks are checked by what they are; in a",
        "`time` field a duration of a workbook (`[h]:mm:ss`) is a time when it is less than a day.",
        "",
    )
    yield from ("## Formats", "", "Of a file no definition says more of, the first bytes decide, then the suffix.", "")
    rows = [["format", "also called", "suffixes", "cells", "by Spark's readers"]]
    for found in OURS:
        rows.append(
            [
                f"`{found.name}`",
                ", ".join(f"`{name}`" for name in found.names.spellings),
                ", ".join(f"`.{suffix}`" for suffix in found.suffixes),
                {
                    CellEncoding.TEXT: "text",
                    CellEncoding.JSON: "JSON values",
                    CellEncoding.TYPED: "typed",
                    CellEncoding.SHEET: "cells of a sheet",
                }[found.cells],
                "yes" if found.spark else "no",
            ]
        )
    yield from table(*rows)
    yield from ("## The dialect of CSV", "")
    yield from properties(DIALECT, dialect.PROPERTIES)
    yield from ("## Scoring", "")
    yield from table(["option", "means"], *([f"`{name}`", means] for name, means in SCORING.items()))
    yield from table(["mode", "a metric deducts"], *([f"`{mode.value}`", means] for mode, means in MODES.items()))
    yield from ("## Metrics", "")
    rows = [["metric", "key and weight", "what fails", "details in the profile"]]
    rows += [
        [
            f"`{one.metric}`",
            f"`{one.key}` {one.weight}",
            METRICS[one.key],
            ", ".join(f"`{name}`" for name in one.sections),
        ]
        for one in DIMENSIONS
    ]
    yield from table(*rows)


def payload_page() -> Iterator[str]:
    """Write docs/payload.md."""
    yield from (
        "# What a verdict stores",
        "",
        "Written by `make docs` from the JSON Schemas in `conf/schemas/`, which every verdict of the tests is valid by.",
        "",
    )
    for name in SCHEMAS:
        schema = json.loads((ROOT / "conf" / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
        yield from (f"## {schema['title']}", "", schema["description"], "")
        yield from table(["key", "type", "what"], *keys_of(schema, schema, ""))


def keys_of(schema: Mapping[str, Any], root: Mapping[str, Any], place: str) -> Iterator[list[str]]:
    """Give a row for every key, the inner ones behind the outer ones."""
    schema = resolved(schema, root)
    for variant in schema.get("oneOf", ()):
        yield from keys_of(variant, root, place)
    if schema.get("type") == "array":
        yield from keys_of(schema["items"], root, f"{place}[]")
    for name, inner in schema.get("properties", {}).items():
        found, path = resolved(inner, root), f"{place}.{name}" if place else name
        if found.get("properties") or found.get("items") or found.get("description") or "const" in found:
            yield [f"`{path}`", kind_of(found), found.get("description", "")]
        yield from keys_of(found, root, path)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from keys_of(schema["additionalProperties"], root, f"{place}.*")


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference within the document."""
    reference = schema.get("$ref", "")
    return root["$defs"][reference.rpartition("/")[2]] if reference else schema


def kind_of(schema: Mapping[str, Any]) -> str:
    """Name the type of a key."""
    if "const" in schema:
        return f'"{schema["const"]}"'
    kinds = schema.get("type", "any")
    return " or ".join(kinds) if isinstance(kinds, list) else kinds


def pages() -> dict[Path, str]:
    """Give each page with its text."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))  # errors only
    made = {"definition.md": definition_page(), "payload.md": payload_page()}
    return {ROOT / "docs" / name: "\n".join(lines).rstrip("\n") + "\n" for name, lines in made.items()}


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")
