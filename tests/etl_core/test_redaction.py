"""Secrets and line breaks stay out of what others read, with or without logging."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from etl_core.log.redaction import Redaction, one_line


def test_a_known_secret_is_masked_wherever_it_stands_in_a_value() -> None:
    redaction = Redaction(["hunter2", ""])
    found = redaction.value({"hunter2": ["a hunter2 b", ("hunter2", 1, None, True, 2.5)], "day": date(2026, 1, 4)})
    assert found == {"***": ["a *** b", ["***", 1, None, True, 2.5]], "day": "2026-01-04"}


def test_a_secret_within_a_longer_secret_does_not_leave_the_rest_of_it_behind() -> None:
    assert Redaction(["pass", "pass-and-more"]).text("it was pass-and-more") == "it was ***"


def test_a_short_secret_is_masked_only_where_it_stands_alone() -> None:
    """A password of a letter must not make every line unreadable."""
    redaction = Redaction(["a", "pw.1", "hunter2"])
    assert redaction.text("a batch of data: password=a user pw.1 (pw.1x), xhunter2x") == (
        "*** batch of data: password=*** user *** (pw.1x), x***x"
    )


def test_credentials_in_addresses_are_masked_though_nobody_named_them() -> None:
    text = Redaction().text("postgresql://app:pa55@db/x?sslpassword=abc and http://s3/x?X-Amz-Signature=abcdef&x=1")
    assert text == "postgresql://***@db/x?sslpassword=*** and http://s3/x?X-Amz-Signature=***&x=1"


def test_redacting_loads_no_logging() -> None:
    program = (
        "import sys, etl_core.log.redaction; print([n for n in ('logging', 'structlog', 'rich') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("text", ["\r\n", "\x00", "\x85", "\u2029", "\x9b31m", "\ud800"])
def test_no_control_character_survives(text: str) -> None:
    assert one_line(text).isascii()
    assert one_line(text).isprintable()


def test_ordinary_text_of_any_script_is_left_alone() -> None:
    assert one_line("agency/tenant-ä/北京.csv") == "agency/tenant-ä/北京.csv"
