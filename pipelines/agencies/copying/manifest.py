"""The list of an agency's attachments, an object beside them: JSON lines, one each.

It says what is at the destination, not what a run did, so a run that finds everything there leaves it as it is.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl_core.errors import NoTemporarySpaceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipelines.agencies.copying.copy_result import CopyResult


class ManifestFile:
    """The list before it is uploaded, a file in a folder of this machine.

    Raises NoTemporarySpaceError where that takes no more.
    """

    def __init__(self, folder: str) -> None:
        self.path = Path(folder) / "manifest.jsonl"
        with self._room():
            self._file = self.path.open("wb")

    def add(self, result: CopyResult) -> None:
        """Add the line of an attachment."""
        with self._room():
            self._file.write(manifest_line(result))

    def close(self) -> None:
        """Have all lines in the file."""
        with self._room():
            self._file.close()

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = f"{self.path} could not be written: {error.strerror}; make room there, or name another TMPDIR"
            raise NoTemporarySpaceError(message) from error


def manifest_line(result: CopyResult) -> bytes:
    """Give the line of an attachment."""
    known = asdict(result.attachment)
    line: dict[str, Any] = {
        "attachment_id": known["id"],
        **{name: known[name] for name in ("file_name", "category", "person_id", "created_at")},
        "metadata": known["metadata"],
        "source": result.source,
        "destination": result.destination,
        "size": result.size,
        "etag": result.source_etag,
        "destination_etag": result.destination_etag,
        "checksum_sha256": known["checksum_sha256"],
        "status": "copied" if result.is_good else result.status,
        "reason": result.reason,
    }
    return json.dumps(line, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
