"""The non-null cells of one column in one batch, parsed: from text, JSON tokens or typed Arrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.kinds import WRITTEN_AS_STRINGS, kind_of_family, kind_of_json
from dq.profiling.cells.moments import read_datetimes, read_durations, read_times
from dq.profiling.cells.number_line import DAYS, Mask
from dq.profiling.cells.parsing import Parsed, parse_text, some_rests, within
from dq.profiling.cells.physical import WRITTEN, type_family
from dq.profiling.cells.sheet_cells import SheetError, is_date_or_moment, moments_for, sheet_texts, sheet_value
from dq.profiling.cells.sheet_durations import as_durations, durations_for
from dq.profiling.cells.texts import as_text, nested_text, offsets_of
from dq.profiling.tally.recipe import CellEncoding, ColumnRecipe
from dq.schema.definition import FieldType

#: The type of a column of mixed JSON: each cell is one JSON token. Nobody's own column has such a name within.
JSON_TOKENS = pa.struct([("\ue000token", pa.string())])


@dataclass(frozen=True, slots=True)
class Cells:
    """One column of one batch. `rows` are the row numbers of the non-null cells (None: all rows).

    `present` holds their text for text columns, else the typed values. `parsed` are those that
    parse; `wrong_type` says that the column's physical type is another one altogether (typed files only: JSON has no
    types of columns). `kinds` names what the present cells are where that is not what is wanted, one name for all of
    them or one each; empty where nothing is to be said.
    """

    rows: npt.NDArray[np.int64] | None
    present: pa.Array
    parsed: Parsed
    wrong_type: bool = False
    kinds: str | Sequence[str] = ""

    def kind_of(self, position: int) -> str:
        """Name what a present cell is."""
        return self.kinds if isinstance(self.kinds, str) else self.kinds[position]

    def row_of(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Turn positions among the present cells into row numbers of the batch."""
        return positions if self.rows is None else self.rows[positions]

    def parsed_positions(self) -> npt.NDArray[np.int64]:
        """Give the positions among the present cells of those that parse."""
        if self.parsed.ok is None:
            return np.arange(len(self.present), dtype=np.int64)
        return np.flatnonzero(self.parsed.ok)

    def unparsable_positions(self) -> npt.NDArray[np.int64]:
        """Give the positions among the present cells of those that do not parse."""
        return np.empty(0, np.int64) if self.parsed.ok is None else np.flatnonzero(~self.parsed.ok)

    def between(self, start: int, stop: int) -> Cells:
        """Give the cells of some rows of the batch, as a batch of their own."""
        rows, ok, parsed = self.rows, self.parsed.ok, self.parsed
        first, last = (start, stop) if rows is None else np.searchsorted(rows, (start, stop)).tolist()
        begin, end = (first, last) if ok is None else (int(ok[:at].sum()) for at in (first, last))
        return Cells(
            None if rows is None else rows[first:last] - start,
            self.present.slice(first, last - first),
            parsed.between(begin, end, None if ok is None else ok[first:last]),
            self.wrong_type,
            self.kinds if isinstance(self.kinds, str) else self.kinds[first:last],
        )


def read_cells(column: pa.Array, recipe: ColumnRecipe, encoding: CellEncoding, missing: Sequence[str]) -> Cells:
    """Drop the nulls of a column and parse the rest to its declared type."""
    if pa.types.is_struct(column.type) and column.type in (JSON_TOKENS, WRITTEN):
        written = column.type == WRITTEN
        read = partial(_read_written, strange=column.field(1)) if written else partial(_read_tokens, encoding=encoding)
        return read(column.field(0), recipe, missing)
    if encoding is CellEncoding.TEXT:
        column = as_text(column)  # of a table in memory, that is: columns of text files are texts
    is_text = pa.types.is_string(column.type)
    valid = _valid(column, missing if is_text else ())
    nulls = 0 if valid is None else int(len(valid) - np.count_nonzero(valid))
    present = column if not nulls else column.filter(pa.array(valid))
    rows = np.flatnonzero(valid) if nulls and valid is not None else None
    if encoding is CellEncoding.TEXT or (is_text and encoding in _LOOSE and recipe.type in WRITTEN_AS_STRINGS):
        return Cells(rows, present, parse_text(present, recipe.type, recipe.format))
    if encoding is CellEncoding.SHEET and is_date_or_moment(present.type):
        return Cells(rows, *_moments(present, recipe.type))
    if encoding is CellEncoding.SHEET and pa.types.is_duration(present.type):
        shown, parsed = durations_for(present, recipe.type)
        return Cells(rows, shown, parsed or nothing_parses(shown))
    parsed = typed_values(present, recipe.type, encoding)
    kind = kind_of_family(type_family(present.type), recipe.type)
    if parsed is None:
        wrong_type = encoding is CellEncoding.TYPED and len(present) > 0
        return Cells(rows, present, nothing_parses(present), wrong_type, kind)
    return Cells(rows, present, parsed, kinds=kind)


def _read_written(
    texts: pa.StringArray, recipe: ColumnRecipe, missing: Sequence[str], strange: pa.BooleanArray
) -> Cells:
    """Parse texts that were written anew by the grammar of text files; strange ones have no type that fits."""
    valid = _valid(texts, missing)
    some = np.ones(len(texts), np.bool_) if valid is None else valid
    odd = strange.to_numpy(zero_copy_only=False)[some]
    present = texts.filter(pa.array(some))
    rows = None if some.all() else np.flatnonzero(some)
    if not odd.any():
        return Cells(rows, present, parse_text(present, recipe.type, recipe.format))
    parsed = parse_text(present.filter(pa.array(~odd)), recipe.type, recipe.format)
    ok = ~odd
    if parsed.ok is not None:
        ok[ok] = parsed.ok
    return Cells(rows, present, replace(parsed, ok=ok))


#: Encodings whose dates may be strings and whose numbers may be doubles.
_LOOSE = (CellEncoding.JSON, CellEncoding.SHEET)
_EXACT_DOUBLES = 2.0**53
_FROM_INTEGERS = (FieldType.INTEGER, FieldType.NUMBER, FieldType.DECIMAL, FieldType.ANY)


def _valid(column: pa.Array, missing: Sequence[str]) -> Mask | None:
    """Tell which cells are not null, None when all are."""
    valid: Mask | None = None
    if column.null_count:
        valid = column.is_valid().to_numpy(zero_copy_only=False)
    if missing:
        if tuple(missing) == ("",):
            begins = offsets_of(column)
            filled = begins[1:] > begins[:-1]
            if filled.all():
                return valid
        else:
            absent = pc.is_in(column, value_set=pa.array(list(missing), pa.string()))
            filled = ~absent.to_numpy(zero_copy_only=False)
        valid = filled if valid is None else valid & filled
    return valid


def nothing_parses(present: pa.Array) -> Parsed:
    """Give the outcome of a column no cell of which has the declared type."""
    return Parsed(np.zeros(len(present), np.bool_), pa.array([], pa.string()), None)


def typed_values(present: pa.Array, kind: FieldType, encoding: CellEncoding) -> Parsed | None:
    """Read typed cells as `kind`; None when their physical type is another one."""
    family = type_family(present.type)
    if family is FieldType.NUMBER and encoding in _LOOSE:
        if kind is FieldType.DECIMAL:
            return parse_text(_decimal_text(present), kind, None)
        if kind is FieldType.INTEGER and encoding is CellEncoding.SHEET:
            return _whole_numbers(present)
    if family is FieldType.TIME and kind is FieldType.DURATION and encoding is CellEncoding.SHEET:
        return read_durations(as_durations(present))
    accepted, read = _READERS[kind]
    return read(present) if not accepted or family in accepted else None


def _moments(present: pa.Array, kind: FieldType) -> tuple[pa.Array, Parsed]:
    """Read the dates and moments of a sheet: as they are shown, and parsed."""
    shown, ok, fitting = moments_for(present, kind)
    if not len(fitting):
        return shown, nothing_parses(present)
    parsed = _READERS[kind][1](fitting)
    return shown, parsed if ok is None else replace(parsed, ok=ok)


def _decimal_text(present: pa.Array) -> pa.StringArray:
    """Write doubles without an exponent, with as many digits as they need."""
    return pa.array([np.format_float_positional(cell, trim="-") for cell in present.to_pylist()], pa.string())


def _whole_numbers(present: pa.Array) -> Parsed:
    numbers = present.to_numpy(zero_copy_only=False)
    whole = (numbers == np.floor(numbers)) & (np.abs(numbers) <= _EXACT_DOUBLES)
    return Parsed(whole, present.filter(pa.array(whole)), numbers[whole].astype(np.int64))


def _texts(present: pa.Array) -> Parsed:
    return Parsed(None, as_text(present), None)


def _integers(present: pa.Array) -> Parsed:
    if present.type == pa.uint64():
        return parse_text(as_text(present), FieldType.INTEGER, None)  # may be beyond 64 bits
    return Parsed(None, present, pc.cast(present, pa.int64()).to_numpy(zero_copy_only=False))


def _numbers(present: pa.Array) -> Parsed:
    numbers = pc.cast(present, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return within(present, numbers, np.isfinite(numbers))


def _decimals(present: pa.Array) -> Parsed:
    return parse_text(as_text(present), FieldType.DECIMAL, None)


def _booleans(present: pa.Array) -> Parsed:
    return Parsed(None, present, pc.cast(present, pa.int8()).to_numpy(zero_copy_only=False).astype(np.int64))


def _dates(present: pa.Array) -> Parsed:
    days = pc.cast(pc.cast(present, pa.date32(), safe=False), pa.int32()).to_numpy(zero_copy_only=False)
    numbers = days.astype(np.int64)
    return within(present, numbers, (numbers >= DAYS[0]) & (numbers <= DAYS[1]))


#: For each declared type the physical types it takes (none named: all) and how their values are read.
_READERS: dict[FieldType, tuple[tuple[FieldType, ...], Callable[[pa.Array], Parsed]]] = {
    FieldType.STRING: ((FieldType.STRING,), _texts),
    FieldType.INTEGER: ((FieldType.INTEGER,), _integers),
    FieldType.NUMBER: ((FieldType.NUMBER, FieldType.INTEGER, FieldType.DECIMAL), _numbers),
    FieldType.DECIMAL: ((FieldType.DECIMAL, FieldType.INTEGER), _decimals),
    FieldType.BOOLEAN: ((FieldType.BOOLEAN,), _booleans),
    FieldType.DATE: ((FieldType.DATE,), _dates),
    FieldType.DATETIME: ((FieldType.DATETIME,), read_datetimes),
    FieldType.TIME: ((FieldType.TIME,), read_times),
    FieldType.DURATION: ((FieldType.DURATION,), read_durations),
    FieldType.OBJECT: ((FieldType.OBJECT,), _texts),
    FieldType.ARRAY: ((FieldType.ARRAY,), _texts),
    FieldType.ANY: ((), _texts),
}


def _read_tokens(tokens: pa.StringArray, recipe: ColumnRecipe, missing: Sequence[str], encoding: CellEncoding) -> Cells:
    """Parse a column of mixed JSON values, each distinct token once."""
    if encoding is CellEncoding.JSON and recipe.type in _BEGIN and tokens.null_count < len(tokens):
        there = tokens.is_valid()
        present = tokens.drop_null()
        # A token is canonical: what begins like an object is one, and is written like this.
        if pc.all(pc.starts_with(present, _BEGIN[recipe.type])).as_py():
            rows = np.flatnonzero(there.to_numpy(zero_copy_only=False)) if tokens.null_count else None
            return Cells(rows, present, Parsed(None, present, None))
    encoded = tokens.fill_null("null").dictionary_encode()
    values = [orjson.loads(token) for token in encoded.dictionary.to_pylist()]
    if encoding is CellEncoding.SHEET:
        values = list(map(sheet_value, values))
    shown = sheet_texts if encoding is CellEncoding.SHEET else _json_texts
    absent = {None, *missing}
    keep = np.array([not _is_null(value, absent) for value in values], np.bool_)
    at = encoded.indices.to_numpy(zero_copy_only=False)
    valid = keep[at] if len(at) else np.empty(0, np.bool_)
    texts: list[str | None] = [None] * len(values)
    numbers, rests, offsets, fits = [0] * len(values), [0] * len(values), [False] * len(values), [False] * len(values)
    for kind, places in _by_type(values, keep).items():
        some = [values[place] for place in places]
        parsed = _alike(some, kind, recipe, encoding)
        fitting = [] if parsed is None else [place for place, fit in zip(places, _fits(parsed), strict=True) if fit]
        if parsed is not None:
            for at_place, text in zip(fitting, as_text(parsed.cells).to_pylist(), strict=True):
                texts[at_place], fits[at_place] = text, True
            for given, taken in ((numbers, parsed.numbers), (rests, parsed.rests), (offsets, parsed.with_offset)):
                for at_place, one in zip(fitting, () if taken is None else taken, strict=taken is not None):
                    given[at_place] = one
        others = [place for place in places if not fits[place]]
        for place, text in zip(others, shown([values[place] for place in others]), strict=True):
            texts[place] = text
    ok = np.array(fits, np.bool_)[at][valid] if len(at) else np.empty(0, np.bool_)
    present = pa.array(texts, pa.string()).take(pa.array(at[valid]))
    kept = None if recipe.type in _AS_TEXT else np.array(numbers)[at][valid][ok]
    behind = None if kept is None else some_rests(np.array(rests, np.int64)[at][valid][ok])
    rows = None if valid.all() else np.flatnonzero(valid)
    with_offset = np.array(offsets, np.bool_)[at][valid][ok] if any(offsets) else None
    kinds = [kind_of_json(value, recipe.type) for value in values]
    named = [kinds[token] for token in at[valid].tolist()] if any(kinds) else ""
    return Cells(rows, present, Parsed(ok, present.filter(pa.array(ok)), kept, behind, with_offset), kinds=named)


_BEGIN = {FieldType.OBJECT: "{", FieldType.ARRAY: "["}
_AS_TEXT = (FieldType.STRING, FieldType.ANY, FieldType.OBJECT, FieldType.ARRAY)


def _json_texts(values: Sequence[object]) -> list[str | None]:
    return [value if isinstance(value, str) else nested_text(value) for value in values]


def _by_type(values: Sequence[object], wanted: npt.NDArray[np.bool_]) -> dict[type, list[int]]:
    """Group the places of the wanted values by what they are; integers beyond 64 bits are a group of their own."""
    places: dict[type, list[int]] = {}
    for place in np.flatnonzero(wanted).tolist():
        value = values[place]
        kind = _Huge if type(value) is int and not -(2**63) <= value < 2**63 else type(value)
        places.setdefault(kind, []).append(place)
    return places


class _Huge:
    """Stands for integers beyond 64 bits."""


def _fits(parsed: Parsed) -> Sequence[bool]:
    return [True] * len(parsed.cells) if parsed.ok is None else parsed.ok.tolist()


def _is_null(value: object, absent: set[str | None]) -> bool:
    return value is None or (isinstance(value, str) and value in absent)


def _alike(values: list[Any], of: type, recipe: ColumnRecipe, encoding: CellEncoding) -> Parsed | None:
    """Parse JSON values of one type, none of which is null; None when none fits."""
    kind = recipe.type
    if of is SheetError:
        shown = pa.array([value.shown for value in values], pa.string())
        return Parsed(None, shown, None) if kind is FieldType.ANY else None
    if of in (dict, list):
        fits = kind in (FieldType.ANY, FieldType.OBJECT if of is dict else FieldType.ARRAY)
        return Parsed(None, pa.array(map(nested_text, values), pa.string()), None) if fits else None
    if of in (timedelta, datetime):
        return (durations_for if of is timedelta else _moments)(pa.array(values), kind)[1]
    if of is str and kind in WRITTEN_AS_STRINGS:
        return parse_text(pa.array(values), kind, recipe.format)
    if of is _Huge:
        return parse_text(pa.array(map(str, values)), kind, None) if kind in _FROM_INTEGERS else None
    return typed_values(pa.array(values), kind, encoding)
