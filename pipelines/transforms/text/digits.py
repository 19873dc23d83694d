"""`"digits"`: the digits and nothing else, those of other scripts as 0 to 9. A text without any stays as it is.

>>> tried("digits", "(415) 555-2671", "NL 1234 AB", "n/a", "١٢٣")
['4155552671', '1234', 'n/a', '123']
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.transforms.distinct import each_distinct, is_ascii, matching, without_argument
from pipelines.transforms.step import StepKind


def _of_other_scripts(text: str) -> str:
    return "".join(str(int(character)) if character.isdecimal() else character for character in text)


def _digits(column: pa.StringArray) -> pa.StringArray:
    if not is_ascii(column):
        column = matching(column, r"[^\x00-\x7f]", lambda some: each_distinct(some, _of_other_scripts))
    return matching(column, "[0-9]", lambda some: pc.replace_substring_regex(some, "[^0-9]+", ""))


DIGITS: Final = StepKind("digits", without_argument(_digits), numbers=True)
