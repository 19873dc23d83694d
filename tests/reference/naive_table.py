"""Files read row by row with the standard library, for the naive scorer. Imports nothing from `dq`."""

from __future__ import annotations

import csv
import io
import json
import sys
from dataclasses import dataclass, field
from typing import Any

from tests.reference.grammar import BAD, NumberToken, text_of_json, value_of_json, value_of_text

NULL = object()


@dataclass
class Cell:
    """One cell: its text for people, and its typed value, NULL or BAD."""

    text: str
    value: Any


@dataclass
class Table:
    """A file as rows of cells by column name. `unparsable` says that there is nothing to score beyond that.

    `again` are the columns that repeat a name, by their own.
    """

    columns: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    again: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, Cell]] = field(default_factory=list)
    malformed: list[str] = field(default_factory=list)
    unparsable: str | None = None
    no_header: bool = False


def read_table(data: bytes, definition: dict[str, Any] | None, kind: str) -> Table:
    """Read a CSV or JSON Lines file of a canonical definition."""
    definition = definition or {}
    if not data:
        return Table(unparsable="the file is empty (0 bytes)")
    return read_csv(data, definition) if kind == "csv" else read_json_lines(data, definition)


def read_csv(data: bytes, definition: dict[str, Any]) -> Table:
    dialect = definition.get("csv", {})
    encoding = dialect.get("encoding", "utf-8")
    fields = {declared["name"].strip(): declared for declared in definition.get("fields", [])}
    records = csv_records(data, dialect.get("delimiter", ","), dialect.get("quote", '"'))
    if dialect.get("header", True):
        while records and not "".join(records[0] or ["none"]).strip():
            records.pop(0)  # blank cells name no columns
        header = records.pop(0) if records else None
        if header is None:
            return Table(no_header=True)
        names = [decoded(cell, encoding).strip() for cell in header]  # type: ignore[union-attr]
    else:
        names = list(fields)
    table = Table(repeated=sorted({name for name in names if name and names.count(name) > 1}))
    for at, name in enumerate(names):
        if name and name not in names[:at]:
            table.columns.append(name)
        else:  # its place tells it apart
            table.columns.append(f"{name} [{at + 1}]".strip())
            table.again[table.columns[-1]] = name
    missing = definition.get("missingValues", [""])
    for record in records:
        cells = None if record is None else [decoded(cell, encoding) for cell in record]
        if cells is None or len(cells) != len(names) or any(cell is None for cell in cells):
            table.malformed.append(",".join(record or []))
            continue
        row: dict[str, Cell] = {}
        for name, text in zip(table.columns, cells, strict=True):
            assert text is not None
            kind, pattern = type_of(fields.get(name))
            value = NULL if text in missing else value_of_text(text, kind, pattern)
            row[name] = Cell(text, value)
        table.rows.append(row)
    return table


def csv_records(data: bytes, delimiter: str, quote: str) -> list[list[str] | None]:
    """Split the bytes, one character each, so that invalid UTF-8 stays in its row; None is a broken row."""
    csv.field_size_limit(sys.maxsize)
    text = data.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote, strict=True)
    records: list[list[str] | None] = []
    while True:
        try:
            records.extend(record for record in reader if not is_blank(record, delimiter))
        except csv.Error:  # noqa: PERF203 - an unclosed quote swallows the rest of the file
            records.append(None)
        else:
            return records


def is_blank(record: list[str], delimiter: str) -> bool:
    """A line without anything, or with nothing but white space, is no row; a quoted empty cell is one."""
    return not record or (len(record) == 1 and record[0] != "" and not record[0].strip(" \t".replace(delimiter, "")))


def decoded(cell: str, encoding: str) -> str | None:
    try:
        return cell.encode("latin-1").decode(encoding)
    except UnicodeDecodeError:
        return None


def read_json_lines(data: bytes, definition: dict[str, Any]) -> Table:
    fields = {declared["name"].strip(): declared for declared in definition.get("fields", [])}
    missing = definition.get("missingValues", [""])
    table = Table()
    objects = []
    for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        if not line.strip():
            continue
        value = json_value(line)
        if isinstance(value, dict):
            objects.append(value)
        else:
            table.malformed.append(line.decode("utf-8", "replace"))
    # without a single object nothing is known of the columns, so none of them is missing
    table.columns = list(dict.fromkeys(name for value in objects for name in value)) if objects else list(fields)
    for value in objects:
        row = {}
        for name in table.columns:
            raw = value.get(name)
            kind, pattern = type_of(fields.get(name))
            if raw is None or (type(raw) is str and raw in missing):
                row[name] = Cell("", NULL)
            else:
                row[name] = Cell(text_of_json(raw), value_of_json(raw, kind, pattern))
        table.rows.append(row)
    return table


def json_value(line: bytes) -> Any:  # noqa: ANN401
    def refuse(constant: str) -> Any:  # noqa: ANN401
        raise ValueError(constant)

    try:
        return json.loads(line.decode("utf-8"), parse_int=NumberToken, parse_float=NumberToken, parse_constant=refuse)
    except ValueError:
        return BAD


def type_of(declared: dict[str, Any] | None) -> tuple[str, str | None]:
    if declared is None:
        return "any", None
    kind = declared.get("type", "any")
    return (kind["value"] if isinstance(kind, dict) else kind), declared.get("format")
