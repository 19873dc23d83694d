"""What Delta raises in Spark, as this package's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.errors import PySparkException

from pipelines.lake.errors import CommitConflictError, TableAlteredError

#: How Delta names conflicts between writers; trying again sees the other's commit.
_CONFLICTS = ("DELTA_CONCURRENT", "DELTA_METADATA_CHANGED", "DELTA_PROTOCOL_CHANGED", "Concurrent", "FileAlreadyExists")
_REFUSALS = ("DELTA_", "Delta")


@contextmanager
def named_conflicts(uri: str) -> Iterator[None]:
    """Have what Delta raises in the block raised as this package's errors, about the table at `uri`.

    Raises:
        CommitConflictError: somebody else was quicker.
        TableAlteredError: the table does not take what it was given.
    """
    try:
        yield
    except PySparkException as error:
        said = " ".join(str(error).split())[:400]
        if any(name in said for name in _CONFLICTS):
            raise CommitConflictError(f"{uri} was changed by somebody else at the same time: {said}") from error
        if any(name in said for name in _REFUSALS):
            raise TableAlteredError(
                f"Delta refuses to change {uri}: {said}; compare its columns, partitions and settings"
            ) from error
        raise
