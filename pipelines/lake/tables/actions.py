"""A commit as the log spells it: one JSON object a line (Delta's protocol, "Actions")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import orjson

#: What paths hold unencoded. Those of ours are plain names, see `files.folders`.
_SAFE = "/-_.~="


def encode(actions: Iterable[Mapping[str, Any]]) -> bytes:
    """The content of a commit."""
    return b"".join(orjson.dumps(action) + b"\n" for action in actions)


def commit_info(operation: str, parameters: Mapping[str, str], *, milliseconds: int, commit_id: str) -> dict[str, Any]:
    """Who did what; `commit_id` makes the commit different from every other."""
    told = {
        "timestamp": milliseconds,
        "operation": operation,
        "operationParameters": dict(parameters),
        "isBlindAppend": False,
        "engineInfo": "pipeline-processing",
        "txnId": commit_id,
    }
    return {"commitInfo": told}


def protocol(minimum_reader: int, minimum_writer: int) -> dict[str, Any]:
    """What a reader and a writer have to know."""
    return {"protocol": {"minReaderVersion": minimum_reader, "minWriterVersion": minimum_writer}}


def metadata(
    table_id: str,
    schema_string: str,
    partition_columns: Iterable[str],
    configuration: Mapping[str, str],
    created: int | None,
) -> dict[str, Any]:
    """What the table is; `created` in milliseconds."""
    told = {
        "id": table_id,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": schema_string,
        "partitionColumns": list(partition_columns),
        "configuration": dict(configuration),
        "createdTime": created,
    }
    return {"metaData": told}


def transaction(app_id: str, version: int, milliseconds: int) -> dict[str, Any]:
    """How far an application is."""
    return {"txn": {"appId": app_id, "version": version, "lastUpdated": milliseconds}}


def add(
    path: str, size: int, partition_values: Mapping[str, str | None], statistics: str, milliseconds: int
) -> dict[str, Any]:
    """A file joins the table; its partition values by their names in files."""
    told = {
        "path": quote(path, safe=_SAFE),
        "partitionValues": dict(partition_values),
        "size": size,
        "modificationTime": milliseconds,
        "dataChange": True,
        "stats": statistics,
    }
    return {"add": told}


def remove(
    logged_path: str, size: int, partition_values: Mapping[str, str | None], milliseconds: int
) -> dict[str, Any]:
    """A file leaves the table, by the path the log has for it.

    Its size and partition are told because Spark would otherwise look into the table's past for them.
    """
    told = {
        "path": logged_path,
        "deletionTimestamp": milliseconds,
        "dataChange": True,
        "extendedFileMetadata": True,
        "partitionValues": dict(partition_values),
        "size": size,
    }
    return {"remove": told}
