"""Facts about one column that several measures share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dq.profiling.summary.summary import ColumnSummary


def of_wrong_type(column: ColumnSummary) -> bool:
    """Tell whether the whole column is of another physical type; where some cells fit, each cell counts for itself."""
    return column.wrong_type and column.unparsable in {0, column.rows - column.nulls}


def parsed_cells(column: ColumnSummary) -> int:
    """Count the cells that hold a value of the declared type; only those are compared with bounds."""
    return 0 if of_wrong_type(column) else column.rows - column.nulls - column.unparsable


def cells_breaking(column: ColumnSummary, rule: str) -> int:
    """Count the cells that break `rule`, alone or with others."""
    return sum(cells for rules, cells in column.violations.items() if rule in rules)
