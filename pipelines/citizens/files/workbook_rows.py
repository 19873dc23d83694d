"""The rows of a workbook as texts, cleansed: what the contract is held against, and what they were.

Cells of a workbook have types of their own, which people do not mean: a zip code may be a number, a day a text. Each is
taken as the text one reads in it, days in the order of ISO 8601; what the columns mean says the contract.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from dq import (
    Limits,
    ObjectStore,
    RowsOfFile,
    SchemaDefinition,
    SourceObject,
    UnreadableFileError,
    as_text,
    load_definition,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dq import MalformedRow
    from pipelines.citizens.contracts import Contract
    from pipelines.citizens.rules.cleansing import Rule

LINE: Final = "_line"
#: Tokens whose texts are remembered: days and numbers of houses come again and again.
_TOKENS: Final = 100_000
#: A day at midnight is a day.
_MIDNIGHT: Final = re.compile(r"[T ]00:00:00(?:\.0+)?(?:Z|\+00:00)?$")
#: A number without a fraction is written without one.
_WHOLE: Final = re.compile(r"\.0+$")


@dataclass(frozen=True, slots=True, eq=False)
class WorkbookRows:
    """All rows of a workbook.

    Attributes:
        raw: as they stand in it, texts, and `_line`, the row of the sheet.
        cleansed: the same rows, with the columns of the contract taken through their rules.
        malformed: rows that cannot be read.
        remarks: sentences on how it was read, and on what looks like a mistake.
    """

    raw: pa.Table
    cleansed: pa.Table
    malformed: tuple[MalformedRow, ...]
    remarks: tuple[str, ...]


def read_workbook(path: Path, contract: Contract, region: str, store: ObjectStore) -> WorkbookRows:
    """Read a workbook: the sheet that is called as the kind, wherever it is among the others, else the first one.

    Raises:
        UnreadableFileError: it is none, or protected by a password, or has no rows at all.
        PipelineError: it cannot be read now.
    """
    source = SourceObject(0, store.peek(None, str(path)), None)
    rows = _opened(source, contract.kind, store)
    raw: list[pa.RecordBatch] = []
    cleansed: list[pa.RecordBatch] = []
    malformed: list[MalformedRow] = []
    rules = contract.rules(region)
    for found in rows.unread():
        texts = [_texts(column) for column in found.raw.columns]
        raw.append(pa.RecordBatch.from_arrays([*texts, found.lines.cast(pa.int64())], names=[*rows.header, LINE]))
        cleansed.append(_cleansed(raw[-1], rules))  # while another process reads the next rows
        malformed += found.malformed
    schema = pa.schema([*((name, pa.string()) for name in rows.header), (LINE, pa.int64())])
    as_read, clean = (pa.Table.from_batches(parts, schema) for parts in (raw, cleansed))
    return WorkbookRows(as_read, clean, tuple(malformed), rows.remarks)


def _opened(source: SourceObject, kind: str, store: ObjectStore) -> RowsOfFile:
    last: UnreadableFileError | None = None
    definition: SchemaDefinition = load_definition({"format": "excel", "fields": []})
    for sheet in (kind, kind.capitalize(), None):
        wanted = replace(source, definition=replace(definition, sheet=sheet))
        try:
            return RowsOfFile(wanted, store, Limits(), at_once=True)
        except UnreadableFileError as error:
            last = error
    raise last or AssertionError


def _cleansed(raw: pa.RecordBatch, rules: Mapping[str, Rule]) -> pa.RecordBatch:
    columns = [
        rules[name](column) if name in rules else column
        for name, column in zip(raw.schema.names, raw.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, names=raw.schema.names)


def _texts(column: pa.Array) -> pa.StringArray:
    """Write cells as texts; a column of cells of several types comes as JSON tokens."""
    if pa.types.is_struct(column.type):
        encoded = column.field(0).dictionary_encode()
        return pa.array(map(_of_token, encoded.dictionary.to_pylist()), pa.string()).take(encoded.indices)
    texts = pc.cast(as_text(column), pa.string())
    return texts if pa.types.is_string(column.type) else _plain(texts)


@lru_cache(_TOKENS)
def _of_token(token: str) -> str | None:
    if token.startswith('"') and "\\" not in token:
        return token[1:-1]
    value = json.loads(token)
    if isinstance(value, str):
        return value
    if isinstance(value, dict):  # a moment, or an error
        return _MIDNIGHT.sub("", str(next(iter(value.values()), "")))
    return None if value is None else _WHOLE.sub("", token)


def _plain(texts: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring_regex(
        pc.replace_substring_regex(texts, rf"^(-?[0-9]+){_WHOLE.pattern}", r"\1"), _MIDNIGHT.pattern, ""
    )
