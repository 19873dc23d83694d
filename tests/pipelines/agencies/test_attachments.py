"""Attachments end with one status each; what is there already is left alone."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from etl_core.errors import StorageUnavailableError, UsageError
from pipelines.agencies.errors import StoppedEarlyError
from tests.pipelines.agencies.documents_world import DocumentsWorld, counted
from tests.s3_conditions import conditions_of_copies

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def _statuses(world: DocumentsWorld) -> list[str]:
    return [one.status for one in world.results]


def test_a_second_run_copies_nothing_and_both_accounts_are_complete(world: DocumentsWorld) -> None:
    """By listings alone: not one request for a single object."""
    world.attach_many(60)
    world.attach("uploads/gone.pdf")
    first = world.run()
    assert (first.attachments, dict(first.statuses)) == (61, {"copied": 60, "missing_source": 1})
    there, noted = world.there(), world.noted()
    assert len(noted) == 61
    seen, done = counted(world.store.s3)
    second = world.run(parts=("attachments",))
    done()
    assert dict(second.statuses) == {"unchanged": 60, "missing_source": 1}
    assert sum(second.statuses.values()) == second.attachments
    assert Counter(seen) == {"ListObjectsV2": 2, "HeadObject": 2}, "one look for what is gone, one for the manifest"
    assert (world.there(), world.noted()) == (there, noted)
