"""The list of an agency's attachments, an object beside them: JSON lines, one each.

It says what is at the destination, not what a run did, so a run that finds everything there leaves it as it is.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.agencies.copying.copy_result import CopyResult


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
