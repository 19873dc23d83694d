"""Reads workbooks in a process of its own, which may fail, or be ended, without harm to anybody.

The library lays a whole sheet out in memory, whatever a file of some kilobytes says of its size, and one that cannot
have the memory takes its process along. So this process has a limit on memory and on processor time, and its parent
waits no longer than it wants to. It imports next to nothing: it starts in some hundredths of a second.

From the standard input: a line of JSON with `size`, `sheet`, `cells`, `columns`, `memory`, `seconds`, then so many
bytes of a workbook; and so on until there is no more, or nothing came for a while. To the standard output: frames,
each a line of JSON and the bytes it announces.
- `{"header": names, "size": 0}`, once;
- `{"rows": n, "lines": m, "columns": kinds, "sizes": ..., "size": bytes}`: the next rows, column by column;
- `{"error": why, "text": message}`, instead of more of them;
- `{"end": true, "stays": whether it waits for another workbook}`.
"""

from __future__ import annotations

import io
import json
import re
import resource
import select
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import IO, Any, TypeAlias

import orjson
from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

Cell: TypeAlias = "str | int | float | bool | date | datetime | clock | timedelta | None"

#: Rows, cells, and characters of texts, that are Python objects at once.
ROWS, CELLS, TEXT = 10_000, 500_000, 32 * 1024 * 1024
#: Seconds without work after which the process ends.
IDLE = 30
#: Bytes of memory, held once a workbook is read, from which the process ends: another one is smaller.
LARGE = 256 * 1024 * 1024
#: Why a workbook cannot be read.
BROKEN, PASSWORD, NO_HEADER, LIMIT, MEMORY = "broken", "password", "no header", "limit", "memory"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of this process, and how much it may take: see `Limits`."""

    size: int
    sheet: str | None
    cells: int
    columns: int
    memory: int
    seconds: int


class RefusedError(Exception):
    """A workbook that cannot be read, and why."""

    def __init__(self, why: str, text: str) -> None:
        super().__init__(text)
        self.why = why


@dataclass(frozen=True, slots=True)
class Frame:
    """What is sent: a line of JSON, and bytes."""

    head: dict[str, Any]
    body: bytes = b""


#: An office file that holds an encrypted one, and an old workbook whose texts are encrypted: what it begins with is
#: followed by how it is.
_COMPOUND, _PACKAGE = b"\xd0\xcf\x11\xe0", "EncryptedPackage".encode("utf-16-le")
_OLD_AND_ENCRYPTED = re.compile(rb"\x09\x08\x10\0\0\x06\x05\0.{12}(?:\x86\0\0\0)?\x2f\0", re.DOTALL)


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
        yield _unreadable(data, error)


def _unreadable(data: bytes, error: BaseException) -> Frame:
    """Say what is wrong with a workbook; the library says of an archive without one only that it does not know it."""
    if _NO_MEMORY in str(error):
        return Frame({"error": MEMORY, "text": ""})
    names, encrypted = _looked_into(data)
    if encrypted:
        return Frame({"error": PASSWORD, "text": ""})
    if names and not any(name.lower().replace("\\", "/").endswith(_BOOKS) for name in names):
        shown = ", ".join(repr(name[:60]) for name in names[:5])
        text = f"the file is a zip archive that holds no workbook (but {shown}); send the file itself"
        return Frame({"error": LIMIT, "text": text})
    lines = str(error).strip().splitlines()
    return Frame({"error": BROKEN, "text": lines[0][:160] if lines else type(error).__name__})


#: What the library says when Python has no memory for one more cell.
_NO_MEMORY = "PyObject pointer is null"
#: Ends of the names of the parts that make an archive a workbook; the part of an ods file that says what is encrypted.
_BOOKS = ("workbook.xml", "workbook.bin", "content.xml")
_MANIFEST, _ENCRYPTED, _MOST_MANIFEST = "META-INF/manifest.xml", b":encryption-data", 1024 * 1024


def _looked_into(data: bytes) -> tuple[list[str], bool]:
    """Name the parts of an archive, and tell whether it is an encrypted ods file."""
    import zipfile  # noqa: PLC0415 - needed for what cannot be read only

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if _MANIFEST not in names:
                return names, False
            with archive.open(_MANIFEST) as part:
                return names, _ENCRYPTED in part.read(_MOST_MANIFEST)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return [], False


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
    """Give the header, the first row of the sheet, and the rows below it; empty rows are blank lines, not rows."""
    if data.startswith(_COMPOUND) and (_PACKAGE in data or _OLD_AND_ENCRYPTED.search(data)):
        raise RefusedError(PASSWORD, "")
    with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
        sheet = _sheet(book, request.sheet)
        if sheet.height * sheet.width > request.cells:
            spanned = f"{sheet.height:,} x {sheet.width:,} cells"
            text = f"the sheet {sheet.name!r} spans {spanned}, the most that is read is {request.cells:,}"
            raise RefusedError(LIMIT, text)
        rows = ([None if cell == "" else cell for cell in row] for row in sheet.iter_rows())
        header = next(rows, None)
        if header is None or all(cell is None for cell in header):
            raise RefusedError(NO_HEADER, f"the sheet {sheet.name!r} has no header: its first row is empty")
        if len(header) > request.columns:
            text = f"the sheet has {len(header):,} columns, the most that is read is {request.columns:,}"
            raise RefusedError(LIMIT, text)
        yield Frame({"header": _names(header, sheet)})
        yield from _pieces(rows, len(header), max(min(ROWS, CELLS // len(header)), 1))


def _sheet(book: CalamineWorkbook, name: str | None) -> CalamineSheet:
    found = [one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    sheets = [one.name for one in found]
    if not sheets:
        raise RefusedError(BROKEN, "the workbook has no worksheet")
    if name is not None and name not in sheets:
        text = f"the workbook has no sheet {name!r}; it has {', '.join(map(repr, sheets[:20]))}"
        raise RefusedError(LIMIT, text)
    visible = [one.name for one in found if one.visible == SheetVisibleEnum.Visible]
    return book.get_sheet_by_name(name or [*visible, *sheets][0])


def _names(header: Sequence[Cell], sheet: CalamineSheet) -> list[str]:
    """Name the columns; a merged header cell names all the columns it spans."""
    names = ["" if cell is None else _name(cell) for cell in header]
    top, left = sheet.start or (0, 0)
    for (first_row, first), (_, last) in sheet.merged_cell_ranges or []:
        if first_row == top:
            for at in range(first + 1 - left, min(last + 1 - left, len(names))):
                names[at] = names[first - left]
    return names


def _name(cell: Cell) -> str:
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).strip()


def _pieces(rows: Iterator[list[Cell]], width: int, most: int) -> Iterator[Frame]:
    kept: list[list[Cell]] = []
    numbers = array("q")
    before = number = size = 0
    for number, row in enumerate(rows, 1):
        if any(cell is not None for cell in row):
            kept.append([*row[:width], *[None] * (width - len(row))])
            numbers.append(number - before)
            size += sum(len(cell) for cell in row if type(cell) is str)
        if number - before == most or size > TEXT:
            yield _piece(kept, numbers, width, number - before)
            kept, numbers, before, size = [], array("q"), number, 0
    if number > before:
        yield _piece(kept, numbers, width, number - before)


def _piece(rows: list[list[Cell]], numbers: array[int], width: int, lines: int) -> Frame:
    columns = [_column([row[at] for row in rows]) for at in range(width)]
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
    """Give the kind of a column and its buffers: which cells are there (none: all are), their values."""
    kinds = set(map(type, cells)) - {type(None)}
    if not kinds:
        return "null", []
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
    if kind == "text":
        texts = [cell or "" for cell in cells]
    elif kind == "json":
        texts = ["" if cell is None else orjson.dumps(cell, default=_duration).decode() for cell in cells]
    else:
        texts = ["" if cell is None else cell.isoformat() for cell in cells]
    encoded = [text.encode() for text in texts]
    ends = array("i", [0])
    end = 0
    for one in encoded:
        end += len(one)
        ends.append(end)
    return ends.tobytes(), b"".join(encoded)


def _microseconds(cell: timedelta | clock) -> int:
    if isinstance(cell, clock):
        cell = timedelta(hours=cell.hour, minutes=cell.minute, seconds=cell.second, microseconds=cell.microsecond)
    return cell // timedelta(microseconds=1)


def _duration(cell: object) -> object:
    """Tell a duration among other cells from texts that look like one: see `dq.profiling.cells.sheet_durations`."""
    return {"duration": _microseconds(cell)} if isinstance(cell, timedelta) else str(cell)


if __name__ == "__main__":
    main()
