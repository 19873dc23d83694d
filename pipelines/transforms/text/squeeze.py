r"""`"squeeze"`: one plain space for every run of white space: tabs, line breaks, spaces that do not break.

>>> tried("squeeze", "Anna  Maria", "Anna\tMaria", "Anna\r\n Maria", " Anna ")
['Anna Maria', 'Anna Maria', 'Anna Maria', ' Anna ']
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.transforms.distinct import matching, without_argument
from pipelines.transforms.step import StepKind
from pipelines.transforms.text.white_space import ODD_WHITE_CLASS, WHITE_CLASS

#: What is anything but single plain spaces.
_LOOSE: Final = f"[{ODD_WHITE_CLASS}]|[{WHITE_CLASS}]{{2}}"
_RUN: Final = f"[{WHITE_CLASS}]+"


def squeezed(column: pa.StringArray) -> pa.StringArray:
    """Give one space for every run of white space."""
    return matching(column, _LOOSE, lambda loose: pc.replace_substring_regex(loose, _RUN, " "))


SQUEEZE: Final = StepKind("squeeze", without_argument(squeezed))
