"""What came out: one figure a line, with its peer and with what it must and should be."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    `name` stays the same for ever, baselines go by it. `ratio` is ours to the peer's, the median over
    the rounds of a run; `cpu_ratio` the same of processor seconds. `must` and `aim` bound the ratio
    where there is a peer and `bounds_ours` is not set, else our figure itself.
    """

    name: str
    work: str
    ours: float
    unit: str = "s"
    peer_name: str | None = None
    peer: float | None = None
    ratio: float | None = None
    cpu_ratio: float | None = None
    must: float | None = None
    aim: float | None = None
    bounds_ours: bool = False

    @property
    def bounded(self) -> float:
        """What must and aim are held against; also what is compared with a baseline."""
        return self.ours if self.ratio is None or self.bounds_ours else self.ratio

    @property
    def compared(self) -> float:
        """What does not depend on the machine's speed, as far as there is such a thing."""
        return self.ours if self.ratio is None else self.ratio


@dataclass(frozen=True)
class Report:
    """All figures of a run, and the circumstances: machine, date, sizes, notes on what was skipped."""

    circumstances: Mapping[str, Any]
    figures: Sequence[Figure]
    notes: Sequence[str]

    def write(self, path: Path) -> None:
        """Keep the report as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def read_report(path: Path) -> Report:
    """Read what `Report.write` wrote; fields of other versions are passed over."""
    found = json.loads(path.read_text(encoding="utf-8"))
    known = {field.name for field in fields(Figure)}
    figures = [Figure(**{name: value for name, value in one.items() if name in known}) for one in found["figures"]]
    return Report(found["circumstances"], figures, found["notes"])


def figures_table(figures: Sequence[Figure]) -> Table:
    """The table of a run; `cpu` is the ratio of processor seconds, which a loaded machine disturbs less."""
    table = Table("work", "ours", "peer", "ratio", "cpu", "must", "aim", title="Time and memory")
    for column in table.columns[1:]:
        column.justify = "right"
    for one in figures:
        table.add_row(*_cells(one))
    return table


def markdown_table(figures: Sequence[Figure]) -> str:
    """The same table for a document."""
    lines = ["| work | ours | peer | ratio | cpu | must | aim |", "|---|---:|---:|---:|---:|---:|---:|"]
    lines += [f"| {' | '.join(_cells(one))} |" for one in figures]
    return "\n".join(lines)


def _cells(one: Figure) -> tuple[str, ...]:
    peer = "" if one.peer is None else f"{one.peer_name} {_shown(one.peer, one.unit)}"
    ratios = ("" if ratio is None else f"{ratio:.2f}" for ratio in (one.ratio, one.cpu_ratio))
    return (one.work, _shown(one.ours, one.unit), peer, *ratios, *_bounds(one))


def _bounds(one: Figure) -> tuple[str, str]:
    def shown(bound: float | None) -> str:
        if bound is None:
            return ""
        unit = one.unit if one.bounds_ours or one.ratio is None else ""
        return f"{_shown(bound, unit)}{'' if one.bounded <= bound else ' missed'}"

    return shown(one.must), shown(one.aim)


def _shown(value: float, unit: str) -> str:
    match unit:
        case "s":
            return f"{value:.2f} s"
        case "":
            return f"{value:g}"
        case _:
            return f"{value:,.0f} {unit}" if value != 1 else f"1 {unit.removesuffix('s')}"
