"""What can go wrong with documents as a whole, by what somebody can do about it; of single files their status tells."""

from __future__ import annotations

from etl_core.errors import ProblemsError, RetryableError


class AgencyQueryError(ProblemsError):
    """A query of an owner's cannot be used: its file, its columns, or what it gives; all that is wrong with it."""


class StoppedEarlyError(RetryableError):
    """Somebody asked the job to end before everything was copied; the same command goes on."""
