"""`{"date": "%d.%m.%Y"}`: days in the order of ISO 8601, read by a format of strptime. What is no such day stays.

A format with a clock in it gives days and clocks, those with an offset in UTC. All digits of a directive have to be
there: `1.2.2026` is no `%d.%m.%Y`. A format that takes ISO days for others, which is `%Y-%d-%m`, does more when it is
done twice. The `format` of the field is that of the file; what this step leaves is held against ISO 8601.

>>> tried({"date": "%d.%m.%Y"}, "31.01.2026", "31.02.2026", "2026-01-31", "soon")
['2026-01-31', '31.02.2026', '2026-01-31', 'soon']
>>> tried({"date": "%m/%d/%Y %H:%M"}, "01/31/2026 14:05")
['2026-01-31T14:05:00']
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dq import FieldType, Problems, as_text, format_problem, kind_of, parse_text, shown
from pipelines.transforms.step import StepKind

_EXAMPLE: Final = '{"date": "%d.%m.%Y"}'
_CLOCK: Final = frozenset("HMSfzXc")
_DAY, _MOMENT = pa.date32(), pa.timestamp("us")


def _read(raw: Any, place: str, problems: Problems) -> str | None:  # noqa: ANN401 - any JSON value
    if not isinstance(raw, str):
        problems.add(place, f"is {kind_of(raw)}; expected a format of strptime, such as {_EXAMPLE}")
        return None
    problem = format_problem(raw, _type_of(raw))
    if problem is not None:
        problems.add(place, f"the format {shown(raw)} {problem}")
        return None
    return raw


def _type_of(date_format: str) -> FieldType:
    clock = _CLOCK.intersection(re.findall(r"%(.)", date_format, re.DOTALL))
    return FieldType.DATETIME if clock else FieldType.DATE


def _dated(column: pa.StringArray, date_format: str) -> pa.StringArray:
    kind = _type_of(date_format)
    parsed = parse_text(column.drop_null(), kind, date_format)
    numbers = parsed.numbers
    if numbers is None:
        return column
    day = kind is FieldType.DATE
    iso = as_text(pa.array(numbers.astype(np.int32), _DAY) if day else pa.array(numbers, _MOMENT))
    mask = column.is_valid()
    if parsed.ok is not None:
        mask = pc.replace_with_mask(mask, mask, pa.array(parsed.ok))
    return pc.replace_with_mask(column, mask, iso)


DATE: Final = StepKind(
    "date", _dated, _read, example=_EXAMPLE, numbers=True, leaves=(FieldType.DATE, FieldType.DATETIME)
)
