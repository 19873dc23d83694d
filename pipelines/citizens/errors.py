"""What goes wrong with workbooks and with the warehouse, as far as somebody can do something about it."""

from __future__ import annotations

from etl_core.errors import RetryableError, TerminalError


class WorkbookRefusedError(TerminalError):
    """A workbook cannot land: it is not there, not one of ours, or does not say which month it is of."""


class ReplacedLoadError(TerminalError):
    """A load cannot be brought back: its workbook landed anew, and counts as that alone."""


class NotDismissedError(TerminalError):
    """No workbook can be dismissed: none of this name stands stopped, or those of several months do."""


class StillBeingWrittenError(RetryableError):
    """Somebody is still writing or copying the workbook; it can land when that has ended."""


class WarehouseError(TerminalError):
    """The warehouse cannot be made by this role."""


class MartMismatchError(TerminalError):
    """The mart would not hold what core does; the transaction that found it changed nothing."""


class NoSpaceError(RetryableError):
    """The disk of CITIZENS_ROOT is full; somebody may free space."""


class FolderRefusedError(TerminalError):
    """A folder under CITIZENS_ROOT cannot be made or written by this user."""
