"""What can go wrong with a table, by what somebody can do about it."""

from __future__ import annotations

from etl_core.errors import RetryableError, TerminalError


class TableAlteredError(TerminalError):
    """A table has a form or features this program does not write; somebody has to decide which side changes."""


class TableCorruptError(TerminalError):
    """The log of a table cannot be read; somebody has to restore it."""


class ColumnTypeError(TerminalError):
    """A column has another type than the table, or a type no table holds."""


class HeldError(TerminalError):
    """An object is not loaded before somebody says so, or mends what is in the way; releasing it tries again."""


class FrozenSchemaError(HeldError):
    """A file brings columns that a frozen table does not take."""


class FrozenTypesError(HeldError):
    """A file has values of other types than declared, and its definition wants none of its rows then."""


class UnfitColumnError(HeldError):
    """A column of a file has a type that a step of its definition does not take."""


class CommitConflictError(RetryableError):
    """Others kept committing to the table; the files are written, and only the commit has to be repeated."""


class TableUnavailableError(RetryableError):
    """The place of a table cannot be reached or is full; nothing of the change is visible."""


class TableChangedMeanwhileError(RetryableError):
    """A table got columns that files written for it do not fit; they have to be written again, and that may help."""


class NoTablesSessionError(RetryableError):
    """The Spark session that runs already knows no Delta tables; another one does."""


class TableModeError(TerminalError):
    """A table is filled in another way than a definition asks for; somebody has to name another one."""


class HistoryGoneError(TerminalError):
    """The rows a run had before cannot be had from the table any more; its object has to be loaded again."""


class UndoOpenError(RetryableError):
    """Rows of a table are being taken out; what it needs of older versions must stay."""


class ReferenceGoneError(HeldError):
    """What rows refer to cannot be read, or has two rows for one key; somebody has to mend it."""


class ReferenceAwayError(RetryableError):
    """What rows refer to cannot be reached at present."""
