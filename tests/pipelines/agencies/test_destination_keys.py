"""Keys are safe whatever people called their files, and no two attachments have the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dq.events.key_layout import FileIdentity, KeyLayouts
from etl_core.errors import UsageError
from pipelines.agencies.copying.destination_keys import attachment_key, employment_key, safe_name
from tests.pipelines.agencies.documents_world import NOON

_TEXTS = st.text(st.characters(), max_size=300)


@given(one=st.tuples(_TEXTS, _TEXTS), other=st.tuples(_TEXTS, _TEXTS))
def test_keys_are_safe_and_two_attachments_never_share_one(one: tuple[str, str], other: tuple[str, str]) -> None:
    keys = [attachment_key("tenant-a", *pair) for pair in (one, other)]
    assert (keys[0] == keys[1]) <= (one[0] == other[0])
    for key in keys:
        parts = key.split("/")
        assert len(parts) == 5
        assert not {"", ".", ".."} & set(parts)
        assert len(key.encode()) <= 1024
        assert key.isprintable() or not any(ord(one) < 32 for one in key)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("..", "__"),
        ("", "unnamed"),
        (" \t", " _"),
        ("a\x00b\n.pdf", "a_b_.pdf"),
        ("C:\\scan.pdf", "C:_scan.pdf"),
        ("100%+\U0001f600.pdf", "100%+\U0001f600.pdf"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("é" * 150, "é" * 100),
        ("e\u0301.pdf", "é.pdf"),
        ("\u202efdp.exe", "_fdp.exe"),
        ("\U0001f469\u200d\U0001f4bb.pdf", "\U0001f469\u200d\U0001f4bb.pdf"),
    ],
)
def test_a_name_stays_as_readable_as_it_can(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_the_employment_history_is_a_file_of_the_default_key_layout() -> None:
    found = KeyLayouts().identify(employment_key("tenant-a", NOON))
    assert isinstance(found, FileIdentity)
    assert (found.agency_slug, found.file_name, found.run_hour) == ("tenant-a", "employment-history", 12)


@pytest.mark.parametrize("slug", ["", "..", "a/b", "-a", "a b", "ä", "x" * 101])
def test_a_slug_that_cannot_stand_in_a_key_is_refused(slug: str) -> None:
    with pytest.raises(UsageError, match="cannot stand in a key"):
        employment_key(slug, NOON)
