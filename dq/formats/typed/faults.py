"""Faults of a library are faults of the file it was given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dq.errors import UnreadableFileError
from etl_core.errors import PipelineError


@contextmanager
def named(what: str) -> Iterator[None]:
    """Turn any fault of the library into one of the file; those of store and machine stay what they are."""
    try:
        yield
    except (PipelineError, MemoryError):
        raise
    except Exception as error:
        raise UnreadableFileError(_broken(what, error)) from error


def _broken(what: str, error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{what} ({lines[0][:160] if lines else type(error).__name__}); send the file again"
