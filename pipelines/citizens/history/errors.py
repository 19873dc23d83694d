"""What can be wrong with a history."""

from __future__ import annotations

from etl_core.errors import TerminalError


class BrokenHistoryError(TerminalError):
    """A core table is not what its loads say; the transaction that found it changed nothing."""


class NoSuchLoadError(TerminalError):
    """There is no such load, or it is not in the state that was asked to be changed."""
