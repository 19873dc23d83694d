"""What can go wrong in a flow, by what somebody can do about it."""

from __future__ import annotations

from etl_core.errors import ProblemsError, RetryableError, TerminalError, UsageError


class FlowError(ProblemsError):
    """The file of a flow cannot be used; all that is wrong with it."""


class SourceChangedError(ProblemsError):
    """The source does not take the flow's query any more, or another account is asked than may read it."""


class TargetError(ProblemsError):
    """The table that a flow loads is not there, or not of the form that its rows have."""


class MissingStepError(UsageError):
    """A step was asked for whose forerunner has not been done, or whose rows are gone."""


class StaleExtractError(TerminalError):
    """Rows that were read earlier must not replace those that were read later."""


class UnfitValueError(TerminalError):
    """A value that a derived column is made from has, after its steps, no place in the declared type."""


class LoadRefusedError(TerminalError):
    """The rows contradict what the mode of the load promises."""


class FlowBusyError(RetryableError):
    """Another process runs the flow."""
