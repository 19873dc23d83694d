"""The format Excel: workbooks of any kind, of which one sheet is read."""

from __future__ import annotations

from dq.formats.excel.rows import excel_layout, read_workbook
from dq.formats.format import Format, Magic
from dq.formats.splits import one_split
from dq.profiling.tally.recipe import CellEncoding
from dq.schema.format_names import FormatNames

EXCEL = Format(
    FormatNames("excel", spellings=("xlsx", "xls", "xlsb", "ods")),
    title="a workbook",
    cells=CellEncoding.SHEET,
    layout=excel_layout,
    splits=one_split,
    read=read_workbook,
    late=True,
    suffixes=("xlsx", "xls", "xlsb", "xlsm", "ods"),
    magic=(
        Magic(b"PK\x03\x04", "a zip archive or workbook"),
        Magic(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office file"),
    ),
)
