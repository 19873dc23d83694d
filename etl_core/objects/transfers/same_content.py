"""Whether two objects have the same content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from etl_core.objects.heads import described
from etl_core.objects.transfers.belongings import SOURCE_ETAG

if TYPE_CHECKING:
    from etl_core.objects.store import ObjectHead, ObjectStore

_COMPARED_AT_ONCE: Final = 8 * 1024 * 1024
_CHECKSUMS: Final = ("ChecksumCRC64NVME", "ChecksumSHA256", "ChecksumSHA1", "ChecksumCRC32C", "ChecksumCRC32")


def is_same(
    store: ObjectStore, facts: dict[str, Any], source: ObjectHead, there: ObjectHead, at: ObjectStore | None = None
) -> bool:
    """Tell by sizes, etags, the source's etag in the other's metadata or checksums; else the bytes are read.

    Args:
        store: where the source is.
        facts: what S3 said of it.
        source: one object.
        there: the other one.
        at: where that is, unless it is in the same store.
    """
    if source.size != there.size:
        return False
    if source.etag == there.etag:
        return True
    others = described(at or store, there)
    if source.etag and others.get("Metadata", {}).get(SOURCE_ETAG) == source.etag:
        return True
    if facts.get("ChecksumType") == others.get("ChecksumType") == "FULL_OBJECT":
        for name in _CHECKSUMS:
            if name in facts and name in others:
                return bool(facts[name] == others[name])
    starts = range(0, source.size, _COMPARED_AT_ONCE)
    return all(
        store.read(source, start, _COMPARED_AT_ONCE) == (at or store).read(there, start, _COMPARED_AT_ONCE)
        for start in starts
    )
