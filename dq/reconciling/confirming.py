"""What an inventory of yesterday says, asked of the store today, wherever it matters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from dq.reconciling.comparison import MATTERS, REPAIRABLE, Compared
from etl_core.objects.failures import ObjectRefusedError
from etl_core.objects.heads import head_of

if TYPE_CHECKING:
    from etl_core.objects.store import ObjectStore

_PIECE = 1000
_THREADS = 16


def confirmed(compared: Iterable[Compared], store: ObjectStore) -> Iterator[Compared]:
    """The same, in the same order: what is no longer so says so, and objects are as they are now.

    An object that may not be looked at stays as the inventory has it.

    Raises:
        StorageUnavailableError: the object store did not answer.
    """
    remaining = iter(compared)
    _ = store.s3  # made once, before the threads
    with ThreadPoolExecutor(_THREADS) as pool:
        while piece := list(islice(remaining, _PIECE)):
            yield from pool.map(lambda one: _looked_at(one, store), piece)


def _looked_at(one: Compared, store: ObjectStore) -> Compared:
    if one.finding not in MATTERS:
        return one
    try:
        head = head_of(store, one.event.bucket, one.event.key)
    except ObjectRefusedError:
        return one
    if one.finding not in REPAIRABLE:
        return one if head is None else replace(one, finding="there_since")
    if head is None:
        return replace(one, finding="gone_since")
    event = replace(one.event, version_id=None, etag=head.etag, size=head.size, event_time=head.last_modified)
    return replace(one, event=event)
