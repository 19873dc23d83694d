"""The check of the format: the file and every row of it can be parsed. It needs no definition."""

from __future__ import annotations

from typing import Final

from dq.checks.check import Check, Dimension

PARSABLE: Final = "parsable"


def format_checks() -> tuple[Check, ...]:
    """Ask that every row can be parsed; a malformed row is never tolerated."""
    return (Check(PARSABLE, Dimension.FORMAT),)
