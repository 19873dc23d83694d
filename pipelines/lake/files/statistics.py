"""What the log says of a file's rows, by which readers leave files out.

A bound that is too narrow hides rows silently, so each is either exact, or wider than the rows, or left out:

- texts are cut to 32 characters, as Delta does; a cut maximum ends in the greatest character there is;
- instants go to the millisecond below and above, which is what readers keep of them;
- numbers that are not finite have no place in JSON, and NaN counts as the greatest in Delta but is not seen by Parquet:
  such columns have no bounds;
- dates and instants outside the years 1 to 9999 have none either; booleans, lists and structs have none in Delta.

The bounds are those Parquet's own writer found while writing, so they cost nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa

if TYPE_CHECKING:
    import pyarrow.parquet as pq

#: Characters kept of a text.
PREFIX = 32
_GREATEST = "\U0010ffff"
_MILLISECOND = timedelta(milliseconds=1)
_HAVE_BOUNDS = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_date,
    pa.types.is_timestamp,
    pa.types.is_string,
)


@dataclass(frozen=True, slots=True)
class IndexedColumn:
    """A column of a file whose bounds the log has.

    Attributes:
        name: in the file, which is the one in the log.
        type: of its values.
        whole: texts are not cut.
    """

    name: str
    type: pa.DataType
    whole: bool = False


def file_statistics(footer: pq.FileMetaData, columns: Iterable[IndexedColumn], not_a_number: Iterable[str]) -> str:
    """The statistics of one file as the log's JSON.

    Args:
        footer: of the file.
        columns: what is indexed, of those in the file.
        not_a_number: columns of the file with at least one NaN.
    """
    lowest, highest, nulls = dict[str, Any](), dict[str, Any](), dict[str, int]()
    places = _leaf_places(footer)
    unbounded = set(not_a_number)
    for column in columns:
        place = places.get(column.name)
        if place is None:  # lists and structs have several places, none of which counts rows
            continue
        chunks = [footer.row_group(at).column(place).statistics for at in range(footer.num_row_groups)]
        if any(one is None or not one.has_null_count for one in chunks):
            continue
        nulls[column.name] = sum(one.null_count for one in chunks)
        if column.name in unbounded or not any(check(column.type) for check in _HAVE_BOUNDS):
            continue
        low, high = _bounds(chunks, footer)
        if low is not None and (low := _below(low, whole=column.whole)) is not None:
            lowest[column.name] = low
        if high is not None and (high := _above(high, whole=column.whole)) is not None:
            highest[column.name] = high
    told: Mapping[str, Any] = {
        "numRecords": footer.num_rows,
        "minValues": lowest,
        "maxValues": highest,
        "nullCount": nulls,
    }
    return orjson.dumps(told, default=_exact).decode()


def _leaf_places(footer: pq.FileMetaData) -> dict[str, int]:
    schema = footer.schema
    return {schema.column(at).path: at for at in range(len(schema))}


def _bounds(chunks: list[Any], footer: pq.FileMetaData) -> tuple[Any, Any]:
    """The least and the greatest value of all row groups; None where any of them does not know."""
    rows = [footer.row_group(at).num_rows for at in range(footer.num_row_groups)]
    full = [one for one, count in zip(chunks, rows, strict=True) if one.null_count < count]
    if not full or not all(one.has_min_max for one in full):
        return None, None
    try:
        return min(one.min for one in full), max(one.max for one in full)
    except (OverflowError, ValueError, UnicodeDecodeError):  # no Python value: years beyond 9999, odd bytes
        return None, None


def _below(value: Any, *, whole: bool) -> Any:  # noqa: ANN401 - any value a column holds
    """The bound below that the log holds; None: none."""
    match value:
        case str():
            return value if whole else value[:PREFIX]
        case float() if not math.isfinite(value):
            return None
        case datetime():
            return _instant(value.replace(microsecond=value.microsecond // 1000 * 1000))
        case _:
            return value


def _above(value: Any, *, whole: bool) -> Any:  # noqa: ANN401 - any value a column holds
    """The bound above that the log holds; None: none."""
    match value:
        case str():
            if whole or len(value) <= PREFIX:
                return value
            return None if value[PREFIX] == _GREATEST else value[:PREFIX] + _GREATEST
        case float() if not math.isfinite(value):
            return None
        case datetime():
            floor = value.replace(microsecond=value.microsecond // 1000 * 1000)
            try:
                return _instant(floor if floor == value else floor + _MILLISECOND)
            except OverflowError:
                return None
        case _:
            return value


def _instant(value: datetime) -> str:
    return value.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _exact(value: object) -> object:
    """What orjson cannot write by itself: decimals keep their digits."""
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} is no bound of a column")
