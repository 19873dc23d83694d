"""A value of ours, made to fit a column of theirs: narrow types are no reason to lose a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dq.profiling.tally.offences import shortened
from dq.reporting.catalogue.empty_values import empty_value
from etl_core.storable import JsonText, json_text, storable

if TYPE_CHECKING:
    from datetime import datetime

    from dq.reporting.catalogue.column import Column

_LARGEST = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1}


def fit(value: object, column: Column, now: datetime) -> object:
    """What to write into `column` for `value`.

    None becomes the type's empty value where the column is NOT NULL. Mappings and lists become JSON. A text that
    is too long for its column ends in an ellipsis; an integer that is too large becomes the largest one possible
    (a file of 3 GB in a column of 32 bits).
    """
    if value is None:
        return None if column.nullable else empty_value(column, now)
    if isinstance(value, int) and column.type in _LARGEST:
        return min(value, _LARGEST[column.type])
    if isinstance(value, Mapping | list | tuple | JsonText) or column.type in {"json", "jsonb"}:
        return json_text(value)
    if isinstance(value, str):
        text = storable(value)
        return text if column.max_length is None else shortened(text, column.max_length)
    return value
