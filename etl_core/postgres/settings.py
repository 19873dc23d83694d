"""What the environment says about Postgres."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from etl_core.settings import RoomSettings, setting

_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg2")


def as_database_url(value: SecretStr) -> SecretStr:
    """A Postgres URL, kept secret; no message repeats any part of it."""
    try:
        parts = urlsplit(value.get_secret_value())
        parts.port  # noqa: B018  # reading it is what checks it
    except ValueError:
        raise ValueError(
            "host or port cannot be read; percent-encode special characters of user name and password"
        ) from None
    if parts.netloc.count("@") > 1:  # what reads the address may take the first one for the end of the password
        raise ValueError("it holds more than one @; write those of user name and password as %40")
    if parts.scheme not in _SCHEMES:
        raise ValueError("it does not start with postgresql://")
    if not parts.path.strip("/"):
        raise ValueError("the name of the database is missing after the host")
    return value


class PostgresSettings(RoomSettings):
    """Which database."""

    database_url: Annotated[SecretStr, AfterValidator(as_database_url)] | None = setting(
        "The Postgres database. Unset: an embedded one under `./.data`",
        "postgresql://user:password@host:5432/database",
    )
