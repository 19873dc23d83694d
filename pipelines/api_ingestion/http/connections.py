"""One request over the network: to public addresses unless private ones are allowed, within bytes and seconds.

urllib3 does the mechanics: connections that are kept, TLS that is verified, encodings, lengths that are held against
what came. Names are looked up here and the connection goes to the address that was looked at, so that a name that is
answered differently the second time leads nowhere.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.connection import create_connection

from pipelines.api_ingestion.errors import ApiRefusedError, ApiUnavailableError, PageError
from pipelines.api_ingestion.http.answer import Answer, Request, joined, origin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipelines.api_ingestion.source.api_source import RequestLimits

_CHUNK = 256 * 1024
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PLAIN = {"accept": "application/json", "accept-encoding": "gzip", "user-agent": "pipeline-processing"}
_FORM = {"content-type": "application/x-www-form-urlencoded"}


class PrivateAddressError(OSError):
    """A name leads to an address of a private network."""


def is_public(address: str) -> bool:
    """Whether an address is one of the public network, also one of IPv4 that is written as one of IPv6."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not found.is_multicast


class _Checked:
    """Connects to an address that was looked at."""

    allow_private: bool

    def _new_conn(self: Any) -> socket.socket:
        found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        addresses = [str(one[4][0]) for one in found]
        if not self.allow_private:
            private = [one for one in addresses if not is_public(one)]
            if private:
                raise PrivateAddressError(f"{self.host} is at {private[0]}, which is no public address")
        failed: OSError | None = None
        for address in dict.fromkeys(addresses):
            try:
                return create_connection((address, self.port), self.timeout, socket_options=self.socket_options)
            except OSError as error:  # noqa: PERF203 - an address or two
                failed = error
        raise failed or OSError(f"{self.host} has no address")


class _PublicHTTP(_Checked, HTTPConnection):
    allow_private = False


class _PublicHTTPS(_Checked, HTTPSConnection):
    allow_private = False


class _AnyHTTP(_Checked, HTTPConnection):
    allow_private = True


class _AnyHTTPS(_Checked, HTTPSConnection):
    allow_private = True


class Connections:
    """Makes requests of one source; several threads may.

    Args:
        limits: seconds and bytes.
        allow_private: addresses of private networks, too.
        concurrent: connections that are kept.
        passed: counts seconds.
    """

    def __init__(
        self,
        limits: RequestLimits,
        *,
        allow_private: bool = False,
        concurrent: int = 1,
        passed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits, self._passed = limits, passed
        kinds = (_AnyHTTP, _AnyHTTPS) if allow_private else (_PublicHTTP, _PublicHTTPS)
        self._pools = urllib3.PoolManager(maxsize=concurrent, block=False)
        self._pools.pool_classes_by_scheme = {
            "http": type("_HTTPPool", (urllib3.HTTPConnectionPool,), {"ConnectionCls": kinds[0]}),
            "https": type("_HTTPSPool", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": kinds[1]}),
        }

    def close(self) -> None:
        """Let go of the connections."""
        self._pools.clear()

    def __call__(self, request: Request) -> Answer:
        """Make a request, and follow where it is sent on to; credentials go to nobody else.

        Raises:
            ApiUnavailableError: no connection, no whole answer, or not within the time.
            ApiRefusedError: a private address, a certificate that is not trusted, or redirects without an end.
            PageError: the answer is too large.
        """
        ends = self._passed() + self._limits.deadline.total_seconds()
        asked = origin(request.url)
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._one(request, ends)
            target = answer.headers.get("location")
            if answer.status not in _REDIRECTS or target is None:
                return answer
            if request.form is not None:
                raise ApiRefusedError(f"{request.shown}: it is sent on to another address, which gets no credentials")
            request = _sent_on(request, target, asked)
        raise ApiRefusedError(f"{request.shown}: it was sent on {_MOST_REDIRECTS} times; expected an answer")

    def _one(self, request: Request, ends: float) -> Answer:
        started = self._passed()
        timeout = min(self._limits.timeout.total_seconds(), max(ends - started, 0.001))
        try:
            response = self._pools.urlopen(
                "GET" if request.form is None else "POST",
                request.url,
                body=None if request.form is None else urlencode(request.form),
                headers={**_PLAIN, **({} if request.form is None else _FORM), **request.headers},
                preload_content=False,
                redirect=False,
                retries=False,
                timeout=urllib3.Timeout(connect=timeout, read=timeout),
            )
            try:
                seconds = self._passed() - started
                body = self._read(response, request, ends)
            except BaseException:
                response.close()
                raise
            response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _named(error, request) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, headers, body, request.url, seconds)

    def _read(self, response: urllib3.BaseHTTPResponse, request: Request, ends: float) -> bytes:
        parts, size, most = [], 0, self._limits.response_bytes
        read = partial(response.read1, _CHUNK) if hasattr(response, "read1") else partial(response.read, _CHUNK)
        while chunk := read():
            parts.append(chunk)
            size += len(chunk)
            if size > most:
                raise PageError(f"the answer has more than {most} bytes; ask for smaller pages, or set response_bytes")
            if self._passed() > ends:
                seconds = f"{self._limits.deadline.total_seconds():g} s"
                raise ApiUnavailableError(f"{request.shown}: the answer was not whole within {seconds}")
        return b"".join(parts)


def _sent_on(request: Request, target: str, asked: tuple[str, str, int | None]) -> Request:
    """The next request; without credentials where it goes to anybody but whom they are for."""
    try:
        url = joined(request.url, target)
    except ValueError:
        raise ApiRefusedError(f"{request.shown}: it is sent on to what is no address") from None
    there = urlsplit(url)
    if there.scheme not in {"http", "https"} or (there.scheme == "http" and asked[0] == "https"):
        raise ApiRefusedError(f"{request.shown}: it is sent on to {there.scheme}://, which is not as safe as https")
    headers: Mapping[str, str] = request.headers if origin(url) == asked else {}
    return Request(url, headers)


def _named(error: Exception, request: Request) -> ApiRefusedError | ApiUnavailableError:
    """What urllib3 raised, by what can be done about it."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    for one in causes:
        if isinstance(one, PrivateAddressError):
            return ApiRefusedError(f"{request.shown}: {one}; set allow_private: true where that is meant")
        if isinstance(one, urllib3.exceptions.SSLError):
            return ApiRefusedError(f"{request.shown}: the certificate is not trusted ({one.args[0]})")
    kind = type(causes[-1] if isinstance(error, urllib3.exceptions.MaxRetryError) else error).__name__
    return ApiUnavailableError(f"{request.shown}: no whole answer came ({kind}); trying again may help")
