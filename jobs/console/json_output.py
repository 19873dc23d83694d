"""Results as JSON, for other programs: into a file, or - for stdout."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl_core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def require_writable(out: str, what: str, apart_from: Iterable[str | None] = ()) -> None:
    """Find out before the work is done whether its result can be written, and lies `apart_from` other files.

    Raises:
        UsageError: it cannot, or is one of these files.
    """
    path = Path(out)
    for other in apart_from:
        if other is not None and _is_same(path, Path(other.removeprefix("file://"))):
            raise UsageError(f"the {what} cannot be written to {out!r}: another file of this command; name a new one")
    if out == "-" or (path.exists() and not path.is_dir() and os.access(path, os.W_OK)):
        return
    if path.is_dir():
        raise UsageError(f"the {what} cannot be written to {out!r}: it is a folder; name a file")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise UsageError(f"the {what} cannot be written to {out!r}: there is no such folder, or it may not be written")


def _is_same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.absolute() == other.absolute()


def write_json(result: Mapping[str, Any], out: str, what: str) -> None:
    """Write `result`, which messages call `what`, to the file `out`.

    Raises:
        UsageError: the file cannot be written.
    """
    write_text(json.dumps(result, ensure_ascii=False, allow_nan=False, indent=1), out, what)


def write_text(text: str, out: str, what: str) -> None:
    """Write `text`, which messages call `what`, to the file `out`, or - for stdout.

    Raises:
        UsageError: the file cannot be written.
    """
    if out == "-":
        sys.stdout.write(f"{text}\n")
        return
    try:
        Path(out).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"the {what} cannot be written to {out!r}: {error.strerror}") from None
