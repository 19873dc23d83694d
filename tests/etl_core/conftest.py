"""A local S3, and the store that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from etl_core.objects.store import ObjectStore, S3Access

if TYPE_CHECKING:
    from tests.local_s3 import S3Server


@pytest.fixture
def store(s3_server: S3Server) -> ObjectStore:
    """The local object store."""
    server = s3_server
    return ObjectStore(S3Access(server.endpoint, server.region, server.access_key, server.secret_key))
