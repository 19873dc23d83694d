"""The page of a verdict: one file that loads nothing, the same every time, whatever the verdict says."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from dq.report.page import content_security_policy, overview_page, report_page
from dq.report.reported import FileLine, HistoryPoint, KeptVerdict, Reported
from tests.golden_cases import GoldenCase, golden_cases
from tests.unit.report.files import kept_verdict, wide_file

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title><svg/onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202edesrever \u2066\u200b\ufeff",
    "nul\x00 and \x1b[31mred",
    "x" * 10_000,
    "javascript:alert(1)",
)
HISTORY = tuple(HistoryPoint(f"2026-01-{day:02d} 12h", 60 + day, day > 20) for day in range(1, 29))


class _Parts(HTMLParser):
    """What a page is made of, as a parser of HTML sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.identifiers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.identifiers += [str(value) for name, value in attrs if name == "id"]


def parts_of(page: str) -> _Parts:
    parts = _Parts()
    parts.feed(page)
    parts.close()
    return parts


def require_harmless(page: str) -> _Parts:
    """Nothing runs, nothing is fetched, no character turns the text around, every link on the page leads somewhere."""
    parts = parts_of(page)
    assert "script" not in parts.tags
    assert not [name for name, _ in parts.attributes if name.startswith("on") or name in ("style", "srcdoc")]
    links = [str(value) for name, value in parts.attributes if name in ("href", "src")]
    assert all(
        link.startswith(("#", "data:image/svg+xml,")) or re.fullmatch(r"[a-z0-9-]+\.html", link) for link in links
    )
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069\ufeff]", page)
    assert {link[1:] for link in links if link.startswith("#")} <= set(parts.identifiers)
    assert len(parts.identifiers) == len(set(parts.identifiers))
    return parts


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> KeptVerdict:
    return kept_verdict(*wide_file(tmp_path_factory.mktemp("wide"), 50))


def test_a_page_loads_and_runs_nothing(wide: KeptVerdict) -> None:
    page = report_page(Reported("trips.csv", wide, history=HISTORY, before=wide, before_label="2026-01-27 12h"))
    require_harmless(page)
    assert content_security_policy().replace("'", "&#39;") in page
    assert "default-src 'none'" in content_security_policy()
    assert "unsafe" not in content_security_policy()


def test_the_same_verdict_gives_the_same_bytes(wide: KeptVerdict) -> None:
    reported = Reported("trips.csv", wide, history=HISTORY)
    assert report_page(reported) == report_page(reported)


@pytest.mark.parametrize(("columns", "kilobytes"), [(50, 150), (200, 600)])
def test_a_page_is_small(tmp_path: Path, columns: int, kilobytes: int) -> None:
    verdict = kept_verdict(*wide_file(tmp_path, columns))
    page = report_page(Reported("wide.csv", verdict, before=verdict, history=HISTORY * 3))
    assert len(page.encode()) <= kilobytes * 1000
    assert page.count('<li id="c') == columns


@pytest.mark.parametrize("text", ["free text " * 19, 'O\'Brien & "Sons" ' * 11, '<&"' * 63])
def test_a_page_is_small_whatever_people_wrote(tmp_path: Path, text: str) -> None:
    names = [f"c{at}" for at in range(50)]
    rows = [",".join(f'"{row}{text.replace(chr(34), chr(34) * 2)}"' for _ in names) for row in range(60)]
    path = tmp_path / "texts.csv"
    path.write_text("\n".join([",".join(names), *rows]), encoding="utf-8")
    verdict = kept_verdict(path, {"fields": [{"name": name, "maxLength": 3} for name in names]})
    page = report_page(Reported("texts.csv", verdict, before=verdict, history=HISTORY))
    assert len(page.encode()) <= 150_000
    assert page.count('<li id="c') == 50
    assert "Examples of a failed rule" in page


@pytest.mark.parametrize("case", golden_cases(), ids=lambda case: case.name)
def test_every_golden_verdict_has_its_page(case: GoldenCase) -> None:
    verdict = kept_verdict(case.path, case.definition)
    page = report_page(Reported(case.path.name, verdict))
    require_harmless(page)
    assert f"<b>{verdict.score}</b>" in page
    assert ("✓ Passed" if verdict.passed else "✗ Failed") in page
    assert page.count('class="body" id="f') == len(verdict.rules or ())


def test_what_cost_points_is_on_the_page(wide: KeptVerdict) -> None:
    page = report_page(Reported("trips.csv", wide))
    for metric in wide.metrics:
        assert f"</i>{metric}</th>" in page
    assert "the column is missing" in page
    assert "Add the column to the file" in page


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text)[:20])
def test_hostile_text_stays_text_wherever_it_stands(tmp_path: Path, hostile: str) -> None:
    verdict = kept_verdict(*wide_file(tmp_path, 8, rows=60))
    spoilt = replace(
        verdict,
        metrics={name: {**metric, "details": hostile, "status": hostile} for name, metric in verdict.metrics.items()},
        deductions={**verdict.deductions, hostile: 3.0},
        message=hostile,
        rules=[_spoilt(rule, hostile, {"dimension"}) for rule in verdict.rules or ()],
        profile=_spoilt(verdict.profile, hostile, {"kind", "type", "code"}),
    )
    page = report_page(
        Reported(
            hostile,
            spoilt,
            facts=((hostile, hostile),),
            before=spoilt,
            before_label=hostile,
            history=(HistoryPoint(hostile, 7, passed=True), HistoryPoint(hostile, 8, passed=False)),
            warnings=(hostile,),
            up=("index.html", hostile),
        )
    )
    require_harmless(page)
    assert len(page) < 600_000


def _spoilt(value: Any, hostile: str, kept_keys: set[str]) -> Any:  # noqa: ANN401 - any JSON value
    """The same JSON with a hostile text in place of each of its texts."""
    if isinstance(value, dict):
        return {key: one if key in kept_keys else _spoilt(one, hostile, kept_keys) for key, one in value.items()}
    if isinstance(value, list):
        return [_spoilt(one, hostile, kept_keys) for one in value]
    return hostile if isinstance(value, str) else value


def test_a_profile_of_another_version_is_named_and_not_misread(wide: KeptVerdict) -> None:
    page = report_page(Reported("old.csv", replace(wide, profile={"version": 1, "statisticalSummary": {"rows": 4}})))
    assert "is of version 1" in page
    assert '<li id="c' not in page


def test_a_database_that_keeps_neither_rules_nor_profiles_still_has_a_page(wide: KeptVerdict) -> None:
    page = report_page(Reported("bare.csv", replace(wide, rules=None, profile=None, message="it failed")))
    require_harmless(page)
    assert "not kept in this database. it failed" in page


def test_an_overview_begins_with_what_failed() -> None:
    lines = [
        FileLine("a", "good", "2026-01-04 12h", 100, passed=True, reason="", history=HISTORY),
        FileLine(
            "a", "<b>bad</b>", "2026-01-04 12h", 40, passed=False, reason="<script>", history=HISTORY, link="bad-1.html"
        ),
    ]
    page = overview_page("tenant-a", lines)
    require_harmless(page)
    assert page.index("bad-1.html") < page.index("a/good")


def test_an_overview_of_many_files_and_runs_is_small() -> None:
    runs = HISTORY * 3
    lines = [
        FileLine(
            "tenant-a", f"file-{at}", "2026-01-04 12h", at % 101, at % 3 > 0, "boundsRange: ...", runs, f"f-{at}.html"
        )
        for at in range(50)
    ]
    assert len(overview_page("tenant-a", lines).encode()) <= 100_000
