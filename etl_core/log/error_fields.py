"""How an error stands in a line: `error` is always its text, `error_type` its class."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any


def error_as_text(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Turn an exception given as `error` into its text and the name of its class."""
    error = event.get("error")
    if isinstance(error, BaseException):
        event["error"] = str(error)
        event.setdefault("error_type", type(error).__name__)
    return event
