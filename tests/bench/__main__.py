"""`python -m tests.bench`: measure, print one table, keep the results as JSON, compare with the baseline."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from tests.bench.bench import Bench
from tests.bench.contestant import ROOT
from tests.bench.report.baseline import comparison, read_baseline, write_baseline
from tests.bench.report.figures import Report, figures_table, markdown_table, read_report
from tests.bench.sizes import FULL, QUICK, TINY
from tests.bench.works import WORKS, run_works

if TYPE_CHECKING:
    from collections.abc import Sequence

BASELINE = Path(__file__).parent / "report" / "baseline.json"
_SIZES = {"full": FULL, "quick": QUICK, "tiny": TINY}
_WIDTH = 150


def main(argv: Sequence[str] | None = None) -> int:
    """Dispatch one command line."""
    arguments = _parser().parse_args(argv)
    folder: Path = arguments.folder
    results = arguments.results or folder / "results.json"
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    match arguments.command:
        case "run":
            report = _run(folder, arguments.size, arguments.rounds, arguments.only or list(WORKS))
            report.write(results)
            console.print(figures_table(report.figures))
            for note in report.notes:
                console.print(note)
            console.print(f"Results are in {results}.")
        case "compare":
            report = read_report(results)
            console.print(comparison(read_baseline(BASELINE), report))
        case "baseline":
            write_baseline(read_report(results), BASELINE)
        case "markdown":
            console.file.write(markdown_table(read_report(results).figures) + "\n")
    return 0


def _run(folder: Path, size: str, rounds: int | None, names: list[str]) -> Report:
    load = os.getloadavg()[0]
    notes: list[str] = []
    if load > 0.5:
        notes.append(f"The machine was not idle: load {load:.1f} on {os.cpu_count()} cores before the run.")
    sizes = _SIZES[size]
    if rounds is not None:
        sizes = replace(sizes, rounds=rounds, few_rounds=min(sizes.few_rounds, rounds))
    with ExitStack() as stack:
        figures = run_works(Bench(folder, sizes, notes, stack), names)
    circumstances = {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "size": size,
        "rounds": sizes.rounds,
        "load before": round(load, 2),
    }
    return Report(circumstances, figures, notes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "command",
        nargs="?",
        default="run",
        choices=("run", "compare", "baseline", "markdown"),
        help="run (the default) measures; the others read its results: compare with the kept figures, keep them as "
        "the new baseline, print the table for a document",
    )
    parser.add_argument("--only", action="append", choices=list(WORKS), help="measure this only; may be repeated")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", dest="size", action="store_const", const="quick", help="smaller files, two rounds")
    sizes.add_argument("--tiny", dest="size", action="store_const", const="tiny", help="only see that it runs")
    parser.add_argument("--rounds", type=int, help="how often each work is measured; the median counts (default: 5)")
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench", help="inputs, tools, logs (default: .bench)")
    parser.add_argument("--results", type=Path, help="the JSON file (default: results.json in the folder)")
    parser.set_defaults(size="full")
    return parser


if __name__ == "__main__":
    sys.exit(main())
