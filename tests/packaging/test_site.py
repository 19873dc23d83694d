"""The site of docs/ is built without a complaint, loads nothing from elsewhere, and has every page."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_LOADED = re.compile(r'<(?:script|img|link|iframe)\b[^>]*?(?:src|href)="([^"]+)"')


def _built(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).parent / "mkdocs")
    command = [program, "build", "--strict", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with every link and anchor checked: one that leads nowhere ends it."""
    folder = tmp_path_factory.mktemp("site")
    run = _built("--site-dir", str(folder))
    assert run.returncode == 0, run.stderr
    return folder


def test_every_page_is_there(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}
    made = {path.relative_to(site).with_suffix("") for path in site.rglob("*.html")} - {Path("404"), Path("search")}
    assert made == {page.parent / "index" if page.name == "README" else page for page in pages}


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    loaded = {address for page in site.rglob("*.html") for address in _LOADED.findall(page.read_text("utf-8"))}
    assert len(loaded) > 5
    assert {address for address in loaded if "://" in address or address.startswith("//")} == set()


def test_blocks_that_say_where_they_go_are_blocks(site: Path) -> None:
    page = (site / "extending.html").read_text("utf-8")
    assert "```" not in page
    assert "<code>new dq/checks/file_rules/column_count.py</code>" in page


def test_a_link_that_leads_nowhere_ends_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    settings = re.sub(
        "^(hooks|nav|not_in_nav):.*?(?=^\\w|\\Z)", "", (ROOT / "mkdocs.yml").read_text(), flags=re.MULTILINE | re.DOTALL
    )
    (tmp_path / "mkdocs.yml").write_text(settings)
    for wrong in ("[there](nowhere.md)", "[there](#nothing)"):
        (tmp_path / "docs/index.md").write_text(f"# Page\n\n{wrong}\n")
        run = _built("--config-file", str(tmp_path / "mkdocs.yml"))
        assert run.returncode == 1
        assert wrong[wrong.index("(") + 1 : -1] in run.stderr


def test_every_decision_is_in_their_list_by_its_title() -> None:
    folder = ROOT / "docs/decisions"
    listed = re.findall(r"^- \[(\d{4})\]\((\S+)\): (.+)$", (folder / "README.md").read_text(), re.MULTILINE)
    titles = {}
    for path in sorted(folder.glob("0*.md")):
        number, title = re.fullmatch(r"# (\d{4}):? (.*)", path.read_text().splitlines()[0]).groups()  # type: ignore[union-attr]
        titles[path.name] = (number, title.lower())
    assert {name: (number, title.lower()) for number, name, title in listed} == titles
