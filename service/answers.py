"""Answers with their ETag: who has one already is told so, and no more."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request


def json_answer(
    request: Request, value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Give a value as JSON; dates, moments and identifiers as texts."""
    return tagged(request, Response(_written(value), status, headers=headers, media_type="application/json"))


def page_answer(request: Request, html: str, policy: str, status: int = 200) -> Response:
    """Give a page; `policy` is the Content-Security-Policy it declares, and who frames it is added."""
    headers = {"content-security-policy": f"{policy}; frame-ancestors 'none'"}
    body = html.encode("utf-8", "replace")
    return tagged(request, Response(body, status, headers=headers, media_type="text/html"))


def tagged(request: Request, answer: Response) -> Response:
    """Give the answer with its ETag, or say that the caller has it (304)."""
    if answer.status_code != 200:  # noqa: PLR2004 - OK
        return answer
    etag = f'"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    answer.headers["etag"] = etag
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if etag not in known and "*" not in known:
        return answer
    kept = {name: answer.headers[name] for name in ("etag", "content-security-policy") if name in answer.headers}
    return Response(status_code=304, headers=kept)


def _written(value: object) -> bytes:
    try:
        return orjson.dumps(value, default=_plain)
    except TypeError:  # whole numbers of more than 64 bits, which a column of JSON may hold
        return json.dumps(value, default=_plain).encode()


def _plain(value: object) -> object:
    """Give what JSON has no form for: a score may be a decimal, by the owner's column."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case date() | datetime():
            return value.isoformat()
        case _:
            raise TypeError(f"a {type(value).__name__} is no JSON")
