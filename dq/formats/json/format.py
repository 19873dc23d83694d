"""The formats of JSON: objects line by line, or as one array."""

from __future__ import annotations

from dq.formats.format import Format
from dq.formats.json.array import array_layout, read_array
from dq.formats.json.lines import lines_layout, read_json_lines, survey_json_lines
from dq.formats.json.spark import ARRAY, LINES
from dq.formats.lines.reading import line_splits
from dq.formats.splits import one_split
from dq.profiling.tally.recipe import CellEncoding
from dq.schema.format_names import FormatNames

JSON_LINES = Format(
    FormatNames("jsonl", spellings=("ndjson", "jsonlines", "json_lines")),
    title="JSON Lines",
    cells=CellEncoding.JSON,
    layout=lines_layout,
    splits=line_splits,
    read=read_json_lines,
    suffixes=("jsonl", "ndjson", "json"),
    text_start=b"{",
    streamed=True,
    survey=survey_json_lines,
    spark=LINES,
)

JSON_ARRAY = Format(
    FormatNames("json", spellings=("json_array",)),
    title="JSON",
    cells=CellEncoding.JSON,
    layout=array_layout,
    splits=one_split,
    read=read_array,
    suffixes=("json",),
    text_start=b"[",
    streamed=True,
    spark=ARRAY,
)
