"""How long a record may be, in words."""

from __future__ import annotations

from dq.formats.limits import Limits


def too_long(limits: Limits) -> str:
    """Say that a record goes beyond the limit."""
    return (
        f"a line is longer than {limits.line:,} bytes, the most that is read as one row; "
        "is the line break missing, or a quote left open?"
    )
