"""Days on which files came, as SVG: a square a day, in columns of weeks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

_SIDE: Final = 12
_STEP: Final = 15


def calendar(days: Mapping[date, tuple[int, bool]], first: date, last: date) -> Markup:
    """Draw the days from `first` to `last`: empty, of runs that all passed, or of one that did not."""
    monday = first - timedelta(days=first.weekday())
    weeks = (last - monday).days // 7 + 1
    drawn = []
    for place in range((last - first).days + 1):
        day = first + timedelta(days=place)
        week, weekday = divmod((day - monday).days, 7)
        kind = "none" if day not in days else "ok" if days[day][1] else "bad"
        drawn.append(f'<path class="{kind}" d="M{week * _STEP} {weekday * _STEP}h{_SIDE}v{_SIDE}h-{_SIDE}z"/>')
    width, height = weeks * _STEP, 7 * _STEP
    return Markup(  # noqa: S704 - numbers and words of ours
        f'<svg class="calendar" viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true">'
        f"{''.join(drawn)}</svg>"
    )
