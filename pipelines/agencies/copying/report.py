"""What a run did with every file, written as it goes: as CSV or JSON lines, by the suffix of the file's name.

It has what S3 Batch Operations reports of a task (bucket, key, version, status, code, HTTP status, message), and what
is known besides.
"""

from __future__ import annotations

import csv
import json
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from etl_core.errors import UsageError
from etl_core.spreadsheets import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipelines.agencies.copying.copy_result import CopyResult

COLUMNS: Final = (
    *("agency_id", "attachment_id", "bucket", "key", "version_id", "status", "error_code", "http_status", "message"),
    *("destination_bucket", "destination_key", "size", "etag"),
)
SUFFIXES: Final = (".csv", ".jsonl")


@contextmanager
def report_file(path: str | None) -> Iterator[Callable[[str, CopyResult], None]]:
    """Open a report; gives what takes an agency's id and a result. Without a path nothing is kept.

    Raises:
        UsageError: its name ends otherwise, or it cannot be written.
    """
    if path is None:
        yield lambda _agency, _result: None
        return
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"the report cannot be written to {path!r}; expected a name that ends in {', '.join(SUFFIXES)}"
        )
    with ExitStack() as own:
        with _named(path):
            file = own.enter_context(Path(path).open("w", encoding="utf-8", newline=""))
            write = _csv(file) if suffix == ".csv" else _json_lines(file)

        def tell(agency: str, result: CopyResult) -> None:
            with _named(path):
                write(_row(agency, result))

        yield tell


@contextmanager
def _named(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"the report cannot be written to {path!r}: {error.strerror}") from None


def _row(agency: str, result: CopyResult) -> dict[str, Any]:
    values = (
        *(agency, result.attachment.id, result.source_bucket, result.attachment.source_key, result.source_version),
        *(result.status, result.error_code, result.http_status, result.reason),
        *(result.destination_bucket, result.destination_key, result.size, result.source_etag),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _csv(file: IO[str]) -> Callable[[dict[str, Any]], None]:
    writer = csv.writer(file)
    writer.writerow(COLUMNS)

    def write(row: dict[str, Any]) -> None:
        writer.writerow([guarded(one) if isinstance(one, str) else one for one in row.values()])

    return write


def _json_lines(file: IO[str]) -> Callable[[dict[str, Any]], None]:
    def write(row: dict[str, Any]) -> None:
        file.write(f"{json.dumps(row, ensure_ascii=True)}\n")

    return write
