"""`"title"`: every word with a capital letter first and small ones behind it.

Ordinals and what hangs on an apostrophe stay small; a name behind a single letter does not. For names of people there
is `name`, which also knows McDonald and van der Berg.

>>> tried("title", "SPRING street", "the DRIVER'S 3RD trip", "o'neil-smith", "élise")
['Spring Street', "The Driver's 3rd Trip", "O'Neil-Smith", 'Élise']
"""

from __future__ import annotations

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.transforms.distinct import each_distinct, without_argument
from pipelines.transforms.step import StepKind
from pipelines.transforms.text.letters import capitalized, small

#: Words of which the kernel, for which a word is a run of letters, would make too many.
_DIFFICULT: Final = "['\u2019\\pM\\p{Nl}\\p{Lo}\\p{Lm}]|\\pN\\pL"
_LETTER: Final = r"(?:[^\W_]|[\u0300-\u036f])"
_WORD: Final = re.compile(f"{_LETTER}+(?:['\u2019]{_LETTER}+)*")
_APOSTROPHE: Final = re.compile("(['\u2019])")
#: I'll, we're, I've
_ENDINGS: Final = frozenset({"ll", "re", "ve"})


def _titled(column: pa.StringArray) -> pa.StringArray:
    simple = pc.utf8_title(column)
    hard = pc.match_substring_regex(column, _DIFFICULT)
    if not pc.any(hard).as_py():
        return simple
    return pc.replace_with_mask(simple, pc.fill_null(hard, fill_value=False), _by_words(column.filter(hard)))


def _by_words(column: pa.StringArray) -> pa.StringArray:
    return each_distinct(column, lambda text: _WORD.sub(lambda found: _title_of(found[0]), text))


def _title_of(word: str) -> str:
    first, *behind = _APOSTROPHE.split(word)
    written = [capitalized(first)]
    before = first
    for mark, part in zip(behind[::2], behind[1::2], strict=True):
        is_name = len(before) == 1 and len(part) > 1 and small(part) not in _ENDINGS
        written += [mark, capitalized(part) if is_name else small(part)]
        before = part
    return "".join(written)


TITLE: Final = StepKind("title", without_argument(_titled))
