"""A request and what was answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

#: Scheme, host and port: what credentials are for.
Origin: TypeAlias = tuple[str, str, int | None]
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked; `url` has its query. `form` makes it a POST of these values."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)

    @property
    def shown(self) -> str:
        """The request for people: without values of the query, which may be secrets or persons."""
        parts = urlsplit(self.url)
        names = "&".join(f"{name}=…" for name, _ in parse_qsl(parts.query, keep_blank_values=True))
        host = parts.netloc.rpartition("@")[2]
        method = "GET" if self.form is None else "POST"
        return f"{method} {parts.scheme}://{host}{parts.path}" + (f"?{names}" if names else "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came; names of headers are in small letters. `seconds` passed from the request to its first byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str = ""
    seconds: float = 0.0


#: Makes one request, without trying again. Raises ApiUnavailableError where nothing whole comes back, ApiRefusedError
#: where the request must not be made.
Transport: TypeAlias = Callable[[Request], Answer]


def origin(url: str) -> Origin:
    """Whose an address is. Raises ValueError where it is none."""
    parts = urlsplit(url)
    return (parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme))


def joined(base: str, found: str) -> str:
    """The address that a text means on a page.

    Raises:
        ValueError: it is none.
    """
    url = urljoin(base, found)
    _, host, _ = origin(url)
    host.encode("idna")
    url.encode()
    return url


def with_params(url: str, params: Mapping[str, str]) -> str:
    """The address with parameters in its query, in place of those of the same names."""
    parts = urlsplit(url)
    there = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in params]
    return parts._replace(query=urlencode([*there, *params.items()])).geturl()
