"""Runs get the rows of an attempt in place of those they had: all runs of a batch in one commit.

A commit is made for exactly the version after the one it was planned on. When somebody was quicker, the table is read
again, the commit planned again and tried again; the files stay as they are. So nothing is lost and nothing there twice,
whoever else writes, and whatever they write.

Every run is an application to the table, with the generation of its last attempt as its version, in the commit that
brought the rows. An attempt that was committed already is not committed again, and one that comes late, from a process
that was thought dead, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from etl_core.retry import Backoff, call_again
from pipelines.lake.errors import CommitConflictError, TableChangedMeanwhileError
from pipelines.lake.files.table_folder import TableFolder
from pipelines.lake.run_part import Committed, RunKey, RunOutcome, RunRows, WrittenFile
from pipelines.lake.schema.table_schema import TableSchema
from pipelines.lake.tables import actions
from pipelines.lake.tables.active_file import ActiveFile, affected
from pipelines.lake.tables.delta_log import Snapshot, alteration, commit, creation, read_snapshot, sum_up
from pipelines.lake.tables.rewriting import rows_of_others

#: Commits tried before somebody else has to be asked why the table is so busy, and the waits between them.
MOST_ATTEMPTS = 30
BACKOFF = Backoff(first=0.02, factor=1.6, longest=2.0)


@dataclass(frozen=True, slots=True)
class CommitIdentity:
    """What a commit gets from outside.

    Attributes:
        now: aware; deleted files are kept for so long from then on.
        commit_id: different for every commit.
    """

    now: datetime
    commit_id: str

    @property
    def milliseconds(self) -> int:
        """Since 1970, UTC."""
        return int(self.now.timestamp() * 1000)


def app_id(run: RunKey) -> str:
    """The application a run is to a table."""
    return f"pipeline-processing/{run}"


def replace_runs(
    folder: TableFolder,
    schema: TableSchema,
    runs: Sequence[RunRows],
    identity: CommitIdentity,
    *,
    attempts: int = MOST_ATTEMPTS,
    properties: Mapping[str, str] | None = None,
) -> Committed:
    """Commit runs, each at most once in `runs`.

    Args:
        folder: of the table, which is made where there is none.
        schema: that the files were written by: the table's, perhaps with columns it does not have yet.
        runs: with their files.
        identity: of this commit.
        attempts: how often the commit is tried.
        properties: settings of the table where it is made.

    Raises:
        CommitConflictError: others were quicker every time; trying again may help.
        TableChangedMeanwhileError: the rows have to be written again, for the columns the table has now.
        TableAlteredError, TableCorruptError: see there.
        ObjectRefusedError, StorageUnavailableError, TableUnavailableError: the place cannot be reached or written;
            committing again is safe whether or not this one arrived.
    """
    keys = [one.run.key for one in runs]
    if len(set(keys)) < len(keys):
        raise ValueError("a run is in a commit twice; the later object of a run replaces the earlier one before it")
    tried = 0

    def once() -> Committed:
        nonlocal tried
        tried += 1
        return _commit_once(folder, schema, runs, identity, tried, properties)

    done = call_again(once, attempts=attempts, backoff=BACKOFF, on=CommitConflictError)
    sum_up(folder, done.version)
    return done


def _commit_once(
    folder: TableFolder,
    schema: TableSchema,
    runs: Sequence[RunRows],
    identity: CommitIdentity,
    tried: int,
    properties: Mapping[str, str] | None,
) -> Committed:
    snapshot = read_snapshot(folder)
    known = {} if snapshot is None or not runs else snapshot.transaction_versions()
    outcomes = {one.run.key: _outcome(known.get(app_id(one.run.key)), one) for one in runs}
    due = [one for one in runs if outcomes[one.run.key] == "committed"]
    changed = [] if snapshot is None else alteration(snapshot, fitting(snapshot, schema))
    if snapshot is not None and not due and not changed:
        return Committed(snapshot.version, outcomes, 0, tried)
    copied: tuple[WrittenFile, ...] = ()
    removed: tuple[ActiveFile, ...] = ()
    if snapshot is None:
        version = 0
        made: list[dict[str, Any]] = creation(schema, identity.commit_id, identity.milliseconds, properties)
    else:
        version = snapshot.version + 1
        made = changed
        removed, copied = _replaced(snapshot, [one.run.key for one in due], identity.commit_id, tried)
    added = [*copied, *(file for one in due for file in one.files)]
    staying = {file.path for file in added} & {file.path for file in removed}  # rows that were recalled twice
    added = [file for file in added if file.path not in staying]
    removed = tuple(file for file in removed if file.path not in staying)
    body = [*made, *_bookkeeping(due, identity), *_removals(removed, identity), *additions(schema, added, identity)]
    commit(folder, version, [_info(due, identity, tried), *body])
    return Committed(version, outcomes, sum(file.rows for file in copied), tried)


def _outcome(known: int | None, one: RunRows) -> RunOutcome:
    if known is None or known < one.generation:
        return "committed"
    return "already" if known == one.generation else "superseded"


def fitting(snapshot: Snapshot, written: TableSchema) -> TableSchema:
    """Give the schema from now on, if the files fit the table as it is now.

    Raises:
        TableChangedMeanwhileError: the table got other columns, and the files do not fit them.
    """
    now = {column.physical: column for column in snapshot.schema.columns}
    new = [column for column in written.columns if column.physical not in now]
    fitting = snapshot.schema.with_columns({column.source: column.type for column in new}) if new else snapshot.schema
    agreed = {(column.physical, column.name, column.type) for column in fitting.columns}
    odd = [column.name for column in written.columns if (column.physical, column.name, column.type) not in agreed]
    if odd:
        raise TableChangedMeanwhileError(
            f"{snapshot.folder.uri} got other columns while files for it were written, and these do not fit any more:"
            f" {', '.join(odd)}; write the rows again"
        )
    return fitting


def _replaced(
    snapshot: Snapshot, runs: Sequence[RunKey], commit_id: str, tried: int
) -> tuple[tuple[ActiveFile, ...], tuple[WrittenFile, ...]]:
    """The files that go, and those that take over the rows of other runs in them."""
    physical = {column.name: column.physical for column in snapshot.schema.columns}
    found = affected(snapshot.files_of({run.run_date for run in runs}), runs, physical)
    removed, copied = [*found.whole], list[WrittenFile]()
    for number, file in enumerate(found.unknown):
        kept = rows_of_others(snapshot, file, runs, f"{commit_id}-{tried}-{number}")
        if kept is not None:
            removed.append(file)
            copied += kept
    return tuple(removed), tuple(copied)


def _bookkeeping(due: Iterable[RunRows], identity: CommitIdentity) -> list[dict[str, Any]]:
    return [actions.transaction(app_id(one.run.key), one.generation, identity.milliseconds) for one in due]


def _removals(files: Iterable[ActiveFile], identity: CommitIdentity) -> list[dict[str, Any]]:
    return [actions.remove(file.path, file.size, file.partition_values, identity.milliseconds) for file in files]


def additions(schema: TableSchema, files: Iterable[WrittenFile], identity: CommitIdentity) -> list[dict[str, Any]]:
    """Give the actions of a commit that bring files, which were written by this schema."""
    when = identity.milliseconds
    return [
        actions.add(file.path, file.size, schema.partition_values(dict(file.partition_values)), file.statistics, when)
        for file in files
    ]


def _info(due: Sequence[RunRows], identity: CommitIdentity, tried: int) -> dict[str, Any]:
    told = {
        "mode": "Overwrite",
        "runs": str(len(due)),
        "rows": str(sum(one.rows for one in due)),
    }
    marked = f"{identity.commit_id}-{tried}"
    return actions.commit_info("WRITE", told, milliseconds=identity.milliseconds, commit_id=marked)
