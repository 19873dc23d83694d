"""What looks wrong with a file that nobody has declared, out of its profile payload: sentences for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from dq.checks.wording import count, visible
from dq.schema.definition import FieldType
from dq.suggestions.types import PLACEHOLDERS, find_type

if TYPE_CHECKING:
    from dq.suggestions.dialect import Dialect

_MOST_NAMED: Final = 3
_FEW_ROWS: Final = 20
#: UTF-8 that was read as Windows-1252.
_MOJIBAKE: Final = re.compile("Ã[\x80-¿]|â€|Â[ £©®°]")
_LOCAL_NUMBER: Final = re.compile(r"-?\d{1,3}(?:([.,' ])\d{3})*([.,])\d+|-?\d{1,3}(?:[.,' ]\d{3})+")


def suspicions(payload: Mapping[str, Any], dialect: Dialect | None) -> tuple[str, ...]:
    """Say what looks like a mistake: of the whole file first, then column by column.

    Args:
        payload: the profile of the file, read without a definition.
        dialect: how it is written, of CSV files.
    """
    return (*_of_file(payload, dialect), *_of_columns(payload))


def _of_file(payload: Mapping[str, Any], dialect: Dialect | None) -> Iterator[str]:
    issues, summary = payload["typeFormatIssues"], payload["statisticalSummary"]
    if issues["fileError"]:
        yield f"the file cannot be parsed: {issues['fileError']}"
    if dialect is not None and dialect.written():
        said = ", ".join(f"{name} {value!r}" for name, value in dialect.written().items())
        yield f"it is not written as CSV is by itself: a definition has to say {said}"
    malformed = issues["malformedRows"]
    if malformed["count"]:
        reasons = ", ".join(f"{reason} ({rows:,})" for reason, rows in list(malformed["reasons"].items())[:_MOST_NAMED])
        yield f"{count(malformed['count'], 'row')} of {summary['rows']:,} cannot be parsed: {reasons}"
    if issues["repeatedColumns"]:
        yield f"names stand in the header more than once: {_named(issues['repeatedColumns'])}"
    if not issues["fileError"] and summary["columns"] and not summary["parsedRows"]:
        yield "there is a header and no row that could be parsed"


def _of_columns(payload: Mapping[str, Any]) -> Iterator[str]:
    sample, shapes = payload["sampleData"], payload["valueDistributions"]["columns"]
    cells = {
        name: [cell for row in sample["rows"] if at < len(row) and (cell := row[at]) not in (None, "")]
        for at, name in enumerate(sample["columns"])
    }
    frequent = {shape["name"]: [each["value"] for each in shape.get("values", ())] for shape in shapes}
    for column in payload["statisticalSummary"]["columns"]:
        values = list(dict.fromkeys([*cells.get(column["name"], ()), *frequent.get(column["name"], ())]))
        for said in _of_column(column, payload["statisticalSummary"]["parsedRows"], values):
            yield f"{visible(column['name'])}: {said}"


def _of_column(column: Mapping[str, Any], rows: int, values: list[str]) -> Iterator[str]:
    if column["unparsable"]:
        yield f"{column['unparsable']:,} of {column['count']:,} values are not of type {column['type']}, the others are"
    if rows and not column["count"]:
        yield "is empty in every row"
    elif column["distinct"] == 1 and rows >= _FEW_ROWS and column["count"] == rows:
        yield "has the same value in every row"
    if column["type"] == FieldType.STRING and column["physicalType"] == "text":
        yield from _of_texts(values)


def _of_texts(values: list[str]) -> Iterator[str]:
    found = find_type(values)
    if found.type is not FieldType.STRING:
        odd = sorted(found.placeholders)
        kept = f"; {_named(odd)} may stand for nothing" if odd else ""
        form = f" written as {found.format}" if found.format else ""
        yield f"looks like a {found.type.value}{form}{kept}"
    elif values and all(_LOCAL_NUMBER.fullmatch(value) for value in values):
        yield f"looks like numbers with marks that are not read, such as {visible(values[0])}"
    elif odd := sorted(set(values) & PLACEHOLDERS):
        yield f"has values that may stand for nothing: {_named(odd)}"
    padded = [value for value in values if value != value.strip()]
    if padded:
        yield f"has blanks around values, such as {visible(padded[0])!r}"
    alike: dict[str, str] = {}
    twins = [
        (alike[key], value) for value in values if alike.setdefault(key := value.strip().casefold(), value) != value
    ]
    if twins and not padded:
        yield f"has values that differ in their case alone: {visible(twins[0][0])}, {visible(twins[0][1])}"
    if any(_MOJIBAKE.search(value) for value in values):
        broken = next(value for value in values if _MOJIBAKE.search(value))
        yield f"has text that was decoded twice, such as {visible(broken)}"


def _named(names: list[str]) -> str:
    shown = ", ".join(visible(name) for name in names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED:,} more"
