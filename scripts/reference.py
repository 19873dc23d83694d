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

sys.path.insert(0, str(Path(__file__).parent))  # a test loads this file from where it stands
from meanings import (
    DEFINITION,
    DIALECT,
    EXPRESSIONS,
    FIELD,
    METRICS,
    MODES,
    REFERENCES,
    ROW_RULES,
    SCORING,
    SEVERITIES,
    TYPES,
    UNKNOWN,
    Example,
)

ROOT = Path(__file__).resolve().parents[1]
CELLS: Mapping[CellEncoding, str] = {
    CellEncoding.TEXT: "text",
    CellEncoding.JSON: "JSON values",
    CellEncoding.TYPED: "typed",
    CellEncoding.SHEET: "cells of a sheet",
}
SCHEMAS = ("metrics", "deductions", "failed_validation_rules", "profile_payload")
#: The run of every example: 2026-01-04, 12 o'clock UTC.
RUN = WindowChoice((date(2026, 1, 4), 12), "key")


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
    yield from _row_rules()
    yield from ("## Types", "", "The whole cell must match; white space is not trimmed.", "")
    yield from _types()
    yield from ("## Formats", "", "Of a file no definition says more of, the first bytes decide, then the suffix.", "")
    yield from _formats()
    yield from ("## The dialect of CSV", "")
    yield from properties(DIALECT, dialect.PROPERTIES)
    yield from ("## Scoring", "")
    yield from table(["option", "means"], *([f"`{name}`", means] for name, means in SCORING.items()))
    yield from table(["mode", "a metric deducts"], *([f"`{mode.value}`", means] for mode, means in MODES.items()))
    yield from ("## Metrics", "")
    yield from _metrics()


def _row_rules() -> Iterator[str]:
    yield from ("## Rules over rows", "", *ROW_RULES, "")
    rows = [["part", "means", "example", "and when it does not hold"]]
    for part, (means, example) in EXPRESSIONS.items():
        (rule,) = example.definition["rows"]
        shown = f"`{rule['expression']}`" + (f" when `{rule['when']}`" if "when" in rule else "")
        rows.append([part, means, shown, message(example)])
    yield from table(*rows)
    yield from (*UNKNOWN, "", *REFERENCES, "")


def _types() -> Iterator[str]:
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


def _formats() -> Iterator[str]:
    rows = [["format", "also called", "suffixes", "cells", "by Spark's readers"]]
    rows += [
        [
            f"`{found.name}`",
            ", ".join(f"`{name}`" for name in found.names.spellings),
            ", ".join(f"`.{suffix}`" for suffix in found.suffixes),
            CELLS[found.cells],
            "yes" if found.spark else "no",
        ]
        for found in OURS
    ]
    yield from table(*rows)


def _metrics() -> Iterator[str]:
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
