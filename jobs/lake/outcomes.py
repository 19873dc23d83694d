"""What became of objects that were lifted, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table

from jobs.console.terminal import cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.lake.lifting.load_objects import Outcome

_COUNTED: Final = ("read", "silver", "quarantined", "malformed", "healed", "unmatched")


def outcomes_table(ended: Sequence[Outcome]) -> Table:
    """Give a line for each object."""
    table = Table("object", "agency", "file", "run", "state", *_COUNTED, "reason", header_style="bold")
    for one in ended:
        due, counts = one.due, one.counts
        figures = tuple(getattr(counts, f"rows_{name}") for name in _COUNTED) if counts else ("",) * len(_COUNTED)
        run = f"{due.run_date} {due.run_hour:02d}h"
        row = (due.object_id, due.agency_slug, due.file_name, run, one.state, *figures, one.reason or "")
        table.add_row(*map(cell, row))
    return table
