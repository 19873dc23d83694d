"""Locks on things that have no row yet, held to the end of the transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, bindparam, func, select, text

from etl_core.postgres.transaction import prepare

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

    from etl_core.postgres.transaction import Transaction

_SELECT = select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger)))
_SELECT_ALL = text("SELECT pg_advisory_xact_lock(number) FROM unnest(CAST(:numbers AS bigint[])) AS number")
_TRY = text("SELECT pg_try_advisory_xact_lock(:number)")
_LOCK = prepare(_SELECT)


def lock_number(*parts: object) -> int:
    """A 64-bit number for a name, the same in every process; two names share one by a chance of 2 ** -64."""
    name = "\x1f".join(str(part) for part in parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big", signed=True)


def lock(connection: Connection, *parts: object) -> None:
    """Wait until no other transaction holds the lock of this name, then hold it.

    Raises:
        DatabaseUnavailableError: it was not free within the session's lock timeout.
    """
    connection.execute(_SELECT, {"number": lock_number(*parts)})


def lock_all(connection: Connection, names: Iterable[tuple[object, ...]]) -> None:
    """Hold the locks of many names, in an order that is the same for everyone. Raises as `lock`."""
    numbers = sorted({lock_number(*parts) for parts in names})
    connection.execute(_SELECT_ALL, {"numbers": numbers})


@contextmanager
def held(engine: Engine, *parts: object, seconds: int | None = None) -> Iterator[None]:
    """Hold the lock of a name while the block runs, however long; where this process dies, the server lets it go.

    Raises:
        DatabaseUnavailableError: it was not free within so many `seconds`, by default the session's lock timeout.
    """
    with engine.begin() as connection:
        if seconds is not None:
            connection.execute(text(f"SET LOCAL lock_timeout = {1000 * seconds:d}"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        lock(connection, *parts)
        yield


@contextmanager
def tried(engine: Engine, *parts: object) -> Iterator[bool]:
    """As `held`, without waiting: whether the lock was free. Where it was not, somebody else is at it."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield bool(connection.scalar(_TRY, {"number": lock_number(*parts)}))


def lock_first(transaction: Transaction, *parts: object) -> None:
    """As `lock`, ahead of the next statement of `transaction`."""
    transaction.send(_LOCK, {"number": lock_number(*parts)})
