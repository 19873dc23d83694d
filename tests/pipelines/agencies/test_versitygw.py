"""Documents on an S3 by others: versitygw, which looks itself at what a copy demands of its source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.pipelines.agencies.documents_world import DocumentsWorld

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from etl_core.objects.store import ObjectStore

#: Go builds the server, once, for minutes of two cores.
pytestmark = pytest.mark.night

_PART = 5 * 1024 * 1024


def test_documents_are_copied_once_whatever_they_are_called_and_a_replaced_source_is_told(
    world: DocumentsWorld, versity_store: ObjectStore, versity: S3Client
) -> None:
    for bucket in (world.source, world.destination):
        versity.create_bucket(Bucket=bucket)
    there = replace(world, s3=versity, store=versity_store)
    keys = ["a b+c.pdf", "100%.pdf", "a%2Fb.pdf", "ü/\U0001f600.pdf", "Same.pdf", "same.pdf"]
    for key in keys:
        there.put(key, key.encode(), Metadata={"a": "b"}, ContentType="application/pdf", Tagging="c=d")
        there.attach(key, key)
    there.put("large.bin", b"x" * (_PART + 1), Tagging="c=d")
    large = there.attach("large.bin", "large.bin")
    there.attach("gone.pdf", "gone.pdf")
    attachments = list(there.doors().attachments.get_attachment_files_for_s3_processing(there.agency.id))
    statuses = ["copied"] * 7 + ["missing_source"]
    assert [one.status for one in there.process(attachments, part_bytes=_PART)] == statuses
    assert [one.status for one in there.process(attachments, part_bytes=_PART)] == ["unchanged"] * 7 + [statuses[7]]
    copies = there.there()
    assert sorted(copies.values(), key=len)[:6] == sorted((key.encode() for key in keys), key=len)
    key = f"agency/{there.agency.slug}/attachments/{large}/large.bin"
    assert versity.get_object_tagging(Bucket=there.destination, Key=key)["TagSet"] == [{"Key": "c", "Value": "d"}]
    meant = replace(attachments[0], etag="0" * 32)
    assert [one.status for one in there.process([meant])] == ["changed_during_copy"]
