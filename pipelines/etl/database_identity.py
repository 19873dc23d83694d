"""Which database an address leads to, whoever signs in."""

from __future__ import annotations

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from etl_core.errors import SettingsError


def database_identity(dsn: str, setting: str) -> list[str | int | None]:
    """Give server, port and name of a database, without user and password, as a part of digests.

    Args:
        dsn: its address.
        setting: where the address comes from, for messages.

    Raises:
        SettingsError: it is none.
    """
    try:
        url = make_url(dsn)
    except (ArgumentError, ValueError):
        problem = "is no address; expected postgresql://user:password@host:5432/database"
        raise SettingsError(setting, [problem]) from None
    socket, port = url.query.get("host"), url.query.get("port")
    return [url.host or str(socket), url.port or str(port), url.database]
