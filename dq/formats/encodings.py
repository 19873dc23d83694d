"""The encodings of text files: everything is read as UTF-8, other encodings are translated on the way."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from dq.errors import UnreadableFileError


def is_utf8(encoding: str) -> bool:
    """Tell whether an encoding's bytes can be read as UTF-8 as they are."""
    return codecs.lookup(encoding).name in ("utf-8", "ascii", "utf-8-sig")


def translated(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Give the pieces of a text in `encoding` as UTF-8, whatever a piece cuts through.

    Raises UnreadableFileError for bytes that are no text of that encoding.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in pieces:
            yield decoder.decode(piece).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        message = f"the file is not {encoding} text ({error.__class__.__name__}); declare its csv.encoding"
        raise UnreadableFileError(message) from error
