"""`{"pad": [5, "0"]}`: so many characters at least, filled up on the left. A blank text stays as it is.

>>> tried({"pad": [5, "0"]}, "501", "94103", "94103-1234", "")
['00501', '94103', '94103-1234', '']
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from dq import Problems, exact, shown
from pipelines.transforms.step import StepKind
from pipelines.transforms.text.null_if_blank import blank

_WIDEST: Final = 1000
_EXAMPLE: Final = '{"pad": [5, "0"]}'


def _read(raw: Any, place: str, problems: Problems) -> tuple[int, str] | None:  # noqa: ANN401 - any JSON value
    width = exact(raw[0]) if isinstance(raw, list) and len(raw) == 2 else None  # noqa: PLR2004 - width, character
    if width is None or width.denominator != 1 or not 1 <= width <= _WIDEST:
        problems.add(place, f"is {shown(raw)}; expected a width of 1 to {_WIDEST} and a character, such as {_EXAMPLE}")
        return None
    if not isinstance(raw[1], str) or len(raw[1]) != 1:
        problems.add(place, f"fills up with {shown(raw[1])}; expected one character, such as {_EXAMPLE}")
        return None
    return int(width), raw[1]


def _padded(column: pa.StringArray, argument: tuple[int, str]) -> pa.StringArray:
    width, character = argument
    return pc.if_else(blank(column), column, pc.utf8_lpad(column, width, padding=character))


PAD: Final = StepKind("pad", _padded, _read, example=_EXAMPLE, numbers=True)
