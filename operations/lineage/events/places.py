"""Datasets by the names that OpenLineage has for them (its `Naming.md`): a namespace, and a name within it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_SCHEMES: Final = {"postgresql": ("postgres", 5432), "mssql": ("mssql", 1433)}
_S3: Final = "s3://"
_KAFKA: Final = "kafka://"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One dataset."""

    namespace: str
    name: str

    @property
    def is_topic(self) -> bool:
        """Whether it is a topic of Kafka's."""
        return self.namespace.startswith(_KAFKA)


@dataclass(frozen=True, slots=True)
class Database:
    """A database, whose tables are datasets.

    Attributes:
        dialect: as SQLAlchemy calls it.
        host: None for a server of this machine.
        port: None for the usual one.
        name: of the database.
    """

    dialect: str
    host: str | None
    port: int | None
    name: str

    def table(self, table: str) -> Place:
        """Name a table that is given as `schema.table`.

        >>> Database("postgresql", "db", None, "lake").table("core.citizen")
        Place(namespace='postgres://db:5432', name='lake.core.citizen')
        """
        scheme, port = _SCHEMES.get(self.dialect, (self.dialect, 0))
        host = self.host or "localhost"
        host = "localhost" if host.startswith("/") else f"[{host}]" if ":" in host else host
        return Place(f"{scheme}://{host}:{self.port or port}", f"{self.name}.{table}")


def place_of(text: str) -> Place | None:
    """Name what `s3://bucket/key`, `kafka://host:port/topic` or an absolute path leads to; None for any other text.

    >>> place_of("s3://landing/agency/a.csv")
    Place(namespace='s3://landing', name='agency/a.csv')
    >>> place_of("/lake/silver/trips")
    Place(namespace='file', name='/lake/silver/trips')
    >>> place_of("kafka://broker:9092/trips.raw")
    Place(namespace='kafka://broker:9092', name='trips.raw')
    """
    if text.startswith(_KAFKA):
        broker, _, topic = text.removeprefix(_KAFKA).partition("/")
        return Place(f"{_KAFKA}{broker}", topic) if broker and topic else None
    if text.startswith(_S3):
        bucket, _, key = text.removeprefix(_S3).partition("/")
        return Place(f"{_S3}{bucket}", key or "/") if bucket else None
    return Place("file", text) if text.startswith("/") else None
