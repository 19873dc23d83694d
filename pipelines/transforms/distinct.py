"""Python for values: each distinct text once, however often it stands in the column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

#: So many words of a column are remembered by steps that write texts word by word.
MOST_WORDS: Final = 1 << 14


def each_distinct(column: pa.StringArray, change: Callable[[str], str]) -> pa.StringArray:
    """Give the column with `change` done to each of its distinct texts.

    >>> each_distinct(pa.array(["a", None, "a"]), lambda text: text * 2).to_pylist()
    ['aa', None, 'aa']
    """
    encoded = column.dictionary_encode()
    changed = [change(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(changed, pa.string()).take(encoded.indices)


def where(
    mask: pa.BooleanArray, column: pa.StringArray, change: Callable[[pa.StringArray], pa.StringArray]
) -> pa.StringArray:
    """Give the column with `change` done to the texts that `mask` names; a null of the mask names none.

    >>> where(pa.array([True, False, None]), pa.array(["a", "b", None]), pc.utf8_upper).to_pylist()
    ['A', 'b', None]
    """
    mask = pc.fill_null(mask, fill_value=False)
    if not pc.any(mask).as_py():
        return column
    return pc.replace_with_mask(column, mask, change(column.filter(mask)))


def matching(
    column: pa.StringArray, expression: str, change: Callable[[pa.StringArray], pa.StringArray]
) -> pa.StringArray:
    """Give the column with `change` done to the texts in which an RE2 expression is found."""
    return where(pc.match_substring_regex(column, expression), column, change)


def is_ascii(column: pa.StringArray) -> bool:
    """Tell whether every text is ASCII, for which much is simpler."""
    return bool(pc.all(pc.string_is_ascii(column)).as_py() is not False)


def without_argument(apply: Callable[[pa.StringArray], pa.StringArray]) -> Callable[[pa.StringArray, Any], Any]:
    """Make a step of what needs no argument."""
    return lambda column, _argument: apply(column)
