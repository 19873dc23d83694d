"""Text formats refuse files whose first bytes are surely no text."""

from __future__ import annotations

from dq.errors import UnreadableFileError
from dq.formats.foreign import is_binary

_NUL_SHARE = 4
_WINDOWS = "windows-1252"


def refuse_binary(data: bytes, expected: str) -> None:
    """Refuse what no format of ours reads; files of other formats are told apart before."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = f"the file is UTF-16 text, expected UTF-8 {expected}; convert it or declare csv.encoding"
        raise UnreadableFileError(message)
    if is_binary(data):
        raise UnreadableFileError(
            f"the file is binary data of an unknown kind, expected {expected}; send the right file"
        )
    if data.count(b"\0") * _NUL_SHARE > len(data):
        message = (
            f"a quarter of the first bytes is NUL: UTF-16 text without its mark, or no text at all; expected UTF-8 "
            f"{expected}; convert it or declare csv.encoding"
        )
        raise UnreadableFileError(message)


def looks_like(undecodable: bytes) -> str | None:
    """Name the encoding that bytes which are not UTF-8 may have; None where there is no telling."""
    try:
        undecodable.decode(_WINDOWS)
    except UnicodeDecodeError:
        return None
    return _WINDOWS
