"""Reads workbooks in a process of its own, which may fail, or be ended, without harm to anybody.

The library lays a whole sheet out in memory, whatever a file of some kilobytes says of its size, and one that cannot
have the memory takes its process along. So this process has a limit on memory and on processor time, and its parent
waits no longer than it wants to. It imports next to nothing: it starts in some hundredths of a second.

From the standard input: a line of JSON with `size`, `sheet`, `cells`, `columns`, `memory`, `seconds`, `cell`, then
so many bytes of a workbook; and so on until there is no more, or nothing came for a while. To the standard output:
frames, each a line of JSON and the bytes it announces.
- `{"header": names, "line": row of the sheet, "origin": which sheet it is, "size": 0}`, once;
- `{"rows": n, "lines": m, "columns": kinds, "sizes": ..., "size": bytes}`: the next rows, column by column;
- `{"cell": text}`, instead of all these, where `cell` asks for one cell by its row and column;
- `{"notes": sentences, "hints": sentences, "unresolved": formulas without a result}`, once, behind them;
- `{"error": why, "text": message}`, instead of more of them;
- `{"end": true, "stays": whether it waits for another workbook}`.
"""

from __future__ import annotations

import io
import json
import resource
import select
import sys
import time
from array import array
from collections.abc import Iterator, Sequence, Sized
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from datetime import time as clock
from itertools import accumulate
from typing import IO, Any

import orjson
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from dq.formats.excel.error_cells import marked
from dq.formats.excel.package import in_order
from dq.formats.excel.refused import LIMIT, MEMORY, NO_HEADER, PASSWORD, RefusedError, refuse_protected, unreadable
from dq.formats.excel.sheets import origin_of
from dq.formats.excel.table import GAP, Cell, ErrorCell, SheetTable, cell_of, choose_sheet, find_table, gap_note

#: Rows, cells, and characters of texts, that are Python objects at once.
ROWS, CELLS, TEXT = 10_000, 500_000, 32 * 1024 * 1024
#: Sentences on what looks like a mistake, at most.
MOST_HINTS = 10
#: Seconds without work after which the process ends.
IDLE = 30
#: Bytes of memory, held once a workbook is read, from which the process ends: another one is smaller.
LARGE = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of this process, and how much it may take: see `Limits`."""

    size: int
    sheet: str | None
    cells: int
    columns: int
    memory: int
    seconds: int
    cell: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What is sent: a line of JSON, and bytes."""

    head: dict[str, Any]
    body: bytes = b""


def main() -> None:
    """Read one workbook after the other."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while _wait(source) and (line := source.readline()):
        request = Request(**json.loads(line))
        data = source.read(request.size)
        for frame in answer(request, data):
            _send(target, frame)
        del data
        stays = _held() < LARGE
        _send(target, Frame({"end": True, "stays": stays}))
        if not stays:
            return


def _send(target: IO[bytes], frame: Frame) -> None:
    head = orjson.dumps({**frame.head, "size": len(frame.body)})
    target.write(b"%b\n%b" % (head, frame.body))
    target.flush()


def _held() -> int:
    """Give the bytes of memory that this process holds; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as figures:  # noqa: PTH123 - no pathlib for the sake of one file
            return int(figures.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def _wait(source: IO[bytes]) -> bool:
    return bool(select.select([source], [], [], IDLE)[0])


def answer(request: Request, data: bytes) -> Iterator[Frame]:
    """Read one workbook within the limits."""
    try:
        with _limited(request):
            yield from frames(request, data)
    except RefusedError as error:
        yield Frame({"error": error.why, "text": str(error)})
    except PasswordError:
        yield Frame({"error": PASSWORD, "text": ""})
    except MemoryError:
        yield Frame({"error": MEMORY, "text": ""})
    except BaseException as error:
        # A panic of the library's Rust code is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        refused = unreadable(data, error)
        yield Frame({"error": refused.why, "text": str(refused)})


@contextmanager
def _limited(request: Request) -> Iterator[None]:
    """Bound this process: beyond its memory an allocation fails, beyond its time it is ended."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    _bound(resource.RLIMIT_AS, request.memory)
    _bound(resource.RLIMIT_CPU, int(time.process_time()) + 1 + request.seconds)
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _bound(what: int, most: int) -> None:
    """Set a limit, or leave it where somebody above us (Spark, for its Python workers) allows less."""
    hard = resource.getrlimit(what)[1]
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def frames(request: Request, data: bytes) -> Iterator[Frame]:
    """Give the header, the rows below it, and what else there is to say; empty rows are blank lines, not rows."""
    refuse_protected(data)
    if request.cell is not None:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            sheet = book.get_sheet_by_name(choose_sheet(book, request.sheet).name)
            yield Frame({"cell": cell_of(sheet, *request.cell)})
        return
    try:
        table, unresolved = _table(request, data)
    except CalamineError:
        ordered = in_order(data)
        if ordered is None:
            raise
        table, unresolved = _table(request, ordered)
    yield Frame({"header": table.names, "line": table.line, "origin": table.origin})
    width = len(table.names)
    yield from _pieces(table, width, max(min(ROWS, CELLS // width), 1))
    yield Frame({"notes": table.notes, "hints": table.hints, "unresolved": unresolved})


def _table(request: Request, data: bytes) -> tuple[SheetTable, int]:
    """Find the table of a workbook, and the number of formulas without a result."""
    with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
        chosen = choose_sheet(book, request.sheet)
        origin = origin_of(book, chosen.name)
        found = marked(data, chosen.place)
        if found.workbook is None:
            sheet = book.get_sheet_by_name(chosen.name)
    if found.workbook is not None:
        with CalamineWorkbook.from_filelike(io.BytesIO(found.workbook)) as book:
            sheet = book.get_sheet_by_name(chosen.name)
    if sheet.height * sheet.width > request.cells:
        spanned = f"{sheet.height:,} x {sheet.width:,} cells"
        text = f"the sheet {sheet.name!r} spans {spanned}, the most that is read is {request.cells:,}{_TOO_MANY}"
        raise RefusedError(LIMIT, text)
    try:
        table = find_table(sheet, request.columns, found)
    except RefusedError as error:
        if error.why == NO_HEADER and chosen.others:
            text = f"{error}; the workbook also has {chosen.others}: declare sheet to read another"
            raise RefusedError(NO_HEADER, text) from None
        raise
    return replace(table, notes=chosen.notes, origin=origin), found.unresolved


#: What to do about a sheet of too many cells.
_TOO_MANY = "; delete the rows and columns far from the table, if it is not so large, and save the workbook"


def _pieces(table: SheetTable, width: int, most: int) -> Iterator[Frame]:
    kept: list[list[Cell]] = []
    numbers = array("q")
    before = number = size = filled = 0
    for number, row in enumerate(table.rows, 1):
        if row.count(None) < len(row):
            kept.append(row)
            numbers.append(number - before)
            size += sum([len(cell) for cell in row if type(cell) is str])
            if number - filled > GAP and len(table.hints) < MOST_HINTS:
                table.hints.append(gap_note(number - filled - 1, number + table.line))
            filled = number
        if number - before == most or size > TEXT:
            yield _piece(kept, numbers, width, number - before)
            kept, numbers, before, size = [], array("q"), number, 0
    if number > before:
        yield _piece(kept, numbers, width, number - before)


def _piece(rows: list[list[Cell]], numbers: array[int], width: int, lines: int) -> Frame:
    columns = [_column(list(cells)) for cells in (zip(*rows, strict=True) if rows else [()] * width)]
    parts = [numbers.tobytes(), *(part for _, parts in columns for part in parts)]
    head = {
        "rows": len(rows),
        "lines": lines,
        "columns": [kind for kind, _ in columns],
        "sizes": [len(part) for part in parts],
    }
    return Frame(head, b"".join(parts))


#: The kinds of columns: all cells null, and those whose cells are of one type; `json`: a token of JSON in each cell.
_KINDS: dict[type, str] = {
    float: "float", int: "int", bool: "bool", str: "text", date: "date", datetime: "datetime", clock: "time",
    timedelta: "duration",
}  # fmt: skip
_MOST_INTEGER = 2**63


def _column(cells: list[Any]) -> tuple[str, list[bytes]]:
    """Give the kind of a column and its buffers: which cells are there (none: all are), their values.

    A moment at midnight is a date to the library, so dates among moments are moments.
    """
    kinds = set(map(type, cells)) - {type(None)}
    if not kinds:
        return "null", []
    if kinds == {date, datetime}:
        kinds = {datetime}
    kind = _KINDS.get(kinds.pop(), "json") if len(kinds) == 1 else "json"
    if kind == "int" and not all(cell is None or -_MOST_INTEGER <= cell < _MOST_INTEGER for cell in cells):
        kind = "json"
    there = bytes([cell is not None for cell in cells]) if None in cells else b""
    if kind == "float":
        return kind, [there, array("d", [cell or 0.0 for cell in cells]).tobytes()]
    if kind == "int":
        return kind, [there, array("q", [cell or 0 for cell in cells]).tobytes()]
    if kind in ("duration", "time"):
        return kind, [there, array("q", [0 if cell is None else _microseconds(cell) for cell in cells]).tobytes()]
    if kind == "bool":
        return kind, [there, bytes([bool(cell) for cell in cells])]
    return kind, [there, *_texts(cells, kind)]


def _texts(cells: list[Any], kind: str) -> tuple[bytes, bytes]:
    """Write cells as texts: where each one ends, and all of them."""
    if kind == "json":
        parts = [_token(cell) for cell in cells]
        return _ends(parts), b"".join(parts)
    if kind == "text":
        texts = [cell or "" for cell in cells]
    else:
        texts = ["" if cell is None else cell.isoformat() for cell in cells]
    whole = "".join(texts)
    if whole.isascii():  # then lengths of texts are those of bytes
        return _ends(texts), whole.encode()
    encoded = [text.encode() for text in texts]
    return _ends(encoded), b"".join(encoded)


def _ends(parts: Sequence[Sized]) -> bytes:
    return array("i", accumulate(map(len, parts), initial=0)).tobytes()


def _token(cell: object) -> bytes:
    """Write a cell as a token of JSON, and null as nothing."""
    if type(cell) is str or type(cell) is float:
        return orjson.dumps(cell)
    return b"" if cell is None else orjson.dumps(_tagged(cell), default=str)


def _tagged(cell: object) -> object:
    """Tell errors, moments, times and durations from texts that look like them; anything else is JSON as it is."""
    if isinstance(cell, ErrorCell):
        return {"error": cell.shown}
    if isinstance(cell, date):
        return {"moment": cell}
    if isinstance(cell, timedelta):
        return {"duration": _microseconds(cell)}
    return {"time": cell} if isinstance(cell, clock) else cell


def _microseconds(cell: timedelta | clock) -> int:
    if isinstance(cell, clock):
        cell = timedelta(hours=cell.hour, minutes=cell.minute, seconds=cell.second, microseconds=cell.microsecond)
    return cell // timedelta(microseconds=1)


if __name__ == "__main__":
    main()
