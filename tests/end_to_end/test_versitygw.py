"""The whole way on an S3 that others wrote: backfilled, overwritten, held against the ledger, repaired."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.command_line import environment
from tests.end_to_end.landing import Landing, key_of, make_landing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

    from tests.end_to_end.command_line import CommandLine
    from tests.local_s3 import S3Server

#: Go builds the server, once, for minutes of two cores.
pytestmark = pytest.mark.night


@pytest.fixture(params=["Enabled", None], ids=["versions", "no versions"])
def versity_landing(
    request: pytest.FixtureRequest, variant_a: str, versity_server: S3Server, versity: S3Client
) -> Iterator[Landing]:
    """On a bucket that keeps versions, and on one that does not."""
    bucket = f"landing-{zlib.crc32(request.node.nodeid.encode()):08x}"
    versity.create_bucket(Bucket=bucket)
    if request.param:
        versity.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": request.param})
    made = make_landing(variant_a, versity_server, versity, bucket)
    yield made
    made.database.dispose()


def test_what_lands_there_has_its_verdict_and_what_was_missed_is_repaired(
    bare_command_line: CommandLine, versity_landing: Landing, versity_server: S3Server
) -> None:
    landing, run = versity_landing, bare_command_line.run
    bare_command_line.set(**environment(landing.database, versity_server))
    landing.configure()
    for hour in (1, 2):
        landing.put(key_of(hour=hour, name="a b+c%20é.csv"))
    prefix = ("--prefix", f"s3://{landing.bucket}/agency/")
    assert run("backfill", *prefix).code == 0
    assert landing.scores() == {("trips", 1): 100, ("trips", 2): 100}
    clean = run("reconcile", *prefix, "--grace", "0s")
    assert (clean.code, clean.out) == (0, "")
    landing.put(key_of(hour=2, name="a b+c%20é.csv"), b"id,driver\n1,ada\n1,ben\n")
    landing.put(key_of(hour=3))
    found = run("reconcile", *prefix, "--grace", "0s", "--repair")
    assert [line.split()[0] for line in found.out.splitlines()] == ["stale", "never_announced"]
    assert found.code == 0
    assert landing.scores() == {("trips", 1): 100, ("trips", 2): 95, ("trips", 3): 100}
    assert run("reconcile", *prefix, "--grace", "0s").code == 0
