"""The tutorial is played from its beginning to its end: its files are written, its commands run, what it shows is held
against what is said. The local S3 and the database are those of the tests."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tests.databases import with_all_tables, with_full_reporting
from tests.end_to_end.command_line import bare_command_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.command_line import CommandLine
    from tests.local_s3 import S3Server

__all__ = ["bare_command_line"]

_PAGE = (Path(__file__).parents[2] / "docs/tutorial.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SERVER = "moto_server --port 5555 2>moto.log &"


def _plain(text: str) -> str:
    return re.sub(r"[\s│]+", " ", text)


def _play(line: str, command_line: CommandLine, server: S3Server) -> str:
    """Do what a line of the page does, in this process; what it prints."""
    if line == _SERVER:
        return ""
    program, *arguments = shlex.split(line)
    match program:
        case "export":
            name, _, value = arguments[0].partition("=")
            command_line.set(**{name: value.replace("http://127.0.0.1:5555", server.endpoint)})
            return ""
        case "python":
            source = (command_line.folder / arguments[0]).read_text(encoding="utf-8")
            exec(compile(source, arguments[0], "exec"), {"__name__": "__main__"})  # noqa: S102 - a file of the page
            return ""
        case _:
            assert program == "pipeline-processing"
            ran = command_line.run(*arguments)
            assert ran.code == 0, ran.err
            return ran.out


def test_every_step_of_the_tutorial_does_what_it_says(
    bare_command_line: CommandLine, new_database: Callable[..., str], s3_server: S3Server
) -> None:
    bare_command_line.set(DATABASE_URL=new_database(with_full_reporting, with_all_tables), COLUMNS="160")
    shown, compared = "", 0
    for kind, name, text in _BLOCK.findall(_PAGE):
        if kind == "python":
            (bare_command_line.folder / name).write_text(text, encoding="utf-8")
        elif kind == "sh":
            shown = "".join(_play(line, bare_command_line, s3_server) for line in text.splitlines())
        else:
            for line in text.splitlines():
                assert _plain(line) in _plain(shown), f"{line!r} is not in {shown!r}"
                compared += 1
    assert compared == 18
    assert _SERVER in _PAGE
    (page,) = (path for path in (bare_command_line.folder / "pages").glob("*.html") if path.name != "index.html")
    for written in (bare_command_line.folder / "tuesday.html", page):
        assert "bitcoin" in written.read_text(encoding="utf-8")
