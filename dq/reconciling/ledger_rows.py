"""The rows of a bucket in the order of their keys' bytes, as a stream of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, literal, select, tuple_

from dq.ledger.tables import object_inbox
from dq.reconciling.comparison import LedgerRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Engine

_C = object_inbox.c
#: As S3 lists them, whatever the order of texts is in this database; the index `object_inbox_key` has it.
_KEY = _C.key.collate("C")


def rows_by_key(engine: Engine, bucket: str, prefix: str = "", *, page: int = 5000) -> Iterator[LedgerRow]:
    """The rows of `bucket` whose keys begin with `prefix`, by key, then by number.

    Each page is a query of its own, so no transaction lasts and a page is held; rows that are added behind the place
    that was read are not seen.

    Raises:
        DatabaseUnavailableError: no answer.
    """
    columns = [_C[name] for name in LedgerRow._fields]
    place = literal(prefix) <= _KEY
    while True:
        query = select(*columns).where(_C.bucket == bucket, place).order_by(_KEY, _C.id).limit(page)
        with engine.connect() as connection:
            rows = [LedgerRow(*row) for row in connection.execute(query)]
        for row in rows:
            if not row.key.startswith(prefix):
                return
            yield row
        if len(rows) < page:
            return
        place = and_(tuple_(_KEY, _C.id) > tuple_(literal(rows[-1].key), literal(rows[-1].id)))
