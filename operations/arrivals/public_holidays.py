"""Public holidays of a country, or of a part of one: `DE`, `DE-BY`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import holidays

if TYPE_CHECKING:
    from datetime import date

#: Nobody asks for arrivals of other years; the package knows some countries for fewer.
YEARS = range(2000, 2101)


@cache
def public_holidays(code: str) -> frozenset[date]:
    """All public holidays of the years that may be asked for, observed ones among them.

    Args:
        code: ISO 3166 code of a country, with that of a part of it after a hyphen.

    Raises:
        ValueError: a sentence that says that there is no such country or part.
    """
    country, _, part = code.partition("-")
    known = holidays.list_supported_countries()
    if country not in known:
        raise ValueError(f"no public holidays are known of {country!r}; expected the code of a country, as in DE or US")
    if part and part not in known[country]:
        parts = ", ".join(known[country]) or "none"
        raise ValueError(f"{country} has no part {part!r}; expected one of {parts}")
    return frozenset(holidays.country_holidays(country, subdiv=part or None, years=YEARS))
