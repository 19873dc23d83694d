"""Answers with their ETag: who has one already is told so, and no more."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response

from etl_core.storable import JsonText, json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request


def json_answer(
    request: Request, value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Give a value as JSON; dates, moments and identifiers as texts."""
    body = value.encode() if isinstance(value, JsonText) else orjson.dumps(value, default=_plain)
    return tagged(request, Response(body, status, headers=headers, media_type="application/json"))


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


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case int():  # of more than 64 bits, in a metric
            return JsonText(value)
        case _:
            return orjson.Fragment(json_text(value).encode())
