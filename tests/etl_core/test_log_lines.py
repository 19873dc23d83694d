"""What a log line looks like, and what can never be in one."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import pytest
import structlog
from rich.console import Console

from etl_core.log.set_up import configure_logging

if TYPE_CHECKING:
    from collections.abc import Iterator

log = structlog.get_logger()


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines_of(*, terminal: bool = False, level: str = "INFO", secrets: tuple[str, ...] = ()) -> io.StringIO:
    out = io.StringIO()
    configure_logging(level, secrets, Console(file=out, force_terminal=terminal, no_color=True, soft_wrap=True))
    return out


def test_away_from_a_terminal_a_line_is_one_json_object_with_the_fields_in_order() -> None:
    out = lines_of()
    log.info("scored", bucket="landing", key="a.csv", monitoring_file_run_id=7, duration=0.25)
    (line,) = out.getvalue().splitlines()
    event = json.loads(line)
    assert list(event)[:3] == ["level", "ts", "message"]
    assert event["message"] == "scored"
    assert event["monitoring_file_run_id"] == 7
    assert event["ts"].endswith("Z")


def test_a_key_with_line_breaks_and_escape_codes_stays_in_its_line_and_comes_back_unchanged() -> None:
    key = 'a.csv\n{"level": "error", "message": "forged"}\x1b[31m\x7f\u2028\u202e'
    out = lines_of()
    log.warning("ignored", key=key)
    assert len(out.getvalue().splitlines()) == 1
    assert "\x1b" not in out.getvalue()
    assert json.loads(out.getvalue())["key"] == key


def test_on_a_terminal_a_hostile_key_is_shown_escaped_and_markup_is_plain_text() -> None:
    out = lines_of(terminal=True)
    log.info("ignored", key="a\nb\x1b]0;x\x07[bold]c\u202e")
    assert "key=a\\nb\\x1b]0;x\\x07[bold]c\\u202e" in out.getvalue()
    assert out.getvalue().count("\n") == 1


def test_known_secrets_and_credentials_inside_addresses_never_appear() -> None:
    out = lines_of(secrets=("hunter2", ""))
    log.error(
        "cannot connect to postgresql://app:pa55@db/x",
        error="hunter2 refused",
        tried=["https://k:v@host/", {"password=abc": 1}],
        url="http://s3/x?X-Amz-Signature=abcdef&x=1",
    )
    text = out.getvalue()
    for secret in ("hunter2", "pa55", "k:v", "abc", "abcdef"):
        assert secret not in text
    assert "db/x" in text


def test_secrets_in_the_exceptions_of_libraries_are_masked_too() -> None:
    out = lines_of(level="DEBUG", secrets=("hunter2",))
    try:
        int("hunter2")
    except ValueError:
        logging.getLogger("some.library").exception("failed with %s", "hunter2")
    assert "hunter2" not in out.getvalue()
    assert "trace" in json.loads(out.getvalue())


def test_a_trace_is_written_at_debug_level_only() -> None:
    out = lines_of(level="INFO")
    try:
        int("odd")
    except ValueError:
        log.exception("failed")
    event = json.loads(out.getvalue())
    assert event["error"].startswith("invalid literal")
    assert event["error_type"] == "ValueError"
    assert "trace" not in event


def test_an_error_is_its_text_and_its_class_stands_beside_it() -> None:
    out = lines_of(secrets=("hunter2",))
    log.warning("no answer", error=TimeoutError("hunter2 took too long"))
    log.warning("said", error="in words")
    logging.getLogger("some.library").warning("not ours")
    first, second, third = (json.loads(line) for line in out.getvalue().splitlines())
    assert (first["error"], first["error_type"]) == ("*** took too long", "TimeoutError")
    assert (second["error"], "error_type" in second) == ("in words", False)
    assert third["level"] == "warning"


def test_on_a_terminal_an_error_that_the_message_tells_already_is_not_told_twice() -> None:
    out = lines_of(terminal=True)
    log.error("the bucket is not there", error="the bucket is not there", error_type="UsageError")
    log.error("settings", error="READER: no", problems=["READER: no"])
    log.error("failed", error="another text")
    assert out.getvalue().count("the bucket is not there") == 1
    assert out.getvalue().count("READER: no") == 1
    assert "error=another text" in out.getvalue()


def test_lines_below_the_level_are_left_out() -> None:
    out = lines_of(level="ERROR")
    log.warning("not this one")
    logging.getLogger("library").warning("nor this")
    assert out.getvalue() == ""
