"""Text formats refuse files whose first bytes are surely no text."""

from __future__ import annotations

from dq.errors import UnreadableFileError

_FOREIGN = {
    b"\xfd7zXZ\x00": "compressed as xz, which is not read",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\x1f\x8b": "compressed twice",
    b"\x28\xb5\x2f\xfd": "compressed twice",
}
_NUL_SHARE = 4


def refuse_binary(data: bytes, expected: str) -> None:
    """Refuse what no format of ours reads; files of other formats are told apart before."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = f"the file is UTF-16 text, expected UTF-8 {expected}; convert it or declare csv.encoding"
        raise UnreadableFileError(message)
    for magic, what in _FOREIGN.items():
        if data.startswith(magic):
            message = f"the file is {what}, expected {expected}; declare the right format or send the right file"
            raise UnreadableFileError(message)
    if data.count(b"\0") * _NUL_SHARE > len(data):
        message = (
            f"a quarter of the first bytes is NUL: UTF-16 text without its mark, or no text at all; expected UTF-8 "
            f"{expected}; convert it or declare csv.encoding"
        )
        raise UnreadableFileError(message)
