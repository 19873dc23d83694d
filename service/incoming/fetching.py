"""Gets what SNS shows at an address of its own: a certificate, or that a subscription is confirmed."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from typing import IO

_SECONDS: Final = 5.0
_MOST_BYTES: Final = 64 * 1024


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An address of SNS answers itself; one that leads elsewhere is not followed."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        del req, fp, code, msg, headers, newurl
        return None


def fetch(address: str) -> bytes:
    """Give the bytes at an https address.

    Raises:
        OSError: no answer, another than 200, or too many bytes.
    """
    if not address.startswith("https://"):
        raise OSError("the address does not begin with https://")
    opener = urllib.request.build_opener(_NoRedirects)
    with opener.open(address, timeout=_SECONDS) as answer:
        body: bytes = answer.read(_MOST_BYTES + 1)
    if len(body) > _MOST_BYTES:
        raise OSError(f"more than {_MOST_BYTES} bytes came from {address}")
    return body
