"""Why a workbook is not read, told by its bytes where the library does not say."""

from __future__ import annotations

import io
import re
import zipfile

#: Why a workbook cannot be read.
BROKEN, PASSWORD, NO_HEADER, LIMIT, MEMORY = "broken", "password", "no header", "limit", "memory"

#: An office file that holds others, and the entry of its directory that stands for an encrypted workbook: the name in
#: 64 bytes, their number with the zero behind it, and 2 for a stream ([MS-CFB] 2.6.1, [MS-OFFCRYPTO] 2.3.4.4). Texts of
#: cells may have the name too.
_COMPOUND = b"\xd0\xcf\x11\xe0"
_PACKAGE = "EncryptedPackage".encode("utf-16-le").ljust(64, b"\0") + b"\x22\0\x02"
_ENTRY = 128
#: An old workbook whose texts are encrypted: the record it begins with is followed by the one that says how. Streams
#: begin at multiples of 64 bytes.
_ALIGNED = 64
_OLD_AND_ENCRYPTED = re.compile(rb"\x09\x08\x10\0\0\x06\x05\0.{12}(?:\x86\0\0\0)?\x2f\0", re.DOTALL)
#: What the library says when Python has no memory for one more cell.
_NO_MEMORY = "PyObject pointer is null"
#: Ends of the names of the parts that make an archive a workbook; the part of an ods file that says what is encrypted.
_BOOKS = ("workbook.xml", "workbook.bin", "content.xml")
_MANIFEST, _ENCRYPTED, _MOST_MANIFEST = "META-INF/manifest.xml", b":encryption-data", 1024 * 1024


class RefusedError(Exception):
    """A workbook that cannot be read, and why."""

    def __init__(self, why: str, text: str) -> None:
        super().__init__(text)
        self.why = why


def refuse_protected(data: bytes) -> None:
    """Refuse an office file that is encrypted, which the library does not name in every kind of workbook."""
    if data.startswith(_COMPOUND) and (_has_package(data) or _is_old_and_encrypted(data)):
        raise RefusedError(PASSWORD, "")


def _has_package(data: bytes) -> bool:
    at = data.find(_PACKAGE)
    while at >= 0 and at % _ENTRY:
        at = data.find(_PACKAGE, at + 1)
    return at >= 0


def _is_old_and_encrypted(data: bytes) -> bool:
    return any(found.start() % _ALIGNED == 0 for found in _OLD_AND_ENCRYPTED.finditer(data))


def unreadable(data: bytes, error: BaseException) -> RefusedError:
    """Say what is wrong with a workbook; the library says of an archive without one only that it does not know it."""
    if _NO_MEMORY in str(error):
        return RefusedError(MEMORY, "")
    names, encrypted = _looked_into(data)
    if encrypted:
        return RefusedError(PASSWORD, "")
    if names and not any(name.lower().replace("\\", "/").endswith(_BOOKS) for name in names):
        shown = ", ".join(repr(name[:60]) for name in names[:5])
        text = f"the file is a zip archive that holds no workbook (but {shown}); send the file itself"
        return RefusedError(LIMIT, text)
    lines = str(error).strip().splitlines()
    return RefusedError(BROKEN, lines[0][:160] if lines else type(error).__name__)


def _looked_into(data: bytes) -> tuple[list[str], bool]:
    """Name the parts of an archive, and tell whether it is an encrypted ods file."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if _MANIFEST not in names:
                return names, False
            with archive.open(_MANIFEST) as part:
                return names, _ENCRYPTED in part.read(_MOST_MANIFEST)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return [], False
