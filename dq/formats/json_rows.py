"""JSON to row batches: lines of objects, or the objects of one array.

Values keep their physical type. A column whose values in a batch have one type becomes that Arrow
type; a column that mixes types, and any nested one, becomes one JSON token per cell.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np
import orjson
import pyarrow as pa

from dq.errors import UnreadableFileError
from dq.formats.limits import Limits
from dq.profiling.findings import MOST_EXAMPLES
from dq.profiling.row_batch import MalformedRow, RowBatch
from dq.profiling.values import JSON_TOKENS

_INT64 = range(-(2**63), 2**63)
_HUGE_NUMBER = re.compile(rb"[0-9][eE]\+?[0-9]{3}|[0-9]{300}")
_ARRAY_BATCH = 10_000
_TOKEN_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS
_SIMPLE = {
    frozenset({bool}): pa.bool_(),
    frozenset({int}): pa.int64(),
    frozenset({float}): pa.float64(),
    frozenset({str}): pa.string(),
}


class JsonLines:
    """Turns consecutive pieces of JSON Lines text, beginning at a line, into row batches."""

    def __init__(self, names: Sequence[str], limits: Limits) -> None:
        """Give the columns `names` first; others become extras."""
        self._names = tuple(names)
        self._limits = limits
        self._rest = b""

    @property
    def rest(self) -> bytes:
        """The text of the line that is not complete yet."""
        return self._rest

    def end_of(self, text: bytes, at_least: int) -> int | None:
        """Find the first line end at or behind `at_least`."""
        return (text.find(b"\n", max(at_least - 1, 0)) + 1) or None

    def feed(self, piece: bytes) -> Iterator[RowBatch]:
        """Take in the next piece of text; gives the rows that are complete."""
        text = self._rest + piece if self._rest else piece
        end = text.rfind(b"\n") + 1
        self._rest = text[end:]
        if len(text) > self._limits.line and max(map(len, text.split(b"\n"))) >= self._limits.line:
            message = (
                f"a line is longer than {self._limits.line:,} bytes, the most that is read as one row; "
                "is the line break missing?"
            )
            raise UnreadableFileError(message)
        if end:
            yield self._parse(text[:end])

    def finish(self) -> Iterator[RowBatch]:
        """Take what is left as the last line."""
        if self._rest:
            text, self._rest = self._rest, b""
            yield self._parse(text)

    def _parse(self, text: bytes) -> RowBatch:
        lines = text.split(b"\n")
        if text.endswith(b"\n"):
            lines.pop()
        return json_batch(lines, self._names)


def json_batch(lines: Sequence[bytes], names: Sequence[str]) -> RowBatch:
    """Parse one JSON object a line; blank lines are no rows."""
    records: list[dict[str, Any]] = []
    numbers: list[int] = []
    malformed: list[MalformedRow] = []
    count = 0
    for number, line in enumerate(lines, 1):
        record = _object_of(line)
        if isinstance(record, dict):
            records.append(record)
            numbers.append(number)
        elif line.strip():
            count += 1
            if len(malformed) < MOST_EXAMPLES:
                malformed.append(MalformedRow(number, line[:1024].strip().decode("utf-8", "replace")))
    return object_batch(records, numbers, names, count, malformed, len(lines))


def _object_of(line: bytes) -> object:
    """Parse a line; None when it is not JSON.

    orjson refuses numbers beyond a double, which are valid JSON: those lines get a second look.
    """
    try:
        return orjson.loads(line)
    except ValueError:
        if not _HUGE_NUMBER.search(line):
            return None
    try:
        return json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def object_batch(
    records: list[dict[str, Any]],
    numbers: list[int],
    names: Sequence[str],
    count: int,
    malformed: list[MalformedRow],
    lines: int,
) -> RowBatch:
    """Turn parsed objects, on the given lines of so many, into columns."""
    found = set().union(*records)
    known = np.array(numbers, np.int64)
    return RowBatch(
        columns=[_column(records, name, found) for name in names],
        rows=len(records),
        malformed=count,
        malformed_rows=malformed,
        lines=lines,
        extras={name: _column(records, name, found) for name in sorted(found.difference(names))},
        line_numbers=lambda rows: known[rows].tolist(),
    )


def _column(records: list[dict[str, Any]], name: str, found: set[str]) -> pa.Array:
    if name not in found:
        return pa.nulls(len(records))
    values = [record.get(name) for record in records]
    kinds = frozenset(map(type, values)) - {type(None)}
    if not kinds:
        return pa.nulls(len(values), pa.string())
    simple = _SIMPLE.get(kinds)
    if simple is not None:
        try:
            return pa.array(values, simple)
        except (OverflowError, pa.ArrowInvalid, UnicodeEncodeError):
            pass  # an integer beyond 64 bits, or half of a surrogate pair: cell by cell
    tokens = [None if value is None else json_token(value) for value in values]
    return pa.StructArray.from_arrays([pa.array(tokens, pa.string())], fields=list(JSON_TOKENS))


def json_token(value: object) -> str:
    """Write one value as JSON, equal values alike."""
    if isinstance(value, float) and not math.isfinite(value):
        return '"beyond the range of a number"'
    try:
        return orjson.dumps(value, option=_TOKEN_OPTIONS).decode()
    except TypeError:  # an integer beyond 64 bits
        return orjson.dumps(str(value)).decode()
