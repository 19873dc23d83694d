"""Rows are added to a table, in one version of it with how far their sources are.

Each source is an application to the table, and the place it has come to its version. Who adds rows says where its
sources stood when it read them: a commit that was made already is not made again, and none is made on top of rows that
somebody else brought meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl_core.errors import RetryableError
from etl_core.retry import call_again
from pipelines.lake.errors import CommitConflictError
from pipelines.lake.files.table_folder import TableFolder
from pipelines.lake.run_part import WrittenFile
from pipelines.lake.schema.table_schema import TableSchema
from pipelines.lake.tables import actions
from pipelines.lake.tables.delta_log import alteration, commit, creation, read_snapshot, sum_up
from pipelines.lake.tables.replace_runs import BACKOFF, MOST_ATTEMPTS, CommitIdentity, additions, fitting


class OtherWriterError(RetryableError):
    """Somebody else brought rows of the same sources meanwhile; what they brought has to be looked at first."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A source of rows: where it stood when they were read (None: at its beginning), and where it stands with them."""

    app_id: str
    before: int | None
    now: int


def append_rows(
    folder: TableFolder,
    schema: TableSchema,
    files: Sequence[WrittenFile],
    marks: Sequence[Mark],
    identity: CommitIdentity,
) -> int:
    """Commit files, at most once for each place of their sources; the version that has them.

    Args:
        folder: of the table, which is made where there is none.
        schema: that the files were written by.
        files: that lie in the folder, and that nobody sees yet.
        marks: all sources of the rows.
        identity: of this commit.

    Raises:
        OtherWriterError: a source is at another place than it was when the rows were read.
        CommitConflictError: others were quicker every time; trying again may help.
        TableChangedMeanwhileError: the rows have to be written again, for the columns the table has now.
        TableAlteredError, TableCorruptError: see there.
        ObjectRefusedError, StorageUnavailableError, TableUnavailableError: the place cannot be reached or written;
            committing again is safe whether or not this one arrived.
    """

    def once() -> int:
        snapshot = read_snapshot(folder)
        known = {} if snapshot is None else snapshot.transaction_versions()
        if marks and all(known.get(mark.app_id) == mark.now for mark in marks):
            return 0 if snapshot is None else snapshot.version
        odd = [mark for mark in marks if known.get(mark.app_id) != mark.before]
        if odd:
            raise OtherWriterError(
                f"{folder.uri} has rows of {odd[0].app_id} up to {known.get(odd[0].app_id)}, and these were read from"
                f" {odd[0].before} on: another process writes the same rows; stop one of them"
            )
        when = identity.milliseconds
        version = 0 if snapshot is None else snapshot.version + 1
        made = (
            creation(schema, identity.commit_id, when)
            if snapshot is None
            else alteration(snapshot, fitting(snapshot, schema))
        )
        body = [
            *made,
            *(actions.transaction(mark.app_id, mark.now, when) for mark in marks),
            *additions(schema, files, identity),
        ]
        told = {"mode": "Append", "rows": str(sum(file.rows for file in files))}
        commit(
            folder,
            version,
            [actions.commit_info("WRITE", told, milliseconds=when, commit_id=f"{identity.commit_id}-{version}"), *body],
        )
        return version

    done = call_again(once, attempts=MOST_ATTEMPTS, backoff=BACKOFF, on=CommitConflictError)
    sum_up(folder, done)
    return done
