"""How far applications are, as the log of a table says: all of them in one pass.

delta-rs answers for one application at a time, by a pass over the log each. A batch asks for a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pyarrow.parquet as pq

from etl_core.errors import ObjectGoneError
from pipelines.lake.files.table_folder import TableFolder

_LOG = "_delta_log"
_MARK = b'"txn"'


def transaction_versions(folder: TableFolder, version: int) -> dict[str, int]:
    """The version every application has reached, in the table at `version`.

    Raises:
        ObjectGoneError: a file of the log is not there; versions before the last checkpoint may not be.
        StorageUnavailableError: S3 does not answer.
    """
    found: dict[str, int] = {}
    summed_up = _last_checkpoint(folder)
    if summed_up is not None and summed_up[0] <= version:
        start, parts = summed_up
        for part in range(1, (parts or 1) + 1):
            found.update(_of_checkpoint(folder, start, part, parts))
    else:
        start = -1
    for number in range(start + 1, version + 1):
        found.update(_of_commit(folder, number))
    return found


def _last_checkpoint(folder: TableFolder) -> tuple[int, int | None] | None:
    """The version the log was last summed up at, and in how many files where there are several."""
    try:
        with folder.open_file(f"{_LOG}/_last_checkpoint") as source:
            told = orjson.loads(source.read())
    except (ObjectGoneError, orjson.JSONDecodeError):  # none yet; or half of one, which readers do without
        return None
    return told["version"], told.get("parts")


def _of_checkpoint(folder: TableFolder, version: int, part: int, parts: int | None) -> Iterator[tuple[str, int]]:
    of_parts = "" if parts is None else f".{part:010d}.{parts:010d}"
    with folder.open_file(f"{_LOG}/{version:020d}.checkpoint{of_parts}.parquet") as source:
        file = pq.ParquetFile(source)
        if "txn" not in file.schema_arrow.names:
            return
        column = file.read(columns=["txn"])["txn"].combine_chunks()
        for one in column.filter(column.is_valid()).to_pylist():
            if one["appId"] is not None:
                yield one["appId"], one["version"]


def _of_commit(folder: TableFolder, version: int) -> Iterator[tuple[str, int]]:
    with folder.open_file(f"{_LOG}/{version:020d}.json") as source:
        for line in source.read().splitlines():
            if _MARK in line[:16]:
                told = orjson.loads(line)["txn"]
                yield told["appId"], told["version"]
