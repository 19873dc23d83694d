"""What one cell of a workbook says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dq.engine.source_file import StoredSource
from dq.formats.excel.rows import read_cell
from dq.formats.limits import Limits

if TYPE_CHECKING:
    from etl_core.objects.store import ObjectStore

#: As Excel writes it, with or without its sheet: `B2`, `Cover!B2`, `'How many'!$B$2`.
_ADDRESS: Final = re.compile(
    r"(?:(?P<sheet>'(?:[^']|'')+'|[^'!]+)!)?\$?(?P<letters>[A-Za-z]{1,3})\$?(?P<row>[1-9]\d{0,6})"
)


def read_workbook_cell(path: str, address: str, store: ObjectStore) -> str | None:
    """Read a cell of a local workbook, days and moments by ISO 8601; None where it is empty.

    Args:
        path: of the workbook.
        address: as Excel writes it; without a sheet, of the first visible one.
        store: reads it.

    Raises:
        ValueError: the address is none.
        UnreadableFileError: the workbook has no such sheet, or cannot be read.
        PipelineError: it cannot be read now.
    """
    found = _ADDRESS.fullmatch(address.strip())
    if found is None:
        raise ValueError(f"{address!r} is no cell; expected one such as B2 or Cover!B2")
    sheet = found["sheet"]
    if sheet is not None and sheet.startswith("'"):
        sheet = sheet[1:-1].replace("''", "'")
    column = 0
    for letter in found["letters"].upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    peek = store.peek(None, path)
    source = StoredSource(store, peek.head, peek.data)
    return read_cell(source, sheet, (int(found["row"]), column), Limits())
