"""Names of columns as tables have them.

Delta holds any text as a name where columns are mapped to plain names in the files, but readers find columns without
regard to case. So of names that differ in case only the first keeps its own, and so does none that we need ourselves;
the others get a number. A column remembers the name files have for it, by which it is found again.
"""

from __future__ import annotations

from collections.abc import Collection

UNNAMED = "(no name)"


def free_name(wanted: str, taken: Collection[str]) -> str:
    """The name for a column that files call `wanted`.

    Args:
        wanted: any text.
        taken: names of the table's other columns, folded by `folded`.
    """
    name = wanted or UNNAMED
    number = 1
    while folded(name) in taken:
        number += 1
        name = f"{wanted or UNNAMED} ({number})"
    return name


def folded(name: str) -> str:
    """What readers compare instead of a name: they fold case one character at a time."""
    return name.lower().upper().lower()
