"""The kept figures of the main branch, and how a branch's differ from them.

Only ratios are kept, and sizes that no machine's speed changes (memory, jobs, requests): seconds of
one machine say nothing on another.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.bench.report.figures import Report

#: Differences below this share are what one machine shows from run to run.
NOISE = 0.1


def baseline_of(report: Report) -> dict[str, float]:
    """What is kept of a report, by name of figure."""
    return {one.name: round(one.compared, 3) for one in report.figures}


def write_baseline(report: Report, path: Path) -> None:
    """Keep a report's figures; those it lacks stay as they were."""
    kept = read_baseline(path) if path.exists() else {}
    path.write_text(json.dumps({**kept, **baseline_of(report)}, indent=1) + "\n", encoding="utf-8")


def read_baseline(path: Path) -> dict[str, float]:
    """The kept figures."""
    found: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return found


def comparison(baseline: Mapping[str, float], report: Report) -> Table:
    """Main against now, figure by figure; what is better or worse by more than noise is named."""
    table = Table("figure", "main", "now", "change", "", title="Ratios, MiB and counts: main against now")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, now in baseline_of(report).items():
        kept = baseline.get(name)
        if kept is None:
            table.add_row(name, "", f"{now:.2f}", "", "new")
            continue
        change = now / kept - 1 if kept else 0.0
        verdict = "" if abs(change) < NOISE else "worse" if change > 0 else "better"
        table.add_row(name, f"{kept:.2f}", f"{now:.2f}", f"{change:+.0%}", verdict)
    return table
