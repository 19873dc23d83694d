"""Text cells to typed values, a column at a time: the vectorised twin of `dq.schema.cells`.

Each type has a fast conversion that accepts a subset of the grammar and nothing outside it. Only
when a column holds something the fast conversion refuses are its cells sorted by a regular
expression, and only what matches neither is parsed value by value with the grammar itself, once
per distinct text. So both twins accept the same cells, and clean columns cost one Arrow cast.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dq.profiling.cells.number_line import Mask, Numbers, as_number, rest_of
from dq.profiling.cells.strptime import iso_pattern
from dq.profiling.cells.temporal import SURE_DURATION, Values, durations, has_offset, moments, moments_of_utc
from dq.profiling.cells.texts import bytes_of
from dq.schema.cells import UNPARSABLE, parse_cell
from dq.schema.definition import FieldType

#: Types whose values are kept as numbers, with the numpy type of those.
NUMERIC: dict[FieldType, type[np.int64 | np.float64]] = {
    FieldType.INTEGER: np.int64,
    FieldType.NUMBER: np.float64,
    FieldType.DECIMAL: np.float64,
    FieldType.BOOLEAN: np.int64,
    FieldType.DATE: np.int64,
    FieldType.DATETIME: np.int64,
    FieldType.TIME: np.int64,
    FieldType.DURATION: np.int64,
}

#: Types whose values are numbers of 64 bits, one to one but for nanoseconds, and which. A decimal may have more digits.
ONE_TO_ONE: dict[FieldType, type[np.int64 | np.float64]] = {
    kind: number for kind, number in NUMERIC.items() if kind is not FieldType.DECIMAL
}

#: Below this many cells parsing them one by one costs less than trying halves.
_FEW = 64
#: Times that cells which look right and are not are searched and set aside.
_ROUNDS = 8
_INTEGER_BYTES = b"0123456789+-"
_SURE_INTEGER = r"^[+-]?[0-9]{1,18}$"
_SURE_NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_SURE_DECIMAL = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$"


@dataclass(frozen=True, slots=True)
class Parsed:
    """The cells of one column that parse, and which ones did.

    `ok` is over all cells given (None: every one parses). `cells` are the parsing ones as they
    stand in the file (text, or typed), `numbers` their values (see `as_number`), None for the types
    that stay text. `rests` are the nanoseconds beyond (see `rest_of`), None where no cell has any.
    `with_offset` tells which datetimes say where they are from UTC (None: no text does).
    """

    ok: Mask | None
    cells: pa.Array
    numbers: Numbers | None
    rests: Numbers | None = None
    with_offset: Mask | None = None

    def between(self, start: int, stop: int, ok: Mask | None) -> Parsed:
        """Give some of the cells that parse, as outcome `ok` of some of those given."""
        numbers, rests, with_offset = self.numbers, self.rests, self.with_offset
        return Parsed(
            ok,
            self.cells.slice(start, stop - start),
            None if numbers is None else numbers[start:stop],
            None if rests is None else some_rests(rests[start:stop]),
            None if with_offset is None else with_offset[start:stop],
        )


def within(present: pa.Array, numbers: Numbers, real: Mask, rests: Numbers | None = None) -> Parsed:
    """Leave out numbers that stand for no value: not finite, or outside the calendar."""
    if real.all():
        return Parsed(None, present, numbers, rests)
    return Parsed(
        real, present.filter(pa.array(real)), numbers[real], None if rests is None else some_rests(rests[real])
    )


def some_rests(rests: Numbers) -> Numbers | None:
    """Give nanoseconds, None where there are none."""
    return rests if rests.any() else None


def sample_type(kind: FieldType) -> pa.DataType:
    """Give the Arrow type that values of a declared type have in the row sample: numbers or text."""
    return pa.from_numpy_dtype(NUMERIC[kind]) if kind in NUMERIC else pa.string()


def parse_text(text: pa.StringArray, kind: FieldType, form: str | None) -> Parsed:
    """Parse non-null text cells as `kind` with the strptime format `form`, if any."""
    if kind in (FieldType.STRING, FieldType.ANY):
        return Parsed(None, text, None)
    if kind in (FieldType.OBJECT, FieldType.ARRAY):
        return _by_distinct_text(text, kind, form)
    if len(text) == 0:
        return Parsed(None, text, np.empty(0, NUMERIC[kind]))
    convert, sure = _conversions(kind, form)
    values = _attempt(convert, text)
    if values is not None:
        return Parsed(None, text, *values)
    return _sorted_out(text, kind, form, convert, sure)


Conversion = Callable[[pa.StringArray], "Values | None"]


def _attempt(convert: Conversion, text: pa.StringArray) -> Values | None:
    try:
        return convert(text)
    except pa.ArrowInvalid:
        return None


def _conversions(kind: FieldType, form: str | None) -> tuple[Conversion, str]:
    """Give the fast conversion of a type and the expression of the cells it surely takes."""
    if kind in _PLAIN_CONVERSIONS:
        return _PLAIN_CONVERSIONS[kind]
    pattern = iso_pattern(kind, form)
    if pattern is None:
        return (lambda _text: None), "a^"
    if kind is not FieldType.DATETIME or form is not None:
        return (lambda text: moments(text, kind, pattern)), pattern.expression
    return (lambda text: moments_of_utc(text, pattern)), f"{pattern.expression[:-1]}Z?$"


def _integers(text: pa.StringArray) -> Values | None:
    data = bytes_of(text)
    if data.translate(None, _INTEGER_BYTES):
        return None  # Arrow would also take hexadecimal
    numbers: Numbers = pc.cast(_without_plus(text) if b"+" in data else text, pa.int64()).to_numpy(zero_copy_only=False)
    return Values(numbers)


def _without_plus(text: pa.StringArray) -> pa.StringArray:
    """Take a leading plus away, which Arrow does not know."""
    return pc.replace_substring_regex(text, r"^\+([0-9.])", r"\1")


def _floats(text: pa.StringArray) -> Values | None:
    try:
        cast = pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        if not pc.any(pc.starts_with(text, "+")).as_py():
            return None
        cast = pc.cast(_without_plus(text), pa.float64())
    numbers: Numbers = cast.to_numpy(zero_copy_only=False)
    # Arrow reads nan and inf, and gives inf for what is too large: none of them is a number here.
    return Values(numbers) if bool(np.isfinite(numbers).all()) else None


def _decimals(text: pa.StringArray) -> Values | None:
    return None if bytes_of(text).translate(None, b"0123456789+-.") else _floats(text)


_BOOLEAN_TEXTS = pa.array(["true", "True", "TRUE", "1", "false", "False", "FALSE", "0"])
_FIRST_FALSE = 4


def _booleans(text: pa.StringArray) -> Values | None:
    found = pc.index_in(text, value_set=_BOOLEAN_TEXTS)
    if found.null_count:
        return None
    at: Numbers = found.to_numpy(zero_copy_only=False)
    return Values((at < _FIRST_FALSE).astype(np.int64))


_PLAIN_CONVERSIONS: dict[FieldType, tuple[Conversion, str]] = {
    FieldType.DURATION: (durations, SURE_DURATION),
    FieldType.INTEGER: (_integers, _SURE_INTEGER),
    FieldType.NUMBER: (_floats, _SURE_NUMBER),
    FieldType.DECIMAL: (_decimals, _SURE_DECIMAL),
    FieldType.BOOLEAN: (_booleans, "^(?:true|True|TRUE|1|false|False|FALSE|0)$"),
}


def _sorted_out(text: pa.StringArray, kind: FieldType, form: str | None, convert: Conversion, sure: str) -> Parsed:
    """Convert the cells that look right in one go, and the others by their distinct texts.

    What looks right and is not (30 February, or 9999-99-99 for "none") is found by halves and set aside, with all cells
    like it; where that takes too many rounds, the halves are converted apart.
    """
    ok = np.zeros(len(text), np.bool_)
    values: Numbers = np.zeros(len(text), NUMERIC[kind])
    rests: Numbers = np.zeros(len(text), np.int64)
    with_offset = np.zeros(len(text), np.bool_)

    def keep(where: npt.NDArray[np.int64], parsed: Parsed) -> None:
        where = where if parsed.ok is None else where[parsed.ok]
        ok[where] = True
        values[where] = parsed.numbers
        rests[where] = 0 if parsed.rests is None else parsed.rests
        with_offset[where] = False if parsed.with_offset is None else parsed.with_offset

    easy: Mask = pc.match_substring_regex(text, sure).to_numpy(zero_copy_only=False)
    keep(np.flatnonzero(~easy), _by_distinct_text(text.filter(pa.array(~easy)), kind, form))
    left = np.flatnonzero(easy)
    for _ in range(_ROUNDS):
        cells = text.take(pa.array(left))
        found = _attempt(convert, cells) if len(left) else Values(np.empty(0, NUMERIC[kind]))
        if found is not None:
            keep(left, Parsed(None, cells, *found))
            break
        odd: Mask = pc.is_in(cells, value_set=_refused(cells, convert)).to_numpy(zero_copy_only=False)
        keep(left[odd], _by_distinct_text(cells.filter(pa.array(odd)), kind, form))
        left = left[~odd]
    else:
        keep(left, _by_halves(text.take(pa.array(left)), kind, form, convert))
    offsets = with_offset[ok] if with_offset.any() else None
    return Parsed(ok, text.filter(pa.array(ok)), values[ok], some_rests(rests[ok]), offsets)


def _refused(text: pa.StringArray, convert: Conversion) -> pa.StringArray:
    """Find a few distinct texts, at least one of which the fast conversion refuses."""
    while len(text) > _FEW:
        half = text.slice(0, len(text) // 2)
        text = half if _attempt(convert, half) is None else text.slice(len(half))
    return text.unique()


def _by_halves(text: pa.StringArray, kind: FieldType, form: str | None, convert: Conversion) -> Parsed:
    """Convert the halves apart until the few cells that look right and are not stand alone."""
    if len(text) <= _FEW:
        return _by_distinct_text(text, kind, form)
    values = _attempt(convert, text)
    if values is not None:
        return Parsed(None, text, *values)
    middle = len(text) // 2
    halves = [_by_halves(text.slice(*cut), kind, form, convert) for cut in ((0, middle), (middle,))]
    ok = [np.ones(len(half.cells), np.bool_) if half.ok is None else half.ok for half in halves]
    return Parsed(
        np.concatenate(ok),
        pa.concat_arrays([half.cells for half in halves]),
        np.concatenate([half.numbers for half in halves if half.numbers is not None]),
        some_rests(np.concatenate([_or_none(half.rests, half, np.int64) for half in halves])),
        np.concatenate([_or_none(half.with_offset, half, np.bool_) for half in halves]),
    )


def _or_none(of_cells: npt.NDArray[Any] | None, parsed: Parsed, kind: type[np.generic]) -> npt.NDArray[Any]:
    return np.zeros(len(parsed.cells), kind) if of_cells is None else of_cells


def _by_distinct_text(text: pa.StringArray, kind: FieldType, form: str | None) -> Parsed:
    """Parse with the grammar itself, each distinct text once."""
    encoded = text.dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    values = [parse_cell(cell, kind, form) for cell in texts]
    parses = np.array([value is not UNPARSABLE for value in values], dtype=np.bool_)
    at = encoded.indices.to_numpy(zero_copy_only=False)
    ok = parses[at] if len(at) else np.empty(0, np.bool_)
    cells = text.filter(pa.array(ok))
    if kind not in NUMERIC:
        return Parsed(ok, cells, None)
    if not len(at):
        return Parsed(ok, cells, np.empty(0, NUMERIC[kind]))
    kept = at[ok]
    numbers = np.array([as_number(value) if value is not UNPARSABLE else 0 for value in values], NUMERIC[kind])
    rests = np.array([rest_of(value) for value in values], np.int64) if kind in _WITH_RESTS else None
    offsets = np.array(list(map(has_offset, texts))) if kind is FieldType.DATETIME and form is None else None
    return Parsed(
        ok,
        cells,
        numbers[kept],
        None if rests is None else some_rests(rests[kept]),
        None if offsets is None else offsets[kept],
    )


_WITH_RESTS = (FieldType.DATETIME, FieldType.TIME, FieldType.DURATION)


def canonical_decimals(text: pa.StringArray) -> pa.StringArray:
    """Write equal decimals alike: no plus, no leading or trailing zeros, no negative zero."""
    plain = pc.replace_substring_regex(text, r"^\+", "")
    plain = pc.replace_substring_regex(plain, r"^(-?)0+([0-9])", r"\1\2")
    plain = pc.replace_substring_regex(plain, r"^(-?)\.", r"\10.")
    plain = pc.replace_substring_regex(plain, r"(\.[0-9]*?)0+$", r"\1")
    plain = pc.replace_substring_regex(plain, r"\.$", "")
    return pc.replace_substring_regex(plain, r"^-0$", "0")
