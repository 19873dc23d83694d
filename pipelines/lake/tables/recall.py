"""The rows a run had before: the files of the commit that brought them, as long as they are there.

So an object's rows are taken out again by giving the run those of its predecessor: `replace_runs` with the files found
here and a generation of its own. What VACUUM took cannot be recalled; the predecessor's object is loaded again then.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import orjson

from pipelines.lake.errors import HistoryGoneError
from pipelines.lake.files.table_folder import TableFolder
from pipelines.lake.run_part import RunKey, WrittenFile
from pipelines.lake.schema.system_columns import PARTITION_COLUMNS
from pipelines.lake.tables.active_file import ActiveFile
from pipelines.lake.tables.delta_log import Snapshot, latest_version
from pipelines.lake.tables.replace_runs import app_id

_ADVICE = "`lake undo --alone` takes the object out and leaves its run without rows"


def recall_files(snapshot: Snapshot, run: RunKey, generation: int, version: int) -> tuple[WrittenFile, ...]:
    """The files an attempt gave a run.

    Args:
        snapshot: of the table as it is now.
        run: whose.
        generation: of the attempt.
        version: of the table, that the attempt's commit made.

    Raises:
        HistoryGoneError: the commit or a file is not there any more, or it is not the commit of that attempt.
        ObjectRefusedError, StorageUnavailableError, TableUnavailableError: the folder cannot be read.
    """
    folder = snapshot.folder
    made = _actions(folder, version)
    mark = {"appId": app_id(run), "version": generation}
    if not any(mark.items() <= one.items() for one in made.get("txn", ())):
        raise HistoryGoneError(f"version {version} of {folder.uri} is not load {generation} of {run}; {_ADVICE}")
    physical = {column.name: column.physical for column in snapshot.schema.columns}
    found = []
    for add in made.get("add", ()):
        values = {name: add["partitionValues"].get(physical[name]) for name in PARTITION_COLUMNS}
        statistics = orjson.loads(add["stats"])
        file = ActiveFile(add["path"], add["size"], statistics["numRecords"], values, statistics)
        if file.share_of(run, physical) == "all":
            found.append(
                WrittenFile(unquote(file.path), file.size, statistics["numRecords"], (*values.items(),), add["stats"])
            )
    gone = [file.path for file in found if not folder.exists(file.path)]
    if gone:
        raise HistoryGoneError(f"{len(gone)} files of load {generation} of {run} were vacuumed ({gone[0]}); {_ADVICE}")
    return tuple(found)


def commit_of(folder: TableFolder, run: RunKey, generation: int) -> int:
    """The version of a table whose commit brought an attempt's rows of a run.

    Args:
        folder: of the table.
        run: whose rows.
        generation: of the attempt.

    Raises:
        HistoryGoneError: there is none as far as the log reaches back.
        ObjectRefusedError, StorageUnavailableError, TableUnavailableError: the folder cannot be read.
    """
    mark = {"appId": app_id(run), "version": generation}
    for version in range(latest_version(folder) or 0, -1, -1):
        if any(mark.items() <= one.items() for one in _actions(folder, version).get("txn", ())):
            return version
    raise HistoryGoneError(f"no version of {folder.uri} is load {generation} of {run}; {_ADVICE}")


def _actions(folder: TableFolder, version: int) -> dict[str, list[dict[str, Any]]]:
    path = f"_delta_log/{version:020d}.json"
    if not folder.exists(path):
        raise HistoryGoneError(f"the log of {folder.uri} does not reach back to version {version}; {_ADVICE}")
    found: dict[str, list[dict[str, Any]]] = {}
    with folder.open_file(path) as source:
        for line in source.read().splitlines():
            for kind, action in orjson.loads(line).items():
                found.setdefault(kind, []).append(action)
    return found
