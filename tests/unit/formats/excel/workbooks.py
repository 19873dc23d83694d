"""One table as a workbook of any kind: xlsx by a library, ods, xls and xlsb written byte by byte."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from xml.sax.saxutils import escape

import xlsxwriter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@dataclass(frozen=True)
class Formula:
    """A formula that was calculated when the workbook was saved: its value."""

    value: float


@dataclass(frozen=True)
class Failed:
    """An error cell of xls and xlsb by its code, which says what it shows; `formula`: of a calculated cell."""

    code: int
    formula: bool = False


Cell: TypeAlias = "str | float | bool | dt.date | dt.datetime | Formula | Failed | None"


@dataclass(frozen=True)
class Table:
    """Rows of one sheet from its first cell on; `merged` are (first, last) columns of the first row put together."""

    rows: Sequence[Sequence[Cell]]
    since_1904: bool = False
    merged: tuple[int, int] | None = None

    def number(self, cell: dt.date) -> float:
        """Give a date or a moment as days since the beginning of the workbook's calendar."""
        start = dt.datetime(1904, 1, 1) if self.since_1904 else dt.datetime(1899, 12, 30)  # noqa: DTZ001 - no zones
        moment = cell if isinstance(cell, dt.datetime) else dt.datetime.combine(cell, dt.time())
        return (moment - start) / dt.timedelta(days=1)


#: Number formats that every workbook has: general, a date, a date with a clock. Cells name them by these positions.
_FORMATS = (0, 14, 22)


def _format_of(cell: Cell) -> int:
    return 2 if isinstance(cell, dt.datetime) else int(isinstance(cell, dt.date))


def xlsx(table: Table) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "date_1904": table.since_1904}) as book:
        formats = [book.add_format({"num_format": number}) for number in _FORMATS]
        sheet = book.add_worksheet("Sheet")
        if table.merged:
            first, last = table.merged
            sheet.merge_range(0, first, 0, last, "")
        for row, cells in enumerate(table.rows):
            for at, cell in enumerate(cells):
                if isinstance(cell, Formula):
                    sheet.write_formula(row, at, "=1+1", None, cell.value)
                elif isinstance(cell, dt.date):
                    sheet.write_number(row, at, table.number(cell), formats[_format_of(cell)])
                elif cell is not None:
                    sheet.write(row, at, cell)
    return file.getvalue()


def archive(parts: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return file.getvalue()


_OPEN_DOCUMENT = "application/vnd.oasis.opendocument.spreadsheet"
_NAMES = "".join(
    f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
)


def ods(table: Table, *, encrypted: bool = False) -> bytes:
    rows = "".join(f"<table:table-row>{''.join(_ods_cells(table, row))}</table:table-row>" for row in table.rows)
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{_NAMES} office:version="1.2"><office:body>'
        f'<office:spreadsheet><table:table table:name="Sheet">{rows}</table:table></office:spreadsheet></office:body>'
        "</office:document-content>"
    )
    secret = '<manifest:encryption-data manifest:checksum-type="x" manifest:checksum="x"/>' if encrypted else ""
    manifest = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_OPEN_DOCUMENT}"/>'
        f'<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml">{secret}'
        "</manifest:file-entry></manifest:manifest>"
    )
    return archive({"mimetype": _OPEN_DOCUMENT, "content.xml": content, "META-INF/manifest.xml": manifest})


def _ods_cells(table: Table, row: Sequence[Cell]) -> list[str]:
    first, last = table.merged or (-1, -1)
    cells = []
    for at, cell in enumerate(row):
        covered = row is table.rows[0] and first < at <= last
        spans = row is table.rows[0] and at == first
        kind = "covered-table-cell" if covered else "table-cell"
        span = f' table:number-columns-spanned="{last - first + 1}" table:number-rows-spanned="1"' if spans else ""
        cells.append(f"<table:{kind}{span}{_ods_value(cell)}</table:{kind}>")
    return cells


def _ods_value(cell: Cell) -> str:
    match cell:
        case None:
            return ">"
        case bool():
            return f' office:value-type="boolean" office:boolean-value="{str(cell).lower()}"><text:p>{cell}</text:p>'
        case str():
            return f' office:value-type="string"><text:p>{escape(cell)}</text:p>'
        case dt.date():
            return f' office:value-type="date" office:date-value="{cell.isoformat()}"><text:p>{cell}</text:p>'
        case Formula(value):
            return f' table:formula="of:=1+1" office:value-type="float" office:value="{value}"><text:p>{value}</text:p>'
    return f' office:value-type="float" office:value="{cell}"><text:p>{cell}</text:p>'


def xls(table: Table, *, encrypted: bool = False) -> bytes:
    """Write BIFF8: records of a number, a length and that many bytes."""
    texts = list(dict.fromkeys(cell for row in table.rows for cell in row if isinstance(cell, str)))

    def globals_(sheet_at: int) -> bytes:
        return b"".join(
            (
                _biff(0x0809, struct.pack("<4H2I", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6)),
                _biff(0x002F, bytes(54)) if encrypted else b"",
                _biff(0x0042, struct.pack("<H", 1200)),
                _biff(0x0022, struct.pack("<H", table.since_1904)),
                *(_biff(0x00E0, struct.pack("<2H16x", 0, number)) for number in _FORMATS),
                _biff(0x0085, struct.pack("<IBBBB", sheet_at, 0, 0, 5, 0) + b"Sheet"),
                _biff(0x00FC, struct.pack("<2I", len(texts), len(texts)) + b"".join(map(_biff_text, texts))),
                _biff(0x000A),
            )
        )

    width = max(map(len, table.rows))
    sheet = [
        _biff(0x0809, struct.pack("<4H2I", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6)),
        _biff(0x0200, struct.pack("<2I3H", 0, len(table.rows), 0, width, 0)),
        *(
            _xls_cell(table, texts, struct.pack("<3H", row, at, _format_of(cell)), cell)
            for row, cells in enumerate(table.rows)
            for at, cell in enumerate(cells)
            if cell is not None
        ),
        _biff(0x00E5, struct.pack("<5H", 1, 0, 0, *table.merged)) if table.merged else b"",
        _biff(0x000A),
    ]
    return compound_file({"Workbook": globals_(len(globals_(0))) + b"".join(sheet)})


def _biff(number: int, body: bytes = b"") -> bytes:
    return struct.pack("<2H", number, len(body)) + body


def _biff_text(text: str) -> bytes:
    return struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")


def _xls_cell(table: Table, texts: Sequence[str], place: bytes, cell: Cell) -> bytes:
    match cell:
        case bool():
            return _biff(0x0205, place + struct.pack("<2B", cell, 0))
        case str():
            return _biff(0x00FD, place + struct.pack("<I", texts.index(cell)))
        case dt.date():
            return _biff(0x0203, place + struct.pack("<d", table.number(cell)))
        case Formula(value):
            one_plus_one = b"\x1e\1\0\x1e\1\0\3"
            return _biff(0x0006, place + struct.pack("<dHIH", value, 0, 0, len(one_plus_one)) + one_plus_one)
        case Failed():
            return _xls_error(place, cell)
        case float() | int():
            return _biff(0x0203, place + struct.pack("<d", cell))
    raise AssertionError(cell)


def _xls_error(place: bytes, cell: Failed) -> bytes:
    if not cell.formula:
        return _biff(0x0205, place + struct.pack("<2B", cell.code, 1))
    result = struct.pack("<6BH", 2, 0, cell.code, 0, 0, 0, 0xFFFF)
    return _biff(0x0006, place + result + struct.pack("<HIH", 0, 0, 3) + b"\x1e\1\0")


_SECTOR = 512
_FREE, _END, _IS_TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def compound_file(streams: Mapping[str, bytes]) -> bytes:
    """Write an OLE container of at most three streams: its table of sectors, its directory, the streams."""
    table, data, entries = [_IS_TABLE, _END], b"", []
    for stream in streams.values():
        padded = stream + bytes(max(4096 - len(stream), -len(stream) % _SECTOR))  # smaller ones are kept elsewhere
        padded += bytes(-len(padded) % _SECTOR)
        first = len(table)
        count = len(padded) // _SECTOR
        table += [*range(first + 1, first + count), _END]
        data += padded
        entries.append((first, len(padded)))
    assert len(table) <= _SECTOR // 4
    names = ["Root Entry", *streams]
    directory = b""
    for at, name in enumerate(names):
        text = name.encode("utf-16-le") + b"\0\0"
        start, size = entries[at - 1] if at else (_END, 0)
        following = at + 1 if 0 < at < len(names) - 1 else _FREE
        places = (_FREE, following, _FREE) if at else (_FREE, _FREE, 1)
        directory += struct.pack("<64sHBB3I36xIQ", text, len(text), 2 if at else 5, 1, *places, start, size)
    header = struct.pack(
        "<8s16x5H6x9I",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, _END, 0, _END, 0,
    )  # fmt: skip
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    sectors = struct.pack("<128I", *table, *[_FREE] * (128 - len(table)))
    return header + sectors + directory.ljust(_SECTOR, b"\0") + data


def xlsb(table: Table) -> bytes:
    """Write BIFF12: records as of xls, with numbers and lengths of 7 bits a byte, as parts of an archive."""
    texts = list(dict.fromkeys(cell for row in table.rows for cell in row if isinstance(cell, str)))
    strings = [
        _record(0x009F, struct.pack("<2I", len(texts), len(texts))),
        *(_record(0x0013, b"\0" + _wide(text)) for text in texts),
        _record(0x00A0),
    ]
    styles = [
        _record(0x0116),
        _record(0x0269, struct.pack("<I", len(_FORMATS))),
        *(_record(0x002F, struct.pack("<2H12x", 0, number)) for number in _FORMATS),
        _record(0x026A),
        _record(0x0117),
    ]
    book = [
        _record(0x0083),
        _record(0x0099, struct.pack("<3I", table.since_1904, 0, 0)),
        _record(0x008F),
        _record(0x009C, struct.pack("<2I", 0, 1) + _wide("rId1") + _wide("Sheet")),
        _record(0x0090),
        _record(0x009D, bytes(26)),
        _record(0x0084),
    ]
    width = max(map(len, table.rows))
    sheet = [_record(0x0081), _record(0x0094, struct.pack("<4I", 0, len(table.rows) - 1, 0, width - 1)), _record(0x91)]
    for number, row in enumerate(table.rows):
        sheet.append(_record(0x0000, struct.pack("<I13x", number)))
        for at, cell in enumerate(row):
            if cell is not None:
                sheet.append(_xlsb_cell(table, texts, struct.pack("<2I", at, _format_of(cell)), cell))
    sheet += [_record(0x0092)]
    if table.merged:
        merged = _record(0x00B0, struct.pack("<4I", 0, 0, *table.merged))
        sheet += [_record(0x00B1, struct.pack("<I", 1)), merged, _record(0x00B2)]
    sheet += [_record(0x0082)]
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    return archive(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="bin" ContentType='
            '"application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
            f'Type="{relations}/officeDocument" Target="xl/workbook.bin"/></Relationships>',
            "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{package}/relationships">'
            f'<Relationship Id="rId1" Type="{relations}/worksheet" Target="worksheets/sheet1.bin"/>'
            f'<Relationship Id="rId2" Type="{relations}/styles" Target="styles.bin"/>'
            f'<Relationship Id="rId3" Type="{relations}/sharedStrings" Target="sharedStrings.bin"/></Relationships>',
            "xl/workbook.bin": b"".join(book),
            "xl/styles.bin": b"".join(styles),
            "xl/sharedStrings.bin": b"".join(strings),
            "xl/worksheets/sheet1.bin": b"".join(sheet),
        }
    )


def _record(number: int, body: bytes = b"") -> bytes:
    return _seven_bits(number) + _seven_bits(len(body)) + body


def _seven_bits(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _seven_bits(rest) if rest else bytes([low])


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _xlsb_cell(table: Table, texts: Sequence[str], place: bytes, cell: Cell) -> bytes:
    match cell:
        case bool():
            return _record(4, place + struct.pack("<B", cell))
        case str():
            return _record(7, place + struct.pack("<I", texts.index(cell)))
        case dt.date():
            return _record(5, place + struct.pack("<d", table.number(cell)))
        case Formula(value):
            one_plus_one = b"\x1e\1\0\x1e\1\0\3"
            return _record(9, place + struct.pack("<dHI", value, 0, len(one_plus_one)) + one_plus_one + bytes(4))
        case Failed():
            calculated = struct.pack("<HI", 0, 3) + b"\x1e\1\0" + bytes(4) if cell.formula else b""
            return _record(11 if cell.formula else 3, place + bytes([cell.code]) + calculated)
        case float() | int():
            return _record(5, place + struct.pack("<d", cell))
    raise AssertionError(cell)


WRITERS: dict[str, Callable[[Table], bytes]] = {"xlsx": xlsx, "ods": ods, "xls": xls, "xlsb": xlsb}
