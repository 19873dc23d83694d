"""What S3 keeps beside an object's bytes, as a copy that is put together has to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from etl_core.objects.store import ObjectHead, ObjectStore

_KEPT: Final = (
    *("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType", "Expires"),
    *("Metadata", "WebsiteRedirectLocation"),
)
#: Under which name a copy whose own etag is another keeps that of its source.
SOURCE_ETAG: Final = "source-etag"
#: Bytes that the names and texts of an object's metadata may have together.
_MOST_METADATA: Final = 2048


def belongings(store: ObjectStore, source: ObjectHead, facts: dict[str, Any]) -> dict[str, Any]:
    """Give headers, metadata and tags of a version, as boto3 takes them for a new object.

    The metadata tells the source's etag besides, where there is room: it is how the next look knows the copy.

    Args:
        store: where it is.
        source: the version.
        facts: what S3 said of it.
    """
    kept: dict[str, Any] = {name: facts[name] for name in _KEPT if name in facts}
    metadata = {**facts.get("Metadata", {}), SOURCE_ETAG: source.etag or ""}
    if sum(len(f"{name}{text}".encode()) for name, text in metadata.items()) <= _MOST_METADATA:
        kept["Metadata"] = metadata
    wanted: dict[str, Any] = {"Bucket": source.bucket, "Key": source.key}
    if source.version_id not in {None, "null"}:
        wanted["VersionId"] = source.version_id
    tags = store.s3.get_object_tagging(**wanted)["TagSet"]
    return {**kept, "Tagging": urlencode({tag["Key"]: tag["Value"] for tag in tags})} if tags else kept
