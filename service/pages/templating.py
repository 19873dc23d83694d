"""Pages of the site from templates: with the reports' style, and without scripts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from dq.report.environment import page_environment
from dq.report.page import policy_of, style_of

if TYPE_CHECKING:
    from datetime import datetime

    from jinja2 import Environment

    from dq.reporting.browsing import BrowsedRun

PLACES: Final = (
    ("/", "Files"),
    ("/objects", "Objects"),
    ("/arrivals", "Arrivals"),
    ("/lake", "Lake"),
    ("/alerts", "Alerts"),
    ("/docs", "Interface"),
)
#: The colour of a state.
KINDS: Final = {
    "done": "ok",
    "dead": "bad",
    "bad_definition": "bad",
    "unconfigured": "warning",
    "gone": "warning",
    "pending": "",
}


def page(template: str, **values: object) -> str:
    """Fill a template of the site."""
    return _environment().get_template(template).render(places=PLACES, kinds=KINDS, **values)


@cache
def site_policy() -> str:
    """Give the Content-Security-Policy of the site's pages: forms ask this service, and nothing else is allowed."""
    return policy_of(_style(), "'self'")


def window(run: BrowsedRun) -> str:
    """Write the window of a run: its date and hour, in UTC."""
    return f"{run.run_date.isoformat()} {run.run_hour:02d}h"


def moment(at: datetime) -> str:
    """Write a moment of the database's, which is in UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


@cache
def _environment() -> Environment:
    environment = page_environment("service.pages")
    environment.globals |= {"style": _style, "policy": site_policy, "window": window, "moment": moment}
    return environment


@cache
def _style() -> str:
    environment = page_environment("service.pages")
    loader = environment.loader
    if loader is None:
        raise AssertionError("templates have a loader")
    return style_of(environment) + loader.get_source(environment, "site.css")[0]
