"""JSON to row batches: lines of objects, or the objects of one array.

Values keep their physical type. A column whose values in a batch have one type becomes that Arrow
type; a column that mixes types, and any nested one, becomes one JSON token per cell.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from dq.errors import UnreadableFileError
from dq.formats.json.malformed import why_malformed
from dq.formats.json.values import TooDeepError, json_token, nested_too_deep, parse_object
from dq.formats.limits import Limits
from dq.profiling.cells.values import JSON_TOKENS
from dq.profiling.tally.row_batch import MalformedRow, RowBatch

#: Lines turned into one batch: a Python object for each of them and for each value is alive at once.
_BATCH = 50_000
#: Columns nobody declared and the first records did not show, in one batch; the tally keeps as many.
_MOST_EXTRAS = 1000
_SIMPLE = {
    frozenset({bool}): pa.bool_(),
    frozenset({int}): pa.int64(),
    frozenset({float}): pa.float64(),
    frozenset({str}): pa.string(),
}
Records = Sequence[dict[str, Any]]


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
        if len(text) > self._limits.line:
            refuse_long_line(max(map(len, text.split(b"\n"))), self._limits)
        if end:
            yield from _batches(text[: end - 1], self._names, self._limits)

    def finish(self) -> Iterator[RowBatch]:
        """Take what is left as the last line."""
        if self._rest:
            text, self._rest = self._rest, b""
            yield from _batches(text, self._names, self._limits)


def refuse_long_line(longest: int, limits: Limits) -> None:
    """Refuse a file whose longest line has more bytes, its line feed apart, than the limit."""
    if longest > limits.line:
        message = (
            f"a line is longer than {limits.line:,} bytes, the most that is read as one row; is the line break missing?"
        )
        raise UnreadableFileError(message)


def _batches(text: bytes, names: Sequence[str], limits: Limits) -> Iterator[RowBatch]:
    lines = text.split(b"\n")
    for start in range(0, len(lines), _BATCH):
        yield json_batch(lines[start : start + _BATCH], names, limits)


def json_batch(
    lines: Sequence[bytes], names: Sequence[str], limits: Limits | None = None, *, blank_is_row: bool = False
) -> RowBatch:
    """Parse one JSON object a line; a blank line is no row, unless it stands for a missing object."""
    limits = limits or Limits()
    with _no_search_for_cycles():
        parsed = [parse_object(line) for line in lines]
        try:
            return _batch(lines, parsed, names, limits, blank_is_row=blank_is_row)
        except TooDeepError:
            kept = [None if record and any(map(nested_too_deep, record.values())) else record for record in parsed]
            return _batch(lines, kept, names, limits, blank_is_row=blank_is_row)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Have Python not look for cycles meanwhile: parsed JSON has none, and looking takes as long as parsing."""
    looks = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looks:
            gc.enable()


def _batch(
    lines: Sequence[bytes],
    parsed: Sequence[dict[str, Any] | None],
    names: Sequence[str],
    limits: Limits,
    *,
    blank_is_row: bool,
) -> RowBatch:
    at = [number for number, record in enumerate(parsed) if record is not None]
    records = [record for record in parsed if record is not None]
    missing = (number for number, record in enumerate(parsed) if record is None)
    wrong = [number for number in missing if blank_is_row or lines[number].strip()]
    reasons = [why_malformed(lines[number], of_array=blank_is_row) for number in wrong]
    found = set().union(*records)
    known = np.array(at, np.int64) + 1
    return RowBatch(
        columns=[_column(records, name) if name in found else pa.nulls(len(records)) for name in names],
        rows=len(records),
        malformed=len(wrong),
        malformed_rows=[
            MalformedRow(number + 1, _shown(lines[number], limits), reason)
            for number, reason in zip(wrong[: limits.malformed], reasons, strict=False)
        ],
        reasons=Counter(reasons),
        lines=len(lines),
        extras=_extras(records, found.difference(names)),
        line_numbers=lambda rows: known[rows].tolist(),
        rest=(lambda: _rest(records, frozenset(names))) if found.difference(names) else None,
    )


def _shown(line: bytes, limits: Limits) -> str:
    return line[: limits.malformed_text].strip().decode("utf-8", "replace")


def _column(records: Records, name: str) -> pa.Array:
    return _cells([record.get(name) for record in records])


def _extras(records: Records, names: set[str]) -> dict[str, pa.Array]:
    """Give the columns nobody asked for, of the rows that have them: there may be a great many."""
    values: dict[str, list[Any]] = {name: [] for name in islice(sorted(names), _MOST_EXTRAS)}
    if values:
        for record in records:
            for name in record.keys() & values.keys():
                values[name].append(record[name])
    return {name: _cells(cells) for name, cells in values.items()}


def _rest(records: Records, names: frozenset[str]) -> pa.StringArray:
    """Write what each record has beside the columns `names` as a JSON object; null where there is nothing."""
    return pa.array([_object_text(record, names) for record in records], pa.string())


def _object_text(record: dict[str, Any], names: frozenset[str]) -> str | None:
    told = [
        f"{json_token(name)}:{json_token(value)}"
        for name, value in record.items()
        if name not in names and value is not None
    ]
    return f"{{{','.join(told)}}}" if told else None


def _cells(values: list[Any]) -> pa.Array:
    """Make a column of parsed values; raises TooDeepError for one that is nested too deep."""
    kinds = frozenset(map(type, values)) - {type(None)}
    if not kinds:
        return pa.nulls(len(values), pa.string())
    simple = _SIMPLE.get(kinds)
    if simple is not None:
        try:
            return pa.array(values, simple)
        except (OverflowError, pa.ArrowInvalid):
            pass  # an integer beyond 64 bits: cell by cell
    tokens = [None if value is None else json_token(value) for value in values]
    return pa.StructArray.from_arrays([pa.array(tokens, pa.string())], fields=list(JSON_TOKENS))
