"""Files of kinds that are not read, whatever their name or declared format: known by their content, and named."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dq.errors import UnreadableFileError

#: How files begin, and what they are.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"{\\rtf", "an RTF document"),
    (b"Obj\x01", "an Avro file"),
    (b"ARROW1\0\0", "an Arrow IPC file"),
    (b"FEA1", "a Feather file"),
    (b"\xff\xff\xff\xff", "an Arrow IPC stream"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\0\1\0\0Standard ", "an Access database"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"HEADER RECORD*******LIBRARY", "a SAS transport file"),
    (b"$FL2@(#)", "an SPSS file"),
    (b"<stata_dta>", "a Stata file"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\xfd7zXZ\0", "compressed as xz, which is not read"),
    (b"LZIP", "compressed as lzip, which is not read"),
    (b"\x04\x22\x4d\x18", "compressed as lz4, which is not read"),
    (b"\xff\x06\0\0sNaPpY", "compressed as snappy, which is not read"),
    (b"\x1f\x8b", "compressed twice"),
    (b"\x28\xb5\x2f\xfd", "compressed twice"),
    (b"\x7fELF", "a program"),
    (b"\xca\xfe\xba\xbe", "a Java class"),
    (b"-----BEGIN PGP", "encrypted with PGP"),
    (b"\x85\x01\x0c\x03", "encrypted with PGP"),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05][\x00-\xff]")
_TAR = (257, b"ustar")
_HTML = re.compile(rb"(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script|title)\b", re.IGNORECASE | re.DOTALL)
#: Parts of a page, as servers and "export to Excel" buttons send them without one around. A header may be called
#: `<table>`, and then no element is closed behind it.
_HTML_PART = re.compile(
    rb"<(?:meta|link|base|style|table|div|center|form|frameset|iframe|noscript|section|p|h[1-6]|pre|ul|ol)\b[^>]*>.*?</",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(rb"(?:<\?xml\b[^>]*\?>\s*)(?:<!(?:--.*?--|[^>]*)>\s*)*<([A-Za-z_][\w.:-]*)", re.DOTALL)
#: Without a declaration only what cannot be a line of cells: elements within the first one.
_BARE_XML = re.compile(rb"<([A-Za-z_][\w.:-]*)(?:\s[^<>]*)?>\s*<[A-Za-z_!].*?(?:</|/>)", re.DOTALL)
_CODE = re.compile(rb"<Code>([A-Za-z]{1,60})</Code>")
_BOM = b"\xef\xbb\xbf"
#: Bytes that stand in no text, and how many of them, and of those that are no UTF-8, make a file no text.
_CONTROLS = bytes([*range(9), *range(14, 27), *range(28, 32)])
_FEW_BYTES, _CONTROL_SHARE, _UNDECODABLE_SHARE = 32, 0.04, 0.2


def refuse_foreign(first: bytes, read: Iterable[str]) -> None:
    """Refuse a file that is of a kind nobody reads here; `read` are the kinds that are read, for the message."""
    what = foreign_kind(first)
    if what is not None:
        message = (
            f"the file is {what}; what is read are {', '.join(read)}, each also as gzip, zstd, bzip2 or alone in a zip"
        )
        raise UnreadableFileError(message)


def foreign_kind(first: bytes) -> str | None:
    """Say what a file is by its first (expanded) bytes, None when it may be one that is read."""
    for magic, what in _MAGIC:
        if first.startswith(magic):
            return what
    if _PICKLE.match(first) and b"." in first[-1:] + first[:64]:
        return "a Python pickle"
    if first[_TAR[0] :].startswith(_TAR[1]):
        return "a tar archive"
    if first[:4] == b"RIFF" and first[8:12] == b"WEBP":
        return "a WebP image"
    if first[4:8] == b"ftyp":
        return "a video"
    return _markup(first.removeprefix(_BOM).lstrip())


def _markup(text: bytes) -> str | None:
    if _HTML.match(text) or _HTML_PART.match(text):
        return "an HTML page"
    found = _XML.match(text) or _BARE_XML.match(text)
    if found is None:
        return None
    root = found[1].decode("ascii", "replace")
    if root.lower() == "html":
        return "an HTML page"
    code = _CODE.search(text)
    return f"an XML document ({root}: {code[1].decode()})" if root == "Error" and code else f"an XML document ({root})"


def is_binary(first: bytes) -> bool:
    """Tell bytes that are no text at all from texts with a few odd characters."""
    if len(first) < _FEW_BYTES or first.isascii():
        return False
    controls = len(first) - len(first.translate(None, _CONTROLS))
    undecodable = first.decode("utf-8", "replace").count("\ufffd")
    return controls > _CONTROL_SHARE * len(first) and undecodable > _UNDECODABLE_SHARE * len(first)
