"""Pages in a browser: nothing complains, nothing overflows, people with a keyboard or a screen reader get along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dq.report.page import overview_page, report_page
from dq.report.reported import FileLine, HistoryPoint, Reported
from tests.chromium import Chromium, axe_source, chromium
from tests.unit.report.files import kept_verdict, wide_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["chromium"]

HISTORY = tuple(HistoryPoint(f"2026-01-{day:02d} 12h", 60 + day, day > 20) for day in range(1, 29))
#: A page of 10,000 characters in a name and a value, marks of direction, markup and NUL.
HOSTILE = "<script>document.title='hacked'</script>\"'><img src=x onerror=alert(1)>\u202e\u2066 \x00" + "W" * 10_000
_VIOLATIONS = """
axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.map(
    one => one.id + ": " + one.nodes.slice(0, 3).map(node => node.html.slice(0, 120)).join(" | ")))
"""
#: Elements that reach out of the page to the right, apart from what stands in a box that scrolls.
_WIDER = """
[...document.querySelectorAll("body *")].filter(one => !one.closest(".scroll, .skip") &&
    one.getBoundingClientRect().right > document.documentElement.clientWidth + 1
).map(one => one.outerHTML.slice(0, 120))
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    verdict = kept_verdict(*wide_file(folder, 16))
    up = ("overview.html", "tenant-a")
    written = {
        "report": report_page(Reported("trips.csv", verdict, before=verdict, history=HISTORY, pass_score=80.0, up=up)),
        "hostile": report_page(Reported(HOSTILE, verdict, facts=((HOSTILE, HOSTILE),), warnings=(HOSTILE,))),
        "overview": overview_page(
            "tenant-a",
            [
                FileLine(
                    "tenant-a",
                    HOSTILE,
                    "2026-01-04",
                    40,
                    passed=False,
                    reason=HOSTILE,
                    history=HISTORY,
                    link="report.html",
                )
            ],
        ),
    }
    for name, page in written.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in written}


@pytest.mark.parametrize("name", ["report", "hostile", "overview"])
@pytest.mark.parametrize("width", [320, 1200, 3840])
def test_nothing_complains_and_nothing_is_wider_than_the_screen(
    chromium: Chromium, pages: dict[str, Path], name: str, width: int
) -> None:
    chromium.open(pages[name], width=width)
    assert chromium.complaints() == []
    assert chromium.evaluate(_WIDER) == []
    assert chromium.evaluate("document.title") != "hacked"
    assert chromium.evaluate("getComputedStyle(document.querySelector('.card')).borderTopStyle") == "solid"


@pytest.mark.parametrize(("width", "dark"), [(1200, False), (1200, True), (320, False)])
@pytest.mark.parametrize("name", ["report", "overview"])
def test_axe_finds_no_violation(
    chromium: Chromium, pages: dict[str, Path], name: str, width: int, *, dark: bool
) -> None:
    source = axe_source()
    if source is None:
        pytest.skip("axe-core is not here, and npm cannot fetch it")
    chromium.open(pages[name], width=width, dark=dark)
    chromium.evaluate(source)
    assert chromium.evaluate(_VIOLATIONS) == []


def test_findings_open_by_keyboard_and_links_lead_to_them(chromium: Chromium, pages: dict[str, Path]) -> None:
    chromium.open(pages["report"])
    chromium.evaluate("document.querySelectorAll('details')[4].querySelector('summary').focus()")
    for kind in ("rawKeyDown", "char", "keyUp"):
        chromium.call(
            "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13
        )
    assert chromium.evaluate("document.querySelectorAll('details')[4].open")
    chromium.evaluate("document.querySelector('ul.issues a[href=\"#f9\"]').click()")
    assert chromium.evaluate("location.hash") == "#f9"
    assert chromium.evaluate("document.querySelector('#f9').closest('details').open")


def test_on_paper_every_finding_is_open_and_ink_is_dark(chromium: Chromium, pages: dict[str, Path]) -> None:
    chromium.open(pages["report"], dark=True, media="print")
    closed = "[...document.querySelectorAll('details:not([open]) .body')].filter(one => !one.checkVisibility()).length"
    assert chromium.evaluate(closed) == 0
    assert chromium.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert chromium.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
