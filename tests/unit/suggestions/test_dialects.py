"""The dialect of a file, from its first bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq.suggestions.dialect import Dialect, find_dialect


@pytest.mark.parametrize(
    ("first", "found"),
    [
        (b"a,b\n1,2\n", Dialect("utf-8", ",")),
        (b"a;b;c\n1,5;2;3\n4,5;6;7\n", Dialect("utf-8", ";")),
        (b"a\tb\n1\t2\n", Dialect("utf-8", "\t")),
        (b"a|b\n1|2\n", Dialect("utf-8", "|")),
        (b'a,b\n"x;y;z","p;q"\n"r;s;t","u;v"\n', Dialect("utf-8", ",")),
        (b"only\n1\n2\n", Dialect("utf-8", None)),
        ("a;b\nä;ö\n".encode("latin-1"), Dialect("windows-1252", ";")),
        (b"a,b\n\x81,2\n", Dialect("latin-1", ",")),
        ("a;b\n1;2\n3;4\n".encode("utf-16"), Dialect("utf-16", ";")),
        ("a,b\n1,2\n3,4\n".encode("utf-16-le"), Dialect("utf-16-le", ",")),
        ("a,b\n1,ü\n".encode()[:-2], Dialect("utf-8", ",")),
        (b"", Dialect("utf-8", None)),
    ],
)
def test_the_delimiter_and_the_encoding_are_found(first: bytes, found: Dialect) -> None:
    assert find_dialect(first) == found


def test_a_definition_says_only_what_is_not_so_by_itself() -> None:
    assert Dialect("utf-8", ",").written() == {}
    assert Dialect("utf-8", None).written() == {}
    assert Dialect("latin-1", ";").written() == {"delimiter": ";", "encoding": "latin-1"}


@given(st.binary(max_size=300))
def test_any_bytes_have_a_dialect(first: bytes) -> None:
    found = find_dialect(first)
    first.decode(found.encoding, "replace")
