"""What goes wrong with workbooks and with the warehouse, as far as somebody can do something about it."""

from __future__ import annotations

from etl_core.errors import RetryableError, TerminalError


class WorkbookRefusedError(TerminalError):
    """A workbook cannot land: it is not there, not one of ours, or does not say which month it is of."""


class StillBeingWrittenError(RetryableError):
    """Somebody is still writing or copying the workbook; it can land when that has ended."""


class WarehouseError(TerminalError):
    """The warehouse lacks a table or a right, or cannot be reached as the settings say."""


class MartMismatchError(TerminalError):
    """The mart would not hold what core does; the transaction that found it changed nothing."""
