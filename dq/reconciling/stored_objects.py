"""What the store has, in the order of keys: as it is listed now, or as an inventory listed it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from dq.events.announcement import Rejected, Skipped
from dq.events.object_event import ObjectEvent
from dq.intake.listing import list_objects
from dq.intake.text_file import read_text
from dq.reconciling.inventory_files import listed_in
from dq.reconciling.inventory_manifest import read_inventory_manifest
from etl_core.errors import UsageError

if TYPE_CHECKING:
    from dq.events.announcement import Part
    from dq.reconciling.inventory_manifest import Inventory
    from etl_core.objects.store import ObjectStore
    from etl_core.spilling.external_sort import ExternalSort

#: Told each part that is no object: a folder marker, a name that no object can have.
Aside: TypeAlias = Callable[[Skipped | Rejected], None]


def objects_under(store: ObjectStore, prefix: str, aside: Aside) -> Iterator[ObjectEvent]:
    """The objects under `prefix` (`s3://bucket/prefix`) as a listing gives them. Raises as `list_objects`."""
    return _events(list_objects(store, prefix), aside)


def read_inventory(store: ObjectStore, place: str) -> Inventory:
    """The inventory whose `manifest.json` is at `place`.

    Raises:
        UsageError: it cannot be read.
        InventoryError: it is none, or lacks something.
        StorageUnavailableError: the object store did not answer.
    """
    text, _ = read_text(store, place, "manifest of the inventory")
    return read_inventory_manifest(text, place)


def objects_of(
    store: ObjectStore, inventory: Inventory, prefix: str, sort: ExternalSort, aside: Aside
) -> Iterator[ObjectEvent]:
    """The objects of an inventory whose keys begin with `prefix`.

    Its files are in no order that could be relied on: they are read to their end, and sorted on disk, before the
    first object is given.

    Raises:
        UsageError: a file cannot be read, or there is no object.
        StorageUnavailableError: the object store did not answer.
        NoTemporarySpaceError: the folder for temporary files takes no more.
    """
    for event in _events(listed_in(store, inventory), aside):
        if event.key.startswith(prefix):
            sort.add(event.key.encode(), _written(event))
    last = None
    for key, text in sort.sorted():
        if key != last:
            yield _read(inventory.bucket, key.decode(), text)
        last = key
    if last is None:
        raise UsageError(f"the inventory of {inventory.bucket} lists no object under {prefix!r}; check the prefix")


def _events(parts: Iterator[Part], aside: Aside) -> Iterator[ObjectEvent]:
    for part in parts:
        if isinstance(part, Skipped | Rejected):
            aside(part)
        else:
            yield part


def _written(event: ObjectEvent) -> bytes:
    moment = None if event.event_time is None else event.event_time.isoformat()
    return json.dumps([event.version_id, event.etag, event.size, moment]).encode()


def _read(bucket: str, key: str, text: bytes) -> ObjectEvent:
    version_id, etag, size, moment = json.loads(text)
    modified = None if moment is None else datetime.fromisoformat(moment)
    return ObjectEvent(bucket, key, version_id, etag, size, None, modified, "inventory")
