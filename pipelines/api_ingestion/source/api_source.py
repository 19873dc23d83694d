"""A source: an application, how to sign in to it, how fast it may be asked, and what it offers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

_SPAN: Final = re.compile(r"(?P<number>[0-9]{1,9})(?P<unit>ms|s|m|h|d)")
_HOST: Final = re.compile(r"[A-Za-z0-9._:%-]+")
_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def _span(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("it is no span of time; expected a number and a unit, such as 500ms, 30s, 2m, 1h or 1d")
    return timedelta(seconds=int(found["number"]) * _SECONDS[found["unit"]])


def _lookback(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise ValueError("it is negative; expected a whole number from 0 on, or a span of time such as 2m")
        return value
    return _span(value)


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("it is not an http:// or https:// address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it carries credentials; name variables of the environment under auth")
    if parts.query or parts.fragment:
        raise ValueError("it has a query or a fragment; expected an address without, parameters are for params")
    _require_host(parts)
    return value.rstrip("/")


def _require_host(parts: SplitResult) -> None:
    """Refuse an address at which there can be nobody."""
    host = parts.hostname or ""
    try:
        if parts.port == 0 or not _HOST.fullmatch(host):
            raise ValueError  # noqa: TRY301 - said below
        host.encode("idna")
    except ValueError:
        raise ValueError("it has no host and port that can be asked; expected such as api.example.com:8443") from None


def _positive(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("it is no time at all; expected more than 0")
    return value


Span = Annotated[timedelta, BeforeValidator(_span), AfterValidator(_positive)]
#: The name of a variable of the environment, never its value.
Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
#: A token of RFC 9110; those that say where a request begins and ends are not for keys.
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]
Dotted = Annotated[str, Field(min_length=1)]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
Address = Annotated[str, AfterValidator(_address)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ApiKey(_Part):
    """A key in a header, or in the query."""

    env: Variable
    header: HeaderName | None = None
    param: str | None = None

    @model_validator(mode="after")
    def _either(self) -> ApiKey:
        if (self.header is None) == (self.param is None):
            raise ValueError("it needs either header or param: where the key goes")
        return self


class Basic(_Part):
    """A name and a password."""

    user: Variable
    password: Variable


class ClientCredentials(_Part):
    """OAuth 2: a token that is fetched, and fetched again before it ends."""

    token_url: Address
    client_id: Variable
    client_secret: Variable
    scope: str | None = None


class Auth(_Part):
    """How requests are signed in: one way, or none."""

    bearer: Variable | None = None
    api_key: ApiKey | None = None
    basic: Basic | None = None
    oauth2_client_credentials: ClientCredentials | None = None

    @model_validator(mode="after")
    def _one(self) -> Auth:
        if len(self.model_fields_set) > 1:
            raise ValueError(f"it has {', '.join(sorted(self.model_fields_set))}; expected one way to sign in")
        return self

    def variables_of_headers(self) -> tuple[str, ...]:
        """The names of the variables whose values are sent in a header as they are."""
        key = self.api_key.env if self.api_key and self.api_key.header else None
        return tuple(name for name in (self.bearer, key) if name)

    def variables(self) -> tuple[str, ...]:
        """The names of the variables it needs."""
        kept = [self.bearer]
        if self.api_key:
            kept.append(self.api_key.env)
        if self.basic:
            kept += [self.basic.user, self.basic.password]
        if self.oauth2_client_credentials:
            kept += [self.oauth2_client_credentials.client_id, self.oauth2_client_credentials.client_secret]
        return tuple(name for name in kept if name)


class RateLimit(_Part):
    """At most so many requests in any span of `per`, and `concurrent` endpoints at a time."""

    requests: Annotated[int, Field(ge=1)]
    per: Span
    concurrent: Annotated[int, Field(ge=1, le=8)] = 1


class RequestLimits(_Part):
    """What one request, and one reading of an endpoint, may take. Bytes are those of a decoded answer."""

    timeout: Span = timedelta(seconds=30)
    deadline: Span = timedelta(minutes=10)
    response_bytes: Annotated[int, Field(ge=1024)] = 64 * 1024 * 1024
    pages: Annotated[int, Field(ge=1)] = 100_000


class CursorPages(_Part):
    """An answer names what to ask for next."""

    cursor: Dotted
    param: str


class NumberedPages(_Part):
    """Pages are counted; `stable`: the application promises that records do not move between them."""

    page: str
    start: int = 1
    size_param: str | None = None
    size: Annotated[int, Field(ge=1)] | None = None
    stable: bool = False


class OffsetPages(_Part):
    """Records are counted; `stable` as of numbered pages."""

    offset: str
    limit_param: str | None = None
    limit: Annotated[int, Field(ge=1)] | None = None
    stable: bool = False


class NextUrl(_Part):
    """An answer holds the address of the next one."""

    next_url: Dotted


#: How the pages of an endpoint follow each other.
Pagination = CursorPages | NumberedPages | OffsetPages | NextUrl | Literal["link_header", "none"]
_KINDS: Final[dict[str, type[_Part]]] = {
    "cursor": CursorPages,
    "page": NumberedPages,
    "offset": OffsetPages,
    "next_url": NextUrl,
}


def _pagination(value: object) -> object:
    """Read the kind first, so that what is said is about that one."""
    if value in ("link_header", "none"):
        return value
    if isinstance(value, dict):
        kinds = [name for name in _KINDS if name in value]
        if len(kinds) == 1:
            try:
                return _KINDS[kinds[0]].model_validate(value)
            except ValidationError as error:
                found = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
                raise ValueError("; ".join(found)) from None
    known = f"link_header, none, or an object with one of {', '.join(_KINDS)}"
    raise ValueError(f"it is of no known kind; expected {known}")


class Incremental(_Part):
    """Only what changed: records whose `field` is at least what `param` says.

    `lookback` is how far behind the newest that landed the next reading begins. Numbers count in `unit`, or in nothing.
    """

    field: Dotted
    param: str
    lookback: Annotated[timedelta | int, BeforeValidator(_lookback)] = timedelta(minutes=2)
    unit: Literal["seconds", "milliseconds"] | None = None


class Land(_Part):
    """Whose file the records are."""

    agency: Slug
    file: Slug


class Endpoint(_Part):
    """What one path of the application offers."""

    path: Annotated[str, Field(pattern=r"^/[^?#\s]*$")]
    params: dict[str, str | int | bool] = {}
    records: Dotted | None = None
    pagination: Annotated[Pagination, BeforeValidator(_pagination)]
    incremental: Incremental | None = None
    primary_key: Annotated[list[Dotted], Field(min_length=1)]
    land: Land

    @property
    def moves(self) -> bool:
        """Whether records may move between pages while these are read."""
        return isinstance(self.pagination, NumberedPages | OffsetPages) and not self.pagination.stable


class ApiSource(_Part):
    """An application."""

    source: Slug
    base_url: Address
    auth: Auth = Auth()
    rate_limit: RateLimit = RateLimit(requests=10, per=timedelta(seconds=1))
    allow_private: bool = False
    limits: RequestLimits = RequestLimits()
    endpoints: Annotated[dict[Slug, Endpoint], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_file_each(self) -> ApiSource:
        owners: dict[tuple[str, str], str] = {}
        for name, one in self.endpoints.items():
            target = (one.land.agency, one.land.file)
            if target in owners:
                both = f"{owners[target]} and {name} land in the same file {'/'.join(target)}"
                raise ValueError(f"{both}; expected one each")
            owners[target] = name
        return self
