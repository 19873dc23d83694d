"""Refusals as programs read them: problem details (RFC 9457), which name every field that is wrong."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEDIA_TYPE = "application/problem+json"
#: Seconds after which a caller may ask again when something is away.
RETRY_AFTER = 5


class RequestProblemError(Exception):
    """A request that is answered with a refusal.

    Attributes:
        status: of HTTP.
        detail: what was found, what was expected, what to do.
        errors: fields that are wrong, each with what is wrong with it.
        headers: that go with it.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, tuple(errors), dict(headers or {})


def problem(error: RequestProblemError) -> Response:
    """Write a refusal."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
    }
    if error.errors:
        body["errors"] = [{"field": field, "detail": detail} for field, detail in error.errors]
    return Response(orjson.dumps(_plain(body)), error.status, headers=error.headers, media_type=MEDIA_TYPE)


def _plain(value: object) -> object:
    """Half a surrogate pair, which JSON of a caller may hold, is no text that can be sent."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value
