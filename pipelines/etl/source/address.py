"""The address of a Postgres, as its users write it, for the driver in Java."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlencode

from sqlalchemy import make_url

from etl_core.errors import SettingsError

_PORT: Final = 5432
#: Options of libpq that the driver in Java knows, by its names.
_OPTIONS: Final = {"sslmode": "sslmode", "sslrootcert": "sslrootcert", "application_name": "ApplicationName"}
#: Bounds of time in seconds; a server that is gone must not hold a task for ever.
_ALWAYS: Final = {"connectTimeout": "10", "loginTimeout": "20", "tcpKeepAlive": "true", "prepareThreshold": "0"}
_SOCKETS: Final = "org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg"


@dataclass(frozen=True, slots=True)
class JdbcAddress:
    """Where the driver connects to, and what it signs in with, which no message shows."""

    url: str
    properties: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)


def jdbc_address(dsn: str, setting: str) -> JdbcAddress:
    """Translate `postgresql://user:password@host:5432/database?sslmode=require`.

    Args:
        dsn: the address; `?host=/folder` names the folder of a Unix socket.
        setting: the name of the setting it comes from, for messages.

    Raises:
        SettingsError: it has an option that the driver has no word for.
    """
    url = make_url(dsn)
    options = {name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()}
    host = options.pop("host", None) or url.host or "localhost"
    port = int(options.pop("port", None) or url.port or _PORT)
    if strange := sorted(options.keys() - _OPTIONS.keys()):
        known = ", ".join(("host", "port", *_OPTIONS))
        raise SettingsError(setting, [f"has the option {', '.join(strange)}; expected none but {known}"])
    said = {_OPTIONS[name]: value for name, value in options.items()}
    if host.startswith("/"):
        said |= {"socketFactory": _SOCKETS, "socketFactoryArg": str(PurePosixPath(host) / f".s.PGSQL.{port}")}
        said.setdefault("sslmode", "disable")
        host, port = "localhost", _PORT
    written = urlencode({**_ALWAYS, "ApplicationName": "pipeline-processing etl", **said})
    named = f"[{host}]" if ":" in host else host
    signed = {"user": url.username, "password": url.password}
    return JdbcAddress(
        f"jdbc:postgresql://{named}:{port}/{quote(url.database or url.username or '', safe='')}?{written}",
        MappingProxyType({name: value for name, value in signed.items() if value is not None}),
    )
