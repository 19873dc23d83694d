"""What the environment says of the service."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from etl_core.postgres.settings import as_database_url
from etl_core.settings import Comma, Lower, RoomSettings, setting

#: Characters of a secret at least: shorter ones can be tried out.
_LEAST_SECRET = 16
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")


def _long_enough(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    if len(secret) < _LEAST_SECRET:
        raise ValueError(f"it has {len(secret)} characters, and could be tried out")
    if not secret.isascii() or not secret.isprintable():
        raise ValueError("it holds characters that no header can carry")
    return value


def _topics(names: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := [name for name in names if not _TOPIC.fullmatch(name)]:
        raise ValueError(f"no topic can be called {', '.join(map(repr, wrong))}")
    return names


def _origins(names: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := [name for name in names if not _ORIGIN.fullmatch(name)]:
        raise ValueError(f"no origin is {', '.join(map(repr, wrong))}")
    return names


def _proxies(names: tuple[str, ...]) -> tuple[str, ...]:
    if wrong := [name for name in names if not _is_network(name)]:
        raise ValueError(f"neither an address nor a network is {', '.join(map(repr, wrong))}")
    return names


def _is_network(name: str) -> bool:
    try:
        ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class ServeSettings(RoomSettings):
    """Where the service listens, who may ask, and what it takes from whom."""

    serve_host: str = setting(
        "Address that `serve` listens at; one that others reach needs SERVE_TOKEN, or SERVE_AUTH=none",
        "an address of this machine, such as 127.0.0.1 or 0.0.0.0",
        default="127.0.0.1",
    )
    serve_port: Annotated[int, Field(ge=0, le=65535)] = setting(
        "Port that `serve` listens at", "a whole number from 1 to 65535; 0 for any that is free", default=8080
    )
    serve_token: Annotated[SecretStr, AfterValidator(_long_enough)] | None = setting(
        "What callers of `serve` prove themselves with: `Authorization: Bearer TOKEN`, in a browser as the password of"
        " any user",
        "a secret of 16 characters or more",
    )
    serve_auth: Annotated[Literal["token", "none"], Lower] = setting(
        "Whether callers of `serve` prove who they are; none says aloud that others do that, such as a proxy before it",
        "token or none",
        default="token",
    )
    serve_cors_origins: Annotated[tuple[str, ...], Comma, AfterValidator(_origins)] = setting(
        "Pages of other origins that may read the JSON of `serve`", "origins such as https://portal.example, "
        "comma-separated",
        default=(),
    )  # fmt: skip
    serve_requests_per_second: Annotated[float, Field(gt=0, le=100_000)] = setting(
        "Requests that one address may make of `serve`, on average; for a moment twice as many",
        "a number up to 100000",
        default=100.0,
    )
    serve_proxies: Annotated[tuple[str, ...], Comma, AfterValidator(_proxies)] = setting(
        "Proxies before `serve` that are believed in what they say of the caller's address (X-Forwarded-For)",
        "addresses or networks, comma-separated",
        default=(),
    )
    reader_database_url: Annotated[SecretStr, AfterValidator(as_database_url)] | None = setting(
        "How `serve` signs in for what it only reads: a member of pipeline_reader. Unset: as DATABASE_URL says, in"
        " sessions that may not write",
        "postgresql://user:password@host:5432/database",
    )
    sns_topics: Annotated[tuple[str, ...], Comma, AfterValidator(_topics)] = setting(
        "Topics of SNS whose signed messages `serve` takes at /hooks/sns. Unset: none",
        "ARNs of topics, comma-separated",
        default=(),
    )
    eventbridge_secret: Annotated[SecretStr, AfterValidator(_long_enough)] | None = setting(
        "What an API destination of EventBridge sends as X-Api-Key to /hooks/eventbridge. Unset: nothing is taken",
        "a secret of 16 characters or more",
    )
