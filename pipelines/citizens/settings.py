"""What the environment says of the citizens' warehouse."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, SecretStr

from etl_core.settings import RoomSettings, Upper, setting

_SCHEMES = ("postgresql", "postgres", "mssql")


def _warehouse_url(value: SecretStr) -> SecretStr:
    """An address of SQLAlchemy's form, kept secret; no message repeats any part of it."""
    scheme = value.get_secret_value().partition("://")[0].partition("+")[0]
    if scheme not in _SCHEMES:
        raise ValueError("it begins neither with postgresql:// nor with mssql+pyodbc://")
    return value


def _region(value: str) -> str:
    if len(value) != 2 or not value.isascii() or not value.isalpha():  # noqa: PLR2004 - ISO 3166, alpha 2
        raise ValueError("it is no code of two letters")
    return value


class CitizensSettings(RoomSettings):
    """Where workbooks land, and where their history is kept."""

    warehouse_url: Annotated[SecretStr, AfterValidator(_warehouse_url)] | None = setting(
        "The warehouse of citizens and of flows, as SQLAlchemy writes addresses. Unset: for citizens a database in the"
        " embedded Postgres",
        "postgresql://user:password@host:5432/database or mssql+pyodbc://…",
    )
    citizens_root: str = setting(
        "Where the citizens' workbooks land (`land/`) and are made ready (`stage/`)",
        "a folder",
        default="./.data/citizens",
    )
    phone_region: Annotated[str, Upper, AfterValidator(_region)] = setting(
        "Where telephone numbers without a country code are dialled from",
        "a country's code of two letters",
        default="US",
    )
