r"""`"null_if_blank"`: null where there is nothing, or nothing but white space.

>>> tried("null_if_blank", "", " \t", "\u00a0", " x ")
[None, None, None, ' x ']
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.transforms.distinct import without_argument
from pipelines.transforms.step import StepKind
from pipelines.transforms.text.trim import trimmed


def blank(column: pa.StringArray) -> pa.BooleanArray:
    """Tell which texts hold nothing that can be seen; null of nulls."""
    return pc.equal(trimmed(column), "")


def _without_blanks(column: pa.StringArray) -> pa.StringArray:
    return pc.if_else(blank(column), pa.scalar(None, pa.string()), column)


NULL_IF_BLANK: Final = StepKind("null_if_blank", without_argument(_without_blanks))
