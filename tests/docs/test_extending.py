"""The recipes of docs/extending.md, carried out word for word on a copy of the sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
COPIED = ("dq", "etl_core", "jobs", "pipelines", "service", "conf", "pyproject.toml", "README.md", "CHANGELOG.md")


@dataclass(frozen=True)
class Recipe:
    """A section: its title and its blocks, each with what stands behind its opening fence."""

    title: str
    blocks: tuple[tuple[str, str], ...]

    def of(self, kind: str) -> list[str]:
        return [text for info, text in self.blocks if info == kind]


def recipes() -> list[Recipe]:
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    return [
        Recipe(
            section.partition("\n")[0],
            tuple(re.findall(r"^```([^\n]+)\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)),
        )
        for section in sections
    ]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A copy of what is installed."""
    for name in COPIED:
        copied = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copied(ROOT / name, tmp_path / name)
    return tmp_path


def apply(info: str, text: str, sources: Path) -> None:
    """Carry out one block: a new file, a line put behind another, or one that replaces another."""
    _, place = info.split(" ", 1)
    if place.startswith("new "):
        path = sources / place.removeprefix("new ")
        assert not path.exists(), f"{path} is there already"
        path.write_text(text, encoding="utf-8")
        return
    name, how, line = re.fullmatch(r"(\S+) (after|replaces) (.*)", place, re.DOTALL).groups()  # type: ignore[union-attr] # a block that does not match fails the test
    path = sources / name
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    at = lines.index(f"{line}\n")
    lines[at : at + 1] = [text] if how == "replaces" else [lines[at], text]
    path.write_text("".join(lines), encoding="utf-8")


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.title)
def test_a_recipe_does_what_it_says(recipe: Recipe, sources: Path) -> None:
    for info, text in recipe.blocks:
        if info not in {"sh", "text"}:
            apply(info, text, sources)
    (commands,) = recipe.of("sh")
    (expected,) = recipe.of("text")
    bin_folder = Path(sys.executable).parent
    run = subprocess.run(
        commands,
        shell=True,
        cwd=sources,
        env={**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = run.stdout + run.stderr
    assert all(line in said for line in expected.splitlines()), said


def test_the_recipes_are_those_that_are_asked_for_most() -> None:
    assert [recipe.title for recipe in recipes()] == [
        "A rule over whole files",
        "A rule over cells",
        "A format",
        "A dialect of announcements",
        "A step that mends texts",
        "A job",
        "A flow",
    ]
