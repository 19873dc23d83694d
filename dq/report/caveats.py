"""What a page does not show, and which of its figures are estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dq.report.figures import number, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def caveats(profile: Mapping[str, Any], shown: Mapping[str, tuple[int, int]]) -> tuple[str, ...]:
    """Give sentences on what was cut and what is estimated.

    Args:
        profile: the payload.
        shown: by what it is called: how many of something the page shows, of how many that the payload has.
    """
    return (*_cut(profile, shown), *_estimated(profile))


def _cut(profile: Mapping[str, Any], shown: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    for what, (kept, of) in shown.items():
        if kept < of:
            yield f"{what}: {number(kept)} of {number(of)} are on this page."
    for cut in profile["truncated"]:
        yield f"{cut['what'][:1].upper()}{cut['what'][1:]}: {number(cut['kept'])} of {number(cut['of'])} are kept."


def _estimated(profile: Mapping[str, Any]) -> Iterator[str]:
    columns = profile["statisticalSummary"]["columns"]
    distinct = [column["distinctError"] for column in columns if column["distinctError"]]
    if distinct:
        yield (
            f"Distinct counts marked ≈ are estimates, right within {percent(max(distinct))} "
            f"({_columns(len(distinct))})."
        )
    ranks = [column["quantileError"] for column in columns if column["quantileError"]]
    if ranks:
        yield f"Medians marked ≈ are within {percent(max(ranks))} of their rank ({_columns(len(ranks))})."
    shapes = [each["error"] for each in profile["valueDistributions"]["columns"] if each.get("error")]
    if shapes:
        yield (
            f"Distributions are drawn from a sample of the rows or from sketches; their counts are right within "
            f"{percent(max(shapes))} of the rows ({_columns(len(shapes))})."
        )
    if not distinct and not ranks and not shapes:
        yield "Every figure is exact: all rows were counted."
    else:
        yield "Everything else is exact: all rows were counted."


def _columns(number_of: int) -> str:
    return "1 column" if number_of == 1 else f"{number_of} columns"
