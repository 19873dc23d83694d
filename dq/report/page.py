"""Pages, from what is kept of verdicts: the report of one run, and the overview of many files.

A page is one file: no script, nothing from elsewhere, its style in itself by its digest. The same input gives the same
bytes.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from dq.checks.plan import DIMENSIONS
from dq.profiling.tally.offences import shortened
from dq.report.caveats import caveats
from dq.report.charts import ring, score_line, stacked
from dq.report.columns import column_views
from dq.report.differences import differences
from dq.report.figures import number, size
from dq.report.findings import MOST_SHOWN, findings, first_to_do
from dq.report.room import ROOMS, largest_page
from dq.verdict.payload.profile import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

    from dq.report.reported import FileLine, KeptVerdict, Reported
    from dq.report.room import Room

_SAMPLE_CELLS: Final = 400
_SAMPLE_CHARACTERS: Final = 40
_SAMPLE_COLUMNS: Final = 30


def report_page(reported: Reported) -> str:
    """Write the page of one run, with less of what people wrote where it would be too large."""
    profile = _readable(reported.verdict.profile)
    largest = largest_page(0 if profile is None else profile["statisticalSummary"]["columnCount"])
    *larger, smallest = ROOMS
    for room in larger:
        page = _report_page(reported, profile, room)
        if len(page.encode("utf-8", "replace")) <= largest:
            return page
    return _report_page(reported, profile, smallest)


def _report_page(reported: Reported, profile: Mapping[str, Any] | None, room: Room) -> str:
    verdict = reported.verdict
    found = findings(verdict.rules or (), room)
    ledger = _deductions(verdict)
    columns = column_views(profile, found, room) if profile is not None else ()
    sample = _sample(profile, room) if profile is not None else None
    changed = None if reported.before is None else differences(reported.before, verdict)
    limits = {"Failed rules with examples": (min(len(found), MOST_SHOWN), len(found))}
    if room is not ROOMS[0]:
        limits["Examples of a failed rule"] = (room.examples, ROOMS[0].examples)
        limits["Most frequent values of a column"] = (room.top_values, ROOMS[0].top_values)
    if sample is not None and profile is not None:
        limits["Sample rows"] = (len(sample["rows"]), len(profile["sampleData"]["rows"]))
        limits["Columns of the sample"] = (len(sample["columns"]), len(profile["sampleData"]["columns"]))
    return (
        _environment()
        .get_template("report.html")
        .render(
            reported=reported,
            verdict=verdict,
            facts=(*reported.facts, *_facts(profile)),
            ring=ring(verdict.score, passed=verdict.passed),
            deductions=ledger,
            stack=stacked([("ok", verdict.score), *((one["key"], one["points"]) for one in ledger)]),
            to_do=first_to_do(found),
            findings=found,
            most_shown=MOST_SHOWN,
            changed=changed,
            history_line=score_line([(one.score, one.passed) for one in reported.history], reported.pass_score),
            columns=columns,
            defined=any(column.declared for column in columns),
            anchors={column.name: column.anchor for column in columns},
            sample=sample,
            caveats=caveats(profile, limits) if profile is not None else _no_profile(verdict.profile),
            notes=() if profile is None else tuple(_notes(profile)),
        )
    )


def overview_page(title: str, files: Sequence[FileLine], facts: Sequence[tuple[str, str]] = ()) -> str:
    """Write the overview of many files: those that failed first, the lowest scores before the others."""
    ordered = sorted(files, key=lambda one: (one.passed, one.score, one.agency, one.file))
    lines = [(one, score_line([(point.score, point.passed) for point in one.history], small=True)) for one in ordered]
    passed = sum(one.passed for one in files)
    return _environment().get_template("overview.html").render(title=title, lines=lines, facts=facts, passed=passed)


@cache
def content_security_policy() -> str:
    """Give the policy that pages declare: nothing is loaded and nothing is run; their own style has this digest."""
    return policy_of(_style())


def policy_of(style: str, form_action: str = "'none'") -> str:
    """Give the policy of a page with this style, whose forms may be sent to `form_action`."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action {form_action}"


@cache
def _style() -> str:
    return style_of(_environment())


def style_of(environment: Environment) -> str:
    """Give the style of reports."""
    loader = environment.loader
    if loader is None:
        raise AssertionError("templates have a loader")
    return loader.get_source(environment, "report.css")[0]


@cache
def _environment() -> Environment:
    from dq.report.environment import page_environment  # noqa: PLC0415 - Jinja is for pages alone

    environment = page_environment()
    environment.globals |= {"style": _style, "policy": content_security_policy}
    return environment


def _deductions(verdict: KeptVerdict) -> list[dict[str, Any]]:
    """Give the ledger of the score: what each metric costs, and says."""
    return [
        {
            "key": dimension.key,
            "metric": dimension.metric,
            "status": str(verdict.metrics[dimension.metric].get("status", "not_run")),
            "points": float(verdict.deductions.get(dimension.key, 0.0)),
            "details": str(verdict.metrics[dimension.metric].get("details", "")),
        }
        for dimension in DIMENSIONS
        if dimension.metric in verdict.metrics
    ]


def _readable(profile: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Give the payload where its keys mean what they mean here."""
    return profile if profile is not None and profile.get("version") == VERSION else None


def _no_profile(profile: Mapping[str, Any] | None) -> tuple[str, ...]:
    if profile is None:
        return ("No profile of this run is kept.",)
    return (f"The profile of this run is of version {profile.get('version')}; this page shows version {VERSION}.",)


def _facts(profile: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    if profile is None:
        return ()
    summary = profile["statisticalSummary"]
    facts = [("rows", number(summary["rows"])), ("columns", number(summary["columnCount"]))]
    if summary.get("bytes") is not None:
        facts.append(("size", size(summary["bytes"])))
    return tuple(facts)


def _notes(profile: Mapping[str, Any]) -> list[str]:
    issues = profile["typeFormatIssues"]
    found = []
    if issues["fileError"]:
        found.append(f"The file could not be parsed: {issues['fileError']}")
    lists = (("missingColumns", "Missing"), ("extraColumns", "Not declared"), ("repeatedColumns", "Repeated"))
    found += [f"{title}: {', '.join(issues[key])}" for key, title in lists if issues[key]]
    return found


def _sample(profile: Mapping[str, Any], room: Room) -> dict[str, Any] | None:
    """Give as many columns and rows of the sample as a page has room for."""
    data = profile["sampleData"]
    if not data["rows"]:
        return None
    width = min(len(data["columns"]), _SAMPLE_COLUMNS)
    height = min(room.sample_rows, max(_SAMPLE_CELLS // max(width, 1), 1))
    rows = [[_cell(cell) for cell in row[:width]] for row in data["rows"][:height]]
    return {"columns": data["columns"][:width], "rows": rows}


def _cell(cell: str | None) -> str | None:
    return None if cell is None else shortened(cell, _SAMPLE_CHARACTERS)
