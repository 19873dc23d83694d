"""The format CSV: rows of cells, separated by a delimiter."""

from __future__ import annotations

from dq.formats.byte_source import ByteSource
from dq.formats.csv.layout import csv_layout
from dq.formats.csv.quotes import count_line_breaks
from dq.formats.csv.rows import CsvRows
from dq.formats.csv.spark import SPARK
from dq.formats.csv.start import first_record
from dq.formats.csv.together import TOGETHER
from dq.formats.format import Format, Reading
from dq.formats.layout import FileLayout
from dq.formats.limits import Limits
from dq.formats.lines.line_format import LineFormat
from dq.formats.lines.reading import line_splits, read_lines
from dq.formats.lines.surveying import survey_lines
from dq.formats.splits import Split, SplitSurvey
from dq.profiling.tally.recipe import CellEncoding
from dq.schema.definition import CsvDialect
from dq.schema.format_names import FormatNames


def _rows(layout: FileLayout, limits: Limits) -> CsvRows:
    return CsvRows(len(layout.header), layout.dialect, limits)


_LINES = LineFormat(_rows, first_record, count_line_breaks)


def _read(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> Reading:
    return read_lines(source, layout, split, limits, _LINES)


def _survey(source: ByteSource, layout: FileLayout, split: Split, limits: Limits) -> SplitSurvey:
    return survey_lines(source, layout, split, limits, _LINES)


CSV = Format(
    FormatNames("csv", spellings=("tsv",), dialects={"tsv": CsvDialect(delimiter="\t")}),
    title="CSV",
    cells=CellEncoding.TEXT,
    layout=csv_layout,
    splits=line_splits,
    read=_read,
    suffixes=("csv", "tsv", "txt"),
    streamed=True,
    together=TOGETHER,
    survey=_survey,
    spark=SPARK,
)
