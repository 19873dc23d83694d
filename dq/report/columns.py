"""The columns of a file out of a profile payload: the figures of each, its distribution, what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dq.profiling.tally.offences import shortened
from dq.report.charts import histogram
from dq.report.figures import number, percent, scalar
from dq.report.room import ROOMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

    from dq.report.findings import Finding
    from dq.report.room import Room

_MOST_CHARACTERS: Final = 60


@dataclass(frozen=True, slots=True)
class ColumnView:
    """One column as it is shown. Texts are not escaped yet, which the template does.

    `figures` are pairs of a name and a figure. `top` are the most frequent values, each with its share of the values
    that are there. `chart_title` says in words what `chart` draws.
    """

    anchor: str
    name: str
    type: str
    declared: bool
    required: bool
    sensitive: bool
    nulls: float
    chart: Markup | None
    chart_title: str
    low: str
    high: str
    top: tuple[tuple[str, float, int], ...]
    figures: tuple[tuple[str, str], ...]
    issues: tuple[Finding, ...]

    @property
    def mild(self) -> bool:
        """Whether nothing worse than a warning is said of it."""
        return all(issue.severity == "warning" for issue in self.issues)


def column_views(profile: Mapping[str, Any], found: Sequence[Finding], room: Room = ROOMS[0]) -> tuple[ColumnView, ...]:
    """Give the columns of a payload in the order of the file; those that have findings know them."""
    nulls = _by_name(profile["completenessOverview"]["columns"])
    shapes = _by_name(profile["valueDistributions"]["columns"])
    issues: dict[str, list[Finding]] = {}
    for each in found:
        if each.name:
            issues.setdefault(each.name, []).append(each)
    return tuple(
        _view(
            at, column, nulls.get(column["name"], {}), shapes.get(column["name"]), issues.get(column["name"], []), room
        )
        for at, column in enumerate(profile["statisticalSummary"]["columns"], 1)
    )


def _by_name(columns: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {column["name"]: column for column in columns}


def _view(
    at: int,
    column: Mapping[str, Any],
    nulls: Mapping[str, Any],
    shape: Mapping[str, Any] | None,
    issues: Sequence[Finding],
    room: Room,
) -> ColumnView:
    chart, title, top = _distribution(column, shape, room)
    return ColumnView(
        anchor=f"c{at}",
        name=column["name"],
        type=column["type"],
        declared=column["declared"],
        required=nulls.get("required", False),
        sensitive=column["sensitive"],
        nulls=nulls.get("rate", 0.0),
        chart=chart,
        chart_title=title,
        low=_end(column["min"]) if chart else "",
        high=_end(column["max"]) if chart else "",
        top=top,
        figures=_figures(column, charted=chart is not None),
        issues=tuple(issues),
    )


def _distribution(
    column: Mapping[str, Any], shape: Mapping[str, Any] | None, room: Room
) -> tuple[Markup | None, str, tuple[tuple[str, float, int], ...]]:
    if shape is None or shape["kind"] == "masked":
        return None, "", ()
    if shape["kind"] == "topValues":
        values = column["count"] or 1
        shown = shape["values"][: room.top_values]
        top = [(shortened(each["value"], room.top_characters), each["count"] / values, each["count"]) for each in shown]
        return None, "", tuple(top)
    bins = shape["bins"]
    counts = [each["count"] for each in bins]
    if not counts:
        return None, "", ()
    highest = bins[counts.index(max(counts))]
    about = "about " if shape.get("error") else ""
    title = (
        f"{len(bins)} bins from {scalar(bins[0]['low'])} to {scalar(bins[-1]['high'])}; most values, "
        f"{about}{number(highest['count'])}, from {scalar(highest['low'])} to {scalar(highest['high'])}"
    )
    return histogram(counts), title, ()


def _figures(column: Mapping[str, Any], *, charted: bool) -> tuple[tuple[str, str], ...]:
    """Give the figures that say something of this column; the range stands under its chart where it has one."""
    about = "≈ " if column["distinctError"] else ""
    found = [("values", number(column["count"]))]
    if column["unparsable"]:
        found.append(("of another type", number(column["unparsable"])))
    found.append(("distinct", f"{about}{number(column['distinct'])}"))
    if column["min"] is not None and not charted:
        low, high = (shortened(scalar(column[end]), _MOST_CHARACTERS) for end in ("min", "max"))
        found.append(("range", f"{low} … {high}"))
    if column["p50"] is not None:
        near = "≈ " if column["quantileError"] else ""
        found.append(("median", f"{near}{shortened(scalar(column['p50']), _MOST_CHARACTERS)}"))
    if column["mean"] is not None:
        spread = "" if column["stddev"] is None else f" ± {number(column['stddev'])}"
        found.append(("mean", f"{number(column['mean'])}{spread}"))
    if column["minLength"] is not None:
        shortest, longest = column["minLength"], column["maxLength"]
        found.append(("length", str(shortest) if shortest == longest else f"{shortest} to {longest}"))
    mixed = column.get("offsets")
    if mixed:
        found.append(("without offset", percent(mixed["without"] / (mixed["with"] + mixed["without"]))))
    return tuple(found)


def _end(value: object) -> str:
    """Write an end of a range; a moment at midnight is its day."""
    return shortened(scalar(value).removesuffix("T00:00:00").replace("T", " "), _MOST_CHARACTERS)
