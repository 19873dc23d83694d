"""Objects that are held as a whole as soon as one of their rows has what their definition is frozen against."""

from __future__ import annotations

from typing import Final

from dq import FileRows
from pipelines.lake.errors import FrozenSchemaError, FrozenTypesError
from pipelines.lake.lifting.silver_plan import Types
from pipelines.lake.schema.drift import NewColumns

#: The rule that values of another type than declared break.
_TYPE_RULE: Final = "type"
_MOST_NAMES: Final = 10


def require_frozen(rows: FileRows, new_columns: NewColumns, types: Types) -> None:
    """Hold rows against what a definition is frozen against.

    Raises:
        FrozenSchemaError: a row has a field that is no column, and `new_columns` is `freeze`.
        FrozenTypesError: a row has a value of another type than declared, and `types` is `freeze`.
    """
    if new_columns == "freeze" and rows.raw.extras:
        names = sorted(rows.raw.extras)
        more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
        raise FrozenSchemaError(
            f"the file brings {', '.join(map(repr, names[:_MOST_NAMES]))}{more}, which the table does not have and is"
            " frozen against; declare them, or let drift.new_columns be evolve or discard, then release the object"
        )
    if types != "freeze":
        return
    broken = [mark for mark in rows.found.marked.marks if mark.check.rule == _TYPE_RULE and len(mark.rows)]
    if broken:
        mark = broken[0]
        line = rows.lines[int(mark.rows[0])].as_py()
        raise FrozenTypesError(
            f"column {', '.join(mark.check.columns)!r} has {len(mark.rows):,} values of another type than"
            f" {mark.check.argument.value}, the first at line {line}, and drift.types is freeze; declare the type that"
            " it has, or let drift.types be quarantine, then release the object"
        )
