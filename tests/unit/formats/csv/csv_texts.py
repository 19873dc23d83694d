"""CSV texts of every kind, from tidy to hopeless."""

from __future__ import annotations

from hypothesis import strategies as st

DIALECTS = [(",", '"'), (";", "'"), ("\t", '"'), ("|", "~"), (" ", '"'), ("\x01", "\x02")]


def texts(delimiter: str, quote: str) -> st.SearchStrategy[bytes]:
    """Give texts of a dialect, tidy and messy parts mixed."""
    mark, tick = delimiter.encode(), quote.encode()
    odd = [mark, mark, tick, tick * 2, b"\n", b"\r\n", b"\r", b"a", b"bc", b" ", b"\t", b"\0", b"\xff", b"\xef\xbb\xbf",
           "é".encode(), b"\xc3", mark + tick, tick + mark, tick + b"\n", b"\n" + tick]  # fmt: skip
    cell = st.sampled_from([b"", b"1", b"x y", "é".encode(), tick + b"q" + tick, tick + b"l\nm" + tick,
                            tick + b"a" + tick * 2 + mark + tick, tick + b"u\r\nv" + tick, tick * 2])  # fmt: skip
    row = st.lists(cell, min_size=1, max_size=4).map(mark.join)
    tidy = st.lists(st.tuples(row, st.sampled_from([b"\n", b"\r\n", b"\n\n"])).map(b"".join), max_size=8)
    messy = st.lists(st.sampled_from(odd), max_size=40)
    return st.lists(st.one_of(tidy.map(b"".join), messy.map(b"".join)), min_size=1, max_size=3).map(b"".join)
