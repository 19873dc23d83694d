"""Tables in S3: the same commits, by conditional writes, on two servers."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from etl_core.errors import RetryableError
from etl_core.objects.store import ObjectStore, S3Access
from pipelines.lake.errors import CommitConflictError
from pipelines.lake.files.table_folder import TableFolder, lake_table
from pipelines.lake.tables.delta_log import commit, read_snapshot
from pipelines.lake.tables.recall import recall_files
from pipelines.lake.tables.replace_runs import replace_runs
from tests.pipelines.lake.lake_tables import SCHEMA, identity, notes, rows_by_delta_rs, run_part, written
from tests.pipelines.lake.other_writers import compact

if TYPE_CHECKING:
    from tests.local_s3 import S3Server


@pytest.fixture(params=["s3_server", pytest.param("versity_server", marks=pytest.mark.night)])
def server(request: pytest.FixtureRequest) -> S3Server:
    """A server."""
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


@pytest.fixture
def table(server: S3Server, request: pytest.FixtureRequest) -> TableFolder:
    """A table's folder there."""
    access = S3Access(server.endpoint, server.region, server.access_key, server.secret_key)
    bucket = f"lake-{zlib.crc32(request.node.nodeid.encode()):08x}"
    ObjectStore(access).s3.create_bucket(Bucket=bucket)
    return lake_table(f"s3://{bucket}/the-lake", "silver", "trips", access)


def test_runs_are_replaced_compacted_files_rewritten_and_rows_recalled(table: TableFolder) -> None:
    runs = [run_part(hour, agency="b: %ü") for hour in range(3)]
    first = replace_runs(table, SCHEMA, [written(table, run, 1, [notes([run.run_hour])]) for run in runs], identity())
    compact(table)
    again = replace_runs(table, SCHEMA, [written(table, runs[1], 2, [notes([11])])], identity())
    assert again.copied_rows == 2
    assert sorted(row.id for row in rows_by_delta_rs(table)) == [0, 2, 11]
    snapshot = read_snapshot(table)
    assert snapshot is not None
    files = recall_files(snapshot, runs[1].key, 1, first.version)
    assert [file.rows for file in files] == [1]


def test_writers_at_the_same_time_lose_nothing(table: TableFolder) -> None:
    rows = [written(table, run_part(hour), 1, [notes([hour])]) for hour in range(8)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda one: replace_runs(table, SCHEMA, [one], identity()), rows))
    assert sorted(one.version for one in done) == list(range(8))
    assert sorted(row.id for row in rows_by_delta_rs(table)) == list(range(8))


def test_a_version_is_written_once(table: TableFolder) -> None:
    commit(table, 0, [{"commitInfo": {"by": "one"}}])
    with pytest.raises(CommitConflictError, match=r"version 0 of .* was written by somebody else"):
        commit(table, 0, [{"commitInfo": {"by": "another"}}])
    commit(table, 0, [{"commitInfo": {"by": "one"}}])  # an answer that was lost, and the request made again


def test_a_bucket_that_is_not_there_is_a_retryable_error(s3_server: S3Server) -> None:
    access = S3Access(s3_server.endpoint, s3_server.region, s3_server.access_key, s3_server.secret_key)
    nowhere = lake_table("s3://no-such-bucket", "silver", "trips", access)
    with pytest.raises(RetryableError):
        written(nowhere, run_part(), 1, [notes([1])])
