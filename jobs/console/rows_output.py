"""Rows that fail, or cannot be parsed, written to a file: as CSV, JSON lines or Parquet, by the suffix of its name."""

from __future__ import annotations

import csv
import math
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from dq.profiling.cells.texts import as_text
from dq.profiling.cells.values import JSON_TOKENS
from dq.profiling.tally.recipe import CellEncoding
from dq.rows.findings import FINDINGS, FINDINGS_TYPE, malformed_finding, readable
from dq.schema.column_names import column_names
from etl_core.errors import UsageError
from etl_core.spreadsheets import guarded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dq.profiling.tally.row_batch import MalformedRow
    from dq.rows.files.file_rows import FileRows, RowsOfFile
    from dq.schema.definition import SchemaDefinition

_LINE: Final = "_line"
_TEXT: Final = "_text"
#: Our own columns come last; a column of the file that has one of their names shows its place behind it.
_OURS: Final = (_LINE, FINDINGS, _TEXT)


class _Writer(Protocol):
    def write(self, rows: pa.RecordBatch) -> None:
        """Write some rows."""

    def close(self) -> None:
        """Write what is left."""


def kind_of_rows(out: str) -> str:
    """The format of a file for rows, by its suffix.

    Raises:
        UsageError: it is none of those there are.
    """
    suffix = Path(out).suffix.lower()
    if suffix not in _WRITERS:
        raise UsageError(f"rows cannot be written to {out!r}; expected a name that ends in {', '.join(_WRITERS)}")
    return suffix


def write_rows(rows: RowsOfFile | None, definition: SchemaDefinition, out: str, *, raw: bool) -> int:
    """Write the rows that fail or cannot be parsed; how many they are.

    Args:
        rows: of the file; None where nobody can read it.
        definition: what they are held against.
        out: the file that is written; its suffix says how.
        raw: leave texts in CSV as they are that a spreadsheet would take for formulas.

    Raises:
        UsageError: the file cannot be written.
        PipelineError: the rows cannot be read now.
    """
    if rows is None:
        _write([], (), out, raw=raw, as_texts=True)
        return 0
    # Of files without types of columns each batch may have others, which Parquet does not take; JSON takes any.
    as_texts = rows.recipe.encoding not in (CellEncoding.TYPED, CellEncoding.TEXT) and kind_of_rows(out) != ".jsonl"
    names = column_names([*_OURS, *rows.header])[len(_OURS) :]
    return _write(rows.found(definition), names, out, raw=raw, as_texts=as_texts)


def _write(found: Iterable[FileRows], names: Sequence[str], out: str, *, raw: bool, as_texts: bool) -> int:
    written = 0
    try:
        with ExitStack() as opened:
            writer: _Writer | None = None
            for some in found:
                wanted = _wanted(some, names, as_texts=as_texts)
                if writer is None:
                    writer = _WRITERS[kind_of_rows(out)](out, wanted.schema, raw)
                    opened.callback(writer.close)
                if wanted.num_rows:
                    writer.write(wanted)
                written += wanted.num_rows
            if writer is None:
                _WRITERS[kind_of_rows(out)](out, _schema([pa.string()] * len(names), names), raw).close()
    except OSError as error:
        raise UsageError(f"the rows cannot be written to {out!r}: {error.strerror}") from None
    return written


def _schema(kinds: Sequence[pa.DataType], names: Sequence[str]) -> pa.Schema:
    own = [(_LINE, pa.int64()), (FINDINGS, FINDINGS_TYPE), (_TEXT, pa.string())]
    return pa.schema([*zip(names, kinds, strict=True), *own])


def _wanted(some: FileRows, names: Sequence[str], *, as_texts: bool) -> pa.RecordBatch:
    """Give the failing rows of a batch as they came, and those that cannot be parsed, in the order of their lines."""
    columns = [_plain(column, as_texts=as_texts) for column in some.found.marked.batch.columns]
    schema = _schema([column.type for column in columns], names)
    failing = pa.array(some.found.failing)
    count = int(np.count_nonzero(some.found.failing))
    told = [some.lines.cast(pa.int64()).filter(failing), some.found.findings.filter(failing)]
    good = pa.RecordBatch.from_arrays(
        [*(column.filter(failing) for column in columns), *told, pa.nulls(count, pa.string())], schema=schema
    )
    if not some.malformed:
        return good
    broken = pa.RecordBatch.from_arrays(
        [*(pa.nulls(len(some.malformed), column.type) for column in columns), *_of_malformed(some.malformed)],
        schema=schema,
    )
    both = pa.Table.from_batches([good, broken]).combine_chunks()
    lines = both[_LINE].fill_null(0).to_numpy()
    return both.take(pa.array(np.argsort(lines, kind="stable"))).combine_chunks().to_batches()[0]


def _plain(column: pa.Array, *, as_texts: bool) -> pa.Array:
    if not as_texts:
        return column
    return _unquoted(column.field(0)) if column.type == JSON_TOKENS else as_text(column)


def _unquoted(tokens: pa.StringArray) -> pa.StringArray:
    """Give JSON tokens as text: texts without their quotes, null as null, anything else as it stands."""
    encoded = tokens.dictionary_encode()
    values = [None if token is None else orjson.loads(token) for token in encoded.dictionary.to_pylist()]
    texts = [
        value if value is None or isinstance(value, str) else token
        for value, token in zip(values, encoded.dictionary.to_pylist(), strict=True)
    ]
    return pa.array(texts, pa.string()).take(encoded.indices)


def _of_malformed(rows: Sequence[MalformedRow]) -> list[pa.Array]:
    findings = [[malformed_finding(row)] for row in rows]
    return [
        pa.array([row.line or None for row in rows], pa.int64()),
        pa.array(findings, FINDINGS_TYPE),
        pa.array([row.text for row in rows], pa.string()),
    ]


class _Csv:
    def __init__(self, out: str, schema: pa.Schema, raw: bool) -> None:  # noqa: FBT001 - as all writers are made
        self._raw = raw
        self._file: IO[str] = Path(out).open("w", encoding="utf-8", newline="")  # noqa: SIM115 - see `close`
        self._csv = csv.writer(self._file)
        self._csv.writerow(self._guarded(schema.names))

    def write(self, rows: pa.RecordBatch) -> None:
        columns = [
            [readable(one) for one in column.to_pylist()] if column.type == FINDINGS_TYPE else _texts(column)
            for column in rows.columns
        ]
        self._csv.writerows(map(self._guarded, zip(*columns, strict=True)))

    def _guarded(self, row: Iterable[str | None]) -> list[str | None]:
        if self._raw:
            return list(row)
        return [None if text is None else guarded(text) for text in row]

    def close(self) -> None:
        self._file.close()


def _texts(column: pa.Array) -> list[str | None]:
    texts: list[str | None] = as_text(column).to_pylist()
    return texts


class _JsonLines:
    def __init__(self, out: str, _schema: pa.Schema, _raw: bool) -> None:  # noqa: FBT001 - as all writers are made
        self._file: IO[bytes] = Path(out).open("wb")  # noqa: SIM115 - see `close`

    def write(self, rows: pa.RecordBatch) -> None:
        columns: Mapping[str, list[Any]] = {
            name: _json_values(column) for name, column in zip(rows.schema.names, rows.columns, strict=True)
        }
        for row in zip(*columns.values(), strict=True):
            self._file.write(orjson.dumps(dict(zip(columns, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        self._file.close()


def _json_values(column: pa.Array) -> list[Any]:
    """Give values as JSON has them; what it has no form of, infinite numbers among it, as text."""
    if column.type == JSON_TOKENS:
        return [None if token is None else orjson.Fragment(token) for token in column.field(0).to_pylist()]
    if _is_json(column.type):
        values: list[Any] = column.to_pylist()
        if not pa.types.is_floating(column.type):
            return values
        return [str(one) if isinstance(one, float) and not math.isfinite(one) else one for one in values]
    if pa.types.is_nested(column.type):
        return [None if text is None else orjson.Fragment(text) for text in _texts(column)]
    return list(_texts(column))


def _is_json(kind: pa.DataType) -> bool:
    """Whether JSON has values of a type, so that they need not be written as text."""
    plain = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_string)
    return kind == FINDINGS_TYPE or any(is_kind(kind) for is_kind in plain)


class _Parquet:
    def __init__(self, out: str, schema: pa.Schema, _raw: bool) -> None:  # noqa: FBT001 - as all writers are made
        self._writer = pq.ParquetWriter(out, schema)

    def write(self, rows: pa.RecordBatch) -> None:
        self._writer.write_batch(rows)

    def close(self) -> None:
        self._writer.close()


_WRITERS: Final[Mapping[str, Any]] = {".csv": _Csv, ".jsonl": _JsonLines, ".parquet": _Parquet}
