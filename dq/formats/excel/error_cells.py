"""Error cells and formulas without a result, which the library gives as empty cells, or not at all.

A workbook is looked through once for them, piece by piece. Error cells that say where they are, as programs write them,
are known by their places. Where there are others, they become texts that begin with a mark, in a copy of the workbook
that the library reads instead: that takes as long as to read it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO

from dq.formats.excel.binary_errors import Errors, xls_errors, xlsb_errors
from dq.formats.excel.package import package_of

#: Begins the text of an error cell: a character that Unicode keeps for programs, and no text of people has.
MARK = "\ufdd0"
_MARK = MARK.encode()
#: Bytes looked at at once; and the longest piece that has no end of a row, before it is given up to look for one.
_PIECE, _LONGEST = 1024 * 1024, 8 * 1024 * 1024

_PREFIX = rb"(?:[\w.-]+:)?"
#: A cell that says it is an error, and what it holds; the value in what a cell holds.
_ERROR = re.compile(
    rb"<(" + _PREFIX + rb")c(\s[^<>]*?)?\st\s*=\s*(?:\"e\"|'e')([^<>]*)(?<!/)>(.*?)</\1c\s*>", re.DOTALL
)
_VALUE = re.compile(rb"<" + _PREFIX + rb"v(?:\s[^<>]*)?>\s*([^<]*?)\s*</")
#: A cell whose formula no value follows, be it an empty one, and how a cell says that it is a text.
_FORMULA = re.compile(
    rb"<(" + _PREFIX + rb")c(\s[^<>]*)?>\s*<\1f(?:\s[^<>]*)?(?:/>|>[^<]*</\1f\s*>)"
    rb"(?!\s*<\1v(?:\s[^<>]*)?>[^<])(\s*<\1v[\s/>])?"
)
_TEXT_CELL = re.compile(rb"\st\s*=\s*[\"']str[\"']")
#: How a cell says that it is an error; and one that also says where it is, written in the one way that programs have,
#: with an error that the library knows and gives as an empty cell.
_SIGN = b'"e"'
_PLACED = re.compile(
    rb'<c r="([A-Z]{1,3})([1-9][0-9]{0,6})"(?: [a-z]+="[^"<>]*")*? t="e"(?: [a-z]+="[^"<>]*")*>'
    rb"(?:<f(?:\s[^<>]*)?(?:/>|>[^<]*</f>))?<v>(#(?:N/A|(?:DIV/0|NULL|NUM|REF|VALUE)!|NAME\?))</v></c>"
)
#: Places that are remembered at most: each takes some 200 bytes.
_MOST_PLACES = 100_000
#: An error cell of an ods file.
_ODS_ERROR = re.compile(
    rb"<(table:(?:covered-)?table-cell)((?:\s[^<>]*)?\scalcext:value-type\s*=\s*(?:\"error\"|'error')[^<>]*)(?<!/)>"
    rb"\s*<text:p(?:\s[^<>]*)?>(.*?)</text:p>",
    re.DOTALL,
)
_ODS_VALUE = re.compile(rb"\s(?:office|calcext):(?:value-type|value|string-value)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_TAG = re.compile(rb"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Marked:
    """What was found in a sheet.

    `errors` are the texts of error cells by their rows and columns, or `workbook` is a copy that has them marked.
    `unresolved` counts formulas without a result, in xlsx files only.
    """

    workbook: bytes | None = None
    unresolved: int = 0
    errors: Errors = field(default_factory=dict)


def marked(data: bytes, sheet: int) -> Marked:
    """Look through a sheet, by its place in the workbook."""
    errors = xls_errors(data, sheet)
    if errors:
        return Marked(errors=errors)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if "content.xml" in archive.namelist():
                return _marked(data, archive, "content.xml", (b'"error"', b"'error'"), _mark_ods, _nowhere)
            package = package_of(archive)
            if package and package.book.lower().endswith(".bin"):
                return Marked(errors=xlsb_errors(archive, package, sheet))
            part = package.sheet_part(sheet) if package else None
            return _marked(data, archive, part, (_SIGN, b"'e'"), _mark, _placed) if part else Marked()
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError, RuntimeError, EOFError):
        return Marked()


def _marked(
    data: bytes,
    archive: zipfile.ZipFile,
    part: str,
    signs: tuple[bytes, bytes],
    mark: Callable[[bytes], bytes],
    placed: Callable[[bytes], Errors | None],
) -> Marked:
    unresolved, found = 0, False
    errors: Errors = {}
    with archive.open(part) as stream:
        for text in _pieces(stream):
            if not found and any(_holds(text, sign) for sign in signs):
                places = placed(text)
                errors |= places or {}
                found = len(errors) > _MOST_PLACES or (places is None and mark(text) != text)
            if b"f" in text and (b"<f" in text or b":f" in text):
                unresolved += _unresolved(text)
    if not found:
        return Marked(None, unresolved, errors)
    target = io.BytesIO(data)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
        # What stays in the directory is what the library reads: the part as it was is not listed any more.
        copy.filelist = [info for info in copy.filelist if info.filename != part]
        copy.NameToInfo.pop(part)
        with copy.open(part, "w", force_zip64=True) as written, archive.open(part) as stream:
            for text in _pieces(stream):
                written.write(mark(text))
    return Marked(target.getvalue(), unresolved)


def _holds(text: bytes, sign: bytes) -> bool:
    """Look for a few bytes; single ones, which the cells of most sheets do not have, are looked for much quicker."""
    return sign[:1] in text and sign[1:2] in text and sign in text


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """Give a part in pieces of whole rows, as long as these are not too long."""
    held = b""
    while piece := stream.read(_PIECE):
        text = held + piece
        end = text.rfind(b"row>") + len(b"row>")
        if end < len(b"row>"):
            end = 0 if len(text) < _LONGEST else len(text)
        if end:
            yield text[:end]
        held = text[end:]
    if held:
        yield held


def _unresolved(text: bytes) -> int:
    """Count the formulas without a stored result; one whose result is a text may have an empty one."""
    if _are_resolved(text):
        return 0
    cells = _FORMULA.finditer(text)
    return sum(not (cell[3] and cell[2] and _TEXT_CELL.search(cell[2])) for cell in cells)


def _are_resolved(text: bytes) -> bool:
    """Tell by counts, in a quarter of the time, that a value follows each formula, as Excel writes them."""
    ends = text.count(b"</f>")
    alone = text.count(b"<f") - ends
    values = text.count(b"</f><v>") == ends and text.count(b"/><v>") == alone
    return values and b"<v></v>" not in text and b"<v/>" not in text and b":f" not in text


def _placed(text: bytes) -> Errors | None:
    """Give the errors of a piece by their places; None where one may be that does not say its own."""
    if _holds(text, b"'e'"):
        return None
    errors: Errors = {}
    at = text.find(_SIGN)
    while at >= 0:
        cell = _PLACED.match(text, max(text.rfind(b"<c ", 0, at), 0))
        if cell is None or cell.end() < at:
            return None
        errors[int(cell[2]) - 1, _column(cell[1])] = cell[3].decode()
        at = text.find(_SIGN, cell.end())
    return errors


def _column(letters: bytes) -> int:
    """Give the place of a column, counted from 0, by its letters."""
    place = 0
    for letter in letters:
        place = place * 26 + letter - ord("A") + 1
    return place - 1


def _nowhere(_text: bytes) -> None:
    """Cells of ods files do not say where they are."""


def _mark(text: bytes) -> bytes:
    return _ERROR.sub(_as_text, text)


def _as_text(cell: re.Match[bytes]) -> bytes:
    prefix, before, behind, content = cell.groups()
    value = _VALUE.search(content)
    if value is None or not value[1]:
        return cell[0]
    start = b"<%bc%b%b" % (prefix, before or b"", behind)
    return b'%b t="str"><%bv>%b%b</%bv></%bc>' % (start, prefix, _MARK, value[1], prefix, prefix)


def _mark_ods(text: bytes) -> bytes:
    return _ODS_ERROR.sub(_as_ods_text, text)


def _as_ods_text(cell: re.Match[bytes]) -> bytes:
    tag, attributes, shown = cell.groups()
    other = _ODS_VALUE.sub(b"", attributes)
    return b'<%b%b office:value-type="string"><text:p>%b%b</text:p>' % (tag, other, _MARK, _TAG.sub(b"", shown))
