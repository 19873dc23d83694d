"""The page about transforms is what the code says, and what it shows is read as it shows it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from dq import FieldType, Problems
from pipelines.transforms.silver_block import read_silver_columns
from pipelines.transforms.silver_columns import SilverColumns

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "transforms.md"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that writes the page."""
    spec = importlib.util.spec_from_file_location("transforms_page", ROOT / "scripts" / "transforms_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_the_one_that_the_code_writes(script: ModuleType) -> None:
    """`make docs` brings it up to date; the examples are run where the steps are tested."""
    assert PAGE.read_text(encoding="utf-8") == script.text()


def test_the_block_that_is_shown_has_no_problem(script: ModuleType) -> None:
    problems = Problems()
    fields = dict.fromkeys(("driver", "state", "phone", "note", "id", "drv", "internal_note"), FieldType.STRING)
    block = json.loads(f"{{{script.BLOCK}}}")["silver"]
    columns = read_silver_columns(block, {**fields, "fare": FieldType.NUMBER, "cents": FieldType.INTEGER}, problems)
    assert problems == Problems()
    assert all(getattr(columns, name) for name in SilverColumns.__slots__)


def test_a_step_can_be_tried_as_the_page_says() -> None:
    (command,) = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("To try one: ")]
    program = command.partition("python -c '")[2].rpartition("'`")[0]
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "['McDonald']\n"
