"""Small pictures as SVG, made of numbers alone: no text of a file is in their markup."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEIGHT: Final = 40
_WIDTH: Final = 240
#: Rows in a bin that are not none are seen.
_LEAST: Final = 1.2
#: How high a bar is, in tenths, written once: a page has some hundred bars.
_HEIGHTS: Final = tuple(f"{max(tenths / 10, _LEAST):.3g}" for tenths in range((_HEIGHT - 2) * 10 + 1))
_RADIUS: Final = 54
_AROUND: Final = 339.292


def histogram(counts: Sequence[int]) -> Markup:
    """Draw bars side by side, as high as their counts; of nothing an empty picture."""
    scale = (len(_HEIGHTS) - 1) / (max(counts, default=0) or 1)
    places = zip(counts, _places(len(counts)), strict=True)
    bars = "".join([f"{left}{_HEIGHTS[round(count * scale)]}{rest}" for count, (left, rest) in places if count])
    return Markup(  # noqa: S704 - numbers alone
        f'<svg class="h" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'<path d="{bars}"/></svg>'
    )


@lru_cache(16)
def _places(bars: int) -> tuple[tuple[str, str], ...]:
    """What is drawn of each of so many bars before and after its height; charts have few numbers of them."""
    step = _WIDTH / max(bars, 1)
    gap = 1 if step > 3 else 0  # noqa: PLR2004 - narrower bars touch
    return tuple((f"M{at * step:.4g} {_HEIGHT}v-", f"h{step - gap:.4g}V{_HEIGHT}z") for at in range(bars))


def share_bar(share: float, kind: str) -> Markup:
    """Draw a bar that is filled by a share; `kind` is the class of its colour."""
    width = 0 if share <= 0 else max(share * 100, 1)
    return Markup(  # noqa: S704 - a number and a word of ours
        f'<svg class="b {kind}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="t" d="M0 0h100v6H0z"/><path class="f" d="M0 0h{width:.4g}v6H0z"/></svg>'
    )


def ring(score: int, *, passed: bool) -> Markup:
    """Draw the score as a part of a ring."""
    filled = _AROUND * min(max(score, 0), 100) / 100
    return Markup(  # noqa: S704 - numbers and words of ours
        f'<svg class="ring {"ok" if passed else "bad"}" viewBox="0 0 120 120" aria-hidden="true">'
        f'<circle class="t" cx="60" cy="60" r="{_RADIUS}"/>'
        f'<circle class="f" cx="60" cy="60" r="{_RADIUS}" stroke-dasharray="{filled:.1f} {_AROUND}" '
        'transform="rotate(-90 60 60)"/></svg>'
    )


def stacked(parts: Sequence[tuple[str, float]]) -> Markup:
    """Draw parts of 100 one after the other, each in the colour of its class."""
    drawn, at = [], 0.0
    for kind, width in parts:
        if width > 0 and at < 100:  # noqa: PLR2004 - the whole
            seen = min(max(width, 0.4), 100 - at)
            drawn.append(f'<path class="{kind}" d="M{at:.4g} 0h{seen:.4g}v10H{at:.4g}z"/>')
            at += seen
    return Markup(  # noqa: S704 - numbers and words of ours
        f'<svg class="stack" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{"".join(drawn)}</svg>'
    )


def score_line(scores: Sequence[tuple[int, bool]], pass_score: float | None = None, *, small: bool = False) -> Markup:
    """Draw scores from left to right, each a dot in the colour of its decision; `small` ones have only the last."""
    width, height, edge = (120, 28, 4) if small else (720, 150, 10)
    step = (width - 2 * edge) / max(len(scores) - 1, 1)
    down = (height - 2 * edge) / 100
    spots = [(edge + at * step, edge + (100 - score) * down, passed) for at, (score, passed) in enumerate(scores)]
    line = "".join(f"{'L' if at else 'M'}{x:.4g} {y:.4g}" for at, (x, y, _) in enumerate(spots))
    radius = 2.5 if small else 4
    dots = "".join(
        f'<circle class="{"ok" if passed else "bad"}" cx="{x:.4g}" cy="{y:.4g}" r="{radius}"/>'
        for x, y, passed in (spots[-1:] if small else spots)
    )
    guides = ""
    if not small:
        guides = "".join(f'<path class="g" d="M0 {edge + part * 25 * down:.4g}H{width}"/>' for part in range(5))
    if pass_score is not None and not small:
        guides += f'<path class="p" d="M0 {edge + (100 - pass_score) * down:.4g}H{width}"/>'
    return Markup(  # noqa: S704 - numbers and words of ours
        f'<svg class="line{" small" if small else ""}" viewBox="0 0 {width} {height}" aria-hidden="true">'
        f'{guides}<path class="l" d="{line}"/>{dots}</svg>'
    )
