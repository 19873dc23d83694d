r"""`"trim"`: no white space at either end, of whatever kind, and no characters there that nobody can see.

>>> tried("trim", "  Anna ", "Anna\u00a0\n", "\ufeffAnna", "Anna  Maria")
['Anna', 'Anna', 'Anna', 'Anna  Maria']
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.transforms.distinct import without_argument
from pipelines.transforms.step import StepKind
from pipelines.transforms.text.white_space import INVISIBLE, WHITE

_ENDS: Final = WHITE + INVISIBLE


def trimmed(column: pa.StringArray) -> pa.StringArray:
    """Take white space and what nobody can see from both ends."""
    return pc.utf8_trim(column, characters=_ENDS)


TRIM: Final = StepKind("trim", without_argument(trimmed))
