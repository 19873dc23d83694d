"""Results as JSON, for other programs: into a file, or - for stdout."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def require_writable(out: str, what: str) -> None:
    """Find out before the work is done whether its result can be written.

    Raises:
        UsageError: it cannot.
    """
    path = Path(out)
    if out == "-" or (path.exists() and not path.is_dir() and os.access(path, os.W_OK)):
        return
    if path.is_dir():
        raise UsageError(f"the {what} cannot be written to {out!r}: it is a folder; name a file")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise UsageError(f"the {what} cannot be written to {out!r}: there is no such folder, or it may not be written")


def write_json(result: Mapping[str, Any], out: str, what: str) -> None:
    """Write `result`, which messages call `what`, to the file `out`.

    Raises:
        UsageError: the file cannot be written.
    """
    text = json.dumps(result, ensure_ascii=False, allow_nan=False, indent=1)
    if out == "-":
        sys.stdout.write(f"{text}\n")
        return
    try:
        Path(out).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the {what} cannot be written to {out!r}: {error.strerror}") from None
