"""Rows of a query as a CSV file by RFC 4180: UTF-8, lines that end in CR LF, the query's columns in their order."""

from __future__ import annotations

import csv
import json
from typing import IO, TYPE_CHECKING, Any, Final

from etl_core.spreadsheets import guarded
from pipelines.agencies.source.documents import plain

if TYPE_CHECKING:
    from collections.abc import Collection

    from pipelines.agencies.source.repositories import Rows

#: What is written as it stands.
_AS_IT_IS: Final = (int, float)


def write_csv(found: Rows, file: IO[str], *, leave_out: Collection[str] = (), raw: bool = False) -> int:
    """Write rows as they come; how many they were. Dates are ISO 8601, nulls empty.

    Args:
        found: the rows, and the names of their columns.
        file: opened without translation of line ends.
        leave_out: names of columns that must not be in it, in any case of letters.
        raw: leave texts as they are that a spreadsheet would take for formulas.
    """
    hidden = {name.casefold() for name in leave_out}
    kept = [at for at, name in enumerate(found.columns) if name.casefold() not in hidden]
    cell = _cell if raw else _guarded_cell
    writer = csv.writer(file)
    writer.writerow([cell(found.columns[at]) for at in kept])
    rows = 0
    for row in found.rows:
        writer.writerow([cell(row[at]) for at in kept])
        rows += 1
    return rows


def left_out(columns: Collection[str], leave_out: Collection[str]) -> tuple[str, ...]:
    """Give the columns that are there and are left out."""
    hidden = {name.casefold() for name in leave_out}
    return tuple(name for name in columns if name.casefold() in hidden)


def _cell(value: Any) -> Any:  # noqa: ANN401 - whatever a database gives
    if value is None or type(value) is str or type(value) in _AS_IT_IS:
        return value
    written = plain(value)
    return written if isinstance(written, str) else json.dumps(written, ensure_ascii=False)


def _guarded_cell(value: Any) -> Any:  # noqa: ANN401 - as above
    return guarded(value) if type(value) is str else _cell(value)
