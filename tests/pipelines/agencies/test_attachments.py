"""Attachments end with one status each, provoked for real; what is there already is left alone.

The local S3 is moto, which looks at conditions only where objects are put. Where a test needs those of copies, the
checks of tests/s3_conditions.py stand before it.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from etl_core.errors import ObjectGoneError, StorageUnavailableError, UsageError
from etl_core.objects.store import ObjectStore, S3Access
from etl_core.objects.transfers.copying import copy_object
from etl_core.objects.transfers.wanted_entries import list_wanted
from pipelines.agencies.copying.copy_result import status_of
from pipelines.agencies.errors import StoppedEarlyError
from tests.pipelines.agencies.documents_world import DocumentsWorld, counted, signed_in
from tests.s3_conditions import conditions_of_copies

if TYPE_CHECKING:
    from tests.local_s3 import S3Server

FILES = int(os.environ.get("DOCUMENT_FILES", "25"))
#: The smallest part that S3 takes.
PART = 5 * 1024 * 1024


def by_key(world: DocumentsWorld) -> dict[str, str]:
    return {one.attachment.source_key: one.status for one in world.results}


def test_a_second_run_copies_nothing_and_both_accounts_are_complete(world: DocumentsWorld) -> None:
    """By listings alone: not one request for a single object. DOCUMENT_FILES=5000 takes more of them."""
    world.attach_many(FILES)
    world.attach("uploads/gone.pdf")
    first = world.run()
    assert (first.attachments, dict(first.statuses)) == (FILES + 1, {"copied": FILES, "missing_source": 1})
    there, noted = world.there(), world.noted()
    assert len(noted) == FILES + 1
    seen, done = counted(world.store.s3)
    second = world.run(parts=("attachments",))
    done()
    assert dict(second.statuses) == {"unchanged": FILES, "missing_source": 1}
    assert sum(second.statuses.values()) == second.attachments
    assert set(seen) == {"ListObjectsV2", "HeadObject"}
    assert seen.count("HeadObject") == 2, "one look for what is gone, one for the manifest"
    assert seen.count("ListObjectsV2") <= 2 * (1 + FILES // 500)
    assert (world.there(), world.noted()) == (there, noted)


def test_what_belongs_to_an_attachment_goes_along_and_the_manifest_tells_of_every_one(world: DocumentsWorld) -> None:
    etag = world.put("a.pdf", b"12345", Metadata={"scanned": "by hand"}, ContentType="application/pdf", Tagging="a=b")
    one = world.attach("a.pdf", "résumé.pdf", category="cv", person_id=7, size=6)
    gone = world.attach("gone.pdf", "gone.pdf")
    outcome = world.run()
    key = f"agency/{world.agency.slug}/attachments/{one}/résumé.pdf"
    head = world.s3.head_object(Bucket=world.destination, Key=key)
    assert (head["Metadata"], head["ContentType"]) == ({"scanned": "by hand"}, "application/pdf")
    tags = world.s3.get_object_tagging(Bucket=world.destination, Key=key)["TagSet"]
    assert tags == [{"Key": "a", "Value": "b"}]
    manifest = f"agency/{world.agency.slug}/attachments/manifest-2026-01-04.jsonl"
    assert outcome.manifest == f"s3://{world.destination}/{manifest}"
    first, second = map(json.loads, world.there()[manifest].splitlines())
    assert first == {
        "attachment_id": one,
        "file_name": "résumé.pdf",
        "category": "cv",
        "person_id": "7",
        "created_at": first["created_at"],
        "metadata": {},
        "source": f"s3://{world.source}/a.pdf",
        "destination": f"s3://{world.destination}/{key}",
        "size": 5,
        "etag": etag,
        "destination_etag": etag,
        "checksum_sha256": None,
        "status": "copied",
        "reason": "the application says 6 bytes, the object has 5",
    }
    assert (second["attachment_id"], second["status"]) == (gone, "missing_source")


def test_nothing_to_copy_is_done_at_once(world: DocumentsWorld) -> None:
    seen, done = counted(world.store.s3)
    outcome = world.run()
    done()
    assert (outcome.attachments, outcome.failed, outcome.manifest) == (0, 0, None)
    assert outcome.export is not None
    assert outcome.export.status == "empty"
    assert (seen, world.there()) == ([], {})


def test_a_deleted_attachment_and_another_agencys_stay_where_they_are(world: DocumentsWorld) -> None:
    world.put("a.pdf")
    world.attach("a.pdf", deleted_at="2026-01-01")
    assert world.run().attachments == 0


def test_what_is_refused_is_told_with_the_answer_and_the_others_go_on(
    world: DocumentsWorld, s3_server: S3Server
) -> None:
    """A user of IAM's who may not write one of the objects."""
    for key in ("open.pdf", "closed.pdf"):
        world.put(key)
        world.attach(key, key)
    forbidden = {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{world.destination}/*/closed.pdf"}
    with signed_in(world, s3_server, forbidden) as store:
        outcome = world.run(replace(world.doors(), source=store), parts=("attachments",))
    assert outcome.failed == 1
    assert by_key(world) == {"open.pdf": "copied", "closed.pdf": "access_denied"}
    refused = next(one for one in world.results if one.status == "access_denied")
    assert (refused.error_code, refused.http_status) == ("AccessDenied", 403)
    assert "the object store refuses it (AccessDenied)" in str(refused.reason)
    assert [row[6] for row in world.noted()] == ["copied", "access_denied"]


def test_buckets_that_may_be_read_and_not_listed_are_asked_for_each_object(
    world: DocumentsWorld, s3_server: S3Server
) -> None:
    world.attach_many(3)
    with signed_in(world, s3_server, {"Action": "s3:ListBucket", "Resource": "*"}) as store:
        doors = replace(world.doors(), source=store)
        assert list_wanted(store, world.source, ["uploads/00000.pdf"]).asked == frozenset()
        assert dict(world.run(doors, parts=("attachments",)).statuses) == {"copied": 3}
        assert dict(world.run(doors, parts=("attachments",)).statuses) == {"unchanged": 3}


def test_other_content_at_the_destination_is_a_conflict_until_overwriting_is_asked_for(world: DocumentsWorld) -> None:
    world.put("a.pdf", b"ours")
    one = world.attach("a.pdf", "a.pdf")
    key = f"agency/{world.agency.slug}/attachments/{one}/a.pdf"
    world.s3.put_object(Bucket=world.destination, Key=key, Body=b"else")
    assert dict(world.run().statuses) == {"conflict": 1}
    assert (world.results[0].error_code, world.results[0].http_status) == ("PreconditionFailed", 412)
    assert "was left as it is: it has other content" in str(world.results[0].reason)
    assert world.there()[key] == b"else"
    assert dict(world.run(overwrite=True).statuses) == {"copied": 1}
    assert world.there()[key] == b"ours"


@pytest.mark.parametrize(("theirs", "status"), [(b"ours", "unchanged"), (b"else", "conflict")])
def test_somebody_who_writes_the_same_key_at_the_same_time_is_not_overwritten(
    theirs: bytes, status: str, world: DocumentsWorld
) -> None:
    """Behind the listing's back: by the condition of the copy (tests/s3_conditions.py, moto has none)."""
    world.put("a.pdf", b"ours")
    one = world.attach("a.pdf", "a.pdf")
    key = f"agency/{world.agency.slug}/attachments/{one}/a.pdf"
    write = conditions_of_copies(
        world.store.s3, world.s3, meanwhile=lambda: world.s3.put_object(Bucket=world.destination, Key=key, Body=theirs)
    )
    with write:
        assert dict(world.run().statuses) == {status: 1}
    assert world.there()[key] == theirs


def test_a_source_replaced_while_it_is_copied_is_told_and_the_next_run_takes_the_new_one(world: DocumentsWorld) -> None:
    """Between the look at a large object and its first part (conditions of tests/s3_conditions.py)."""
    world.put("a.pdf", b"1" * (PART + 1))
    world.attach("a.pdf", "a.pdf")
    attachments = list(world.doors().attachments.get_attachment_files_for_s3_processing(world.agency.id))
    with conditions_of_copies(world.store.s3, world.s3, meanwhile=lambda: world.put("a.pdf", b"2" * PART)):
        (result,) = world.process(attachments, part_bytes=PART)
    assert (result.status, result.error_code, result.http_status) == ("changed_during_copy", "PreconditionFailed", 412)
    assert world.there() == {}
    (again,) = world.process(attachments, part_bytes=PART)
    assert (again.status, list(world.there().values())) == ("copied", [b"2" * PART])


def test_a_source_that_is_not_the_version_the_application_means_is_not_copied(world: DocumentsWorld) -> None:
    meant = world.put("a.pdf", b"first")
    world.attach("a.pdf", "a.pdf")
    (attachment,) = world.doors().attachments.get_attachment_files_for_s3_processing(world.agency.id)
    attachment = replace(attachment, etag=meant)
    world.put("a.pdf", b"other")
    (result,) = world.process([attachment])
    assert (result.status, world.there()) == ("changed_during_copy", {})
    world.put("a.pdf", b"first")
    assert [one.status for one in world.process([attachment])] == ["copied"]


@pytest.mark.parametrize("size", [0, PART, PART + 1])
def test_sizes_around_a_part_and_of_nothing_are_copied_once(size: int, world: DocumentsWorld) -> None:
    """As of 5 GB, with a smaller part; a copy in parts has another etag, and the next run knows it all the same."""
    world.put("a.bin", b"x" * size, Metadata={"a": "b"}, Tagging="c=d")
    one = world.attach("a.bin", "a.bin")
    attachments = list(world.doors().attachments.get_attachment_files_for_s3_processing(world.agency.id))
    (first,) = world.process(attachments, part_bytes=PART)
    assert (first.status, first.size) == ("copied", size)
    assert (first.source_etag == first.destination_etag) == (size <= PART)
    seen, done = counted(world.store.s3)
    (second,) = world.process(attachments, part_bytes=PART)
    done()
    assert second.status == "unchanged"
    assert not {"GetObject", "CopyObject", "UploadPartCopy", "CreateMultipartUpload"} & set(seen)
    key = f"agency/{world.agency.slug}/attachments/{one}/a.bin"
    assert world.s3.head_object(Bucket=world.destination, Key=key)["Metadata"]["a"] == "b"


def test_hostile_keys_and_names_arrive_whole_each_at_a_place_of_its_own(world: DocumentsWorld) -> None:
    keys = [
        *("../up.pdf", "a/../../b.pdf", "100%.pdf", "a%2Fb.pdf", "a+b c.pdf", "\U0001f600.pdf", "Same.pdf", "same.pdf"),
        "k" * 1024,
        "k" * 1025,
        "",
    ]
    for key in keys:
        if 0 < len(key) <= 1024:
            world.put(key, key.encode())
        world.attach(key, "../x/../" + key[-300:])
    outcome = world.run()
    assert dict(outcome.statuses) == {"copied": 9, "missing_source": 2}
    copies = {key: body for key, body in world.there().items() if "manifest" not in key}
    assert sorted(copies.values()) == sorted(key.encode() for key in keys if 0 < len(key) <= 1024)
    assert not [key for key in copies if ".." in key.split("/") or len(key.encode()) > 1024]
    assert dict(world.run().statuses) == {"unchanged": 9, "missing_source": 2}


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(world: DocumentsWorld) -> None:
    world.attach_many(2)
    world.attach("gone.pdf")
    world.employ({"employee_id": 1})
    outcome = world.run(dry_run=True)
    assert dict(outcome.statuses) == {"copied": 2, "missing_source": 1}
    assert outcome.export is not None
    assert outcome.export.status == "would_be_written"
    assert (world.there(), world.noted(), outcome.manifest) == ({}, [], None)


def test_documents_go_to_another_store_through_this_machine_with_all_that_belongs_to_them(
    world: DocumentsWorld, s3_server: S3Server
) -> None:
    """A store of another account: here the same server, whose second client does not know that it is."""
    other = ObjectStore(S3Access(s3_server.endpoint, s3_server.region, "other-account", "other-secret"))
    for name, size in (("small", 10), ("large", 8 * 1024 * 1024 + 3)):
        world.put(f"{name}.bin", name[:1].encode() * size, Metadata={"a": "b"}, ContentType="text/plain", Tagging="c=d")
        world.attach(f"{name}.bin", f"{name}.bin")
    world.attach("gone.bin")
    doors = replace(world.doors(), destination=other)
    seen, done = counted(world.store.s3)
    assert dict(world.run(doors).statuses) == {"copied": 2, "missing_source": 1}
    done()
    assert not {"CopyObject", "UploadPartCopy", "PutObject"} & set(seen), "the source's client only reads"
    for key, body in world.there().items():
        if key.endswith(".bin"):
            assert len(body) in {10, 8 * 1024 * 1024 + 3}
            head = world.s3.head_object(Bucket=world.destination, Key=key)
            assert (head["Metadata"]["a"], head["ContentType"]) == ("b", "text/plain")
            assert world.s3.get_object_tagging(Bucket=world.destination, Key=key)["TagSet"][0]["Key"] == "c"
    assert dict(world.run(doors).statuses) == {"unchanged": 2, "missing_source": 1}


def test_a_bucket_that_is_not_there_is_a_mistake_of_the_command_and_no_files_fault(world: DocumentsWorld) -> None:
    world.attach_many(1)
    for wrong in ("source_bucket", "destination_bucket"):
        named: dict[str, Any] = {wrong: "no-such-bucket"}
        with pytest.raises(UsageError, match="no-such-bucket"):
            world.run(**named)
    assert world.noted() == []


def test_a_store_that_answers_nothing_any_more_ends_the_run_and_what_was_done_is_noted(
    world: DocumentsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of forty files five are copied before every request fails; those that failed before it was clear are noted so."""
    world.attach_many(40)
    left = iter(range(5))

    def copy(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as it takes them
        if next(left, None) is None:
            raise StorageUnavailableError("no answer")
        return copy_object(*arguments, **named)

    monkeypatch.setattr("pipelines.agencies.copying.attachments.copy_object", copy)
    monkeypatch.setattr("pipelines.agencies.copying.attachments._ATTEMPTS", 1)
    with pytest.raises(StorageUnavailableError):
        world.run(workers=1)  # with more, a copy that began before the others failed may end the count of failures
    assert Counter(row[6] for row in world.noted()) == {"copied": 5, "failed": 15}
    monkeypatch.undo()
    assert dict(world.run().statuses) == {"unchanged": 5, "copied": 35}
    assert Counter(row[6] for row in world.noted()) == {"copied": 40}


def test_a_run_that_is_asked_to_end_notes_what_it_did_and_the_next_goes_on(world: DocumentsWorld) -> None:
    world.attach_many(30)
    asked = iter(range(12))
    with pytest.raises(StoppedEarlyError):
        world.run(replace(world.doors(), is_stopped=lambda: next(asked, None) is None))
    done = len(world.noted())
    assert done == 12
    assert dict(world.run().statuses) == {"unchanged": done, "copied": 30 - done}


def test_a_source_that_goes_between_the_listing_and_the_copy_is_missing(world: DocumentsWorld) -> None:
    world.put("a.pdf")
    world.attach("a.pdf")
    gone = conditions_of_copies(
        world.store.s3, world.s3, meanwhile=lambda: world.s3.delete_object(Bucket=world.source, Key="a.pdf")
    )
    with gone:
        outcome = world.run()
    assert dict(outcome.statuses) == {"missing_source": 1}
    assert status_of(ObjectGoneError("gone")) == "missing_source"
