"""What jobs print on stdout for people. Whatever a file or a key holds, it cannot leave its cell."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.text import Text

from etl_core.log.redaction import one_line

_WIDTH_OF_A_FILE = 200


def stdout() -> Console:
    """The console for results; into a file or a pipe lines are wide, so that tools can search them."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE, emoji=False)


def cell(value: object, style: str = "") -> Text:
    """A value as the plain text of a table cell; the lines of a message stay lines."""
    return Text("\n".join(one_line(line) for line in str(value).split("\n")), style=style)
