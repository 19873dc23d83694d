"""The encodings of text files: everything is read as UTF-8, other encodings are translated on the way."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

_NO_TEXT = "dq.no_text"


def is_utf8(encoding: str) -> bool:
    """Tell whether an encoding's bytes can be read as UTF-8 as they are."""
    return codecs.lookup(encoding).name in ("utf-8", "ascii", "utf-8-sig")


def translated(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Give the pieces of a text in `encoding` as UTF-8, whatever a piece cuts through.

    Bytes that are no text of that encoding become bytes that are no UTF-8, so that they spoil their
    own row only.
    """
    decoder = codecs.getincrementaldecoder(encoding)(_NO_TEXT)
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Put half of a surrogate pair, which UTF-8 does not have, in the place of what cannot be decoded."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error(_NO_TEXT, _mark)
