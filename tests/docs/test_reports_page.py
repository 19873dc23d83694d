"""The page on reports is played from its beginning to its end, as a newcomer would."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tests.end_to_end.command_line import bare_command_line

if TYPE_CHECKING:
    from tests.end_to_end.command_line import CommandLine

__all__ = ["bare_command_line"]

_PAGE = Path(__file__).parents[2] / "docs/reports.md"
_BLOCK = re.compile(r"```sh\n(.*?)```\n\n```text\n(.*?)```", re.DOTALL)


def _plain(text: str) -> str:
    return re.sub(r"[\s│]+", " ", text)


def test_every_command_shows_what_the_page_says(bare_command_line: CommandLine) -> None:
    blocks = _BLOCK.findall(_PAGE.read_text(encoding="utf-8"))
    assert len(blocks) == 3
    for commands, expected in blocks:
        shown = ""
        for line in commands.splitlines():
            if line.startswith("printf "):
                _, text, _, name = shlex.split(line)
                (bare_command_line.folder / name).write_text(text.encode().decode("unicode_escape"), encoding="utf-8")
                continue
            program, *arguments = shlex.split(line)
            assert program == "pipeline-processing"
            shown += bare_command_line.run(*arguments).out
        for line in expected.splitlines():
            assert _plain(line) in _plain(shown), f"{line!r} is not in {shown!r}"
    page = (bare_command_line.folder / "trips.html").read_text(encoding="utf-8")
    assert "✓ Passed" in page
