"""The fence of a claim: only who holds a row changes it, and finds out where that is somebody else by now."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, literal_column, update

from dq.errors import LeaseLostError
from dq.ledger.tables import object_inbox
from etl_core.postgres.transaction import prepare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dq.ledger.inbox_item import InboxItem
    from etl_core.postgres.transaction import Statement, Transaction

_C = object_inbox.c


def change_held(transaction: Transaction, item: InboxItem, values: Mapping[str, Any]) -> None:
    """Change a row if it is still held as `item` says.

    Raises:
        LeaseLostError: it is not; the caller's transaction has to be rolled back.
    """
    held = {"item_id": item.id, "item_batch": item.batch, "item_owner": item.owner}
    if transaction.ask(_change(tuple(values)), {**values, **held}).count != 1:
        raise LeaseLostError(
            f"object {item.id} of batch {item.batch} is no longer held by {item.owner}: its lease ended and it was "
            "given on, or it has ended; nothing was written"
        )


@cache
def _change(columns: tuple[str, ...]) -> Statement:
    """The change of a row that is still held, in these columns."""
    mine = and_(
        _C.id == bindparam("item_id"),
        _C.state == literal_column("'claimed'"),
        _C.batch == bindparam("item_batch"),
        _C.lease_owner == bindparam("item_owner"),
    )
    return prepare(update(object_inbox).where(mine), columns)
