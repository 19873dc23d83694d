"""Values that an application's database has and others do not: sizes that are none, numbers without an end."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pipelines.agencies.errors import AgencyQueryError
from pipelines.agencies.source.repositories import AttachmentRepository, Queries

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.agencies.run_agency import DocumentDoors
    from tests.pipelines.agencies.documents_world import DocumentsWorld


def _asking(world: DocumentsWorld, folder: Path, column: str) -> DocumentDoors:
    """The doors of an owner whose query gives one column more."""
    query = f"SELECT id AS attachment_id, source_key, file_name, {column} FROM documents.attachment"
    (folder / "attachments.sql").write_text(f"{query} WHERE agency_id = :agency_id")
    return replace(world.doors(), attachments=AttachmentRepository(world.database, Queries(folder)))


@pytest.mark.parametrize("size", ["'abc'", "'NaN'", "''", "7.5", "CAST('infinity' AS float8)"])
def test_a_size_that_is_none_is_a_mistake_of_the_query(world: DocumentsWorld, tmp_path: Path, size: str) -> None:
    world.put("one")
    number = world.attach("one")
    with pytest.raises(AgencyQueryError, match=rf"attachment {number} the size .*expected a whole number of bytes"):
        world.run(_asking(world, tmp_path, f"{size} AS size"))


@pytest.mark.parametrize("size", ["7", "7.00", "'7'", "CAST(7 AS float8)"])
def test_a_whole_size_of_any_type_is_taken(world: DocumentsWorld, tmp_path: Path, size: str) -> None:
    world.put("one", b"content")
    world.attach("one")
    world.run(_asking(world, tmp_path, f"{size} AS size"))
    assert [(one.status, one.reason) for one in world.results] == [("copied", None)]


def test_every_line_of_the_manifest_is_json_whatever_the_application_has(world: DocumentsWorld, tmp_path: Path) -> None:
    world.put("one")
    world.attach("one")
    odd = (
        "CAST('NaN' AS float8) AS n, CAST('{\"a\": [1e999]}' AS json) AS j, CAST('0044-03-15 BC' AS date) AS created_at"
    )
    world.run(_asking(world, tmp_path, odd))
    (line,) = (body for key, body in world.there().items() if "manifest" in key)

    def refuse(name: str) -> None:
        raise AssertionError(name)

    told = json.loads(line, parse_constant=refuse)
    assert told["metadata"] == {"n": "nan", "j": {"a": ["inf"]}}
    assert told["created_at"] == "0044-03-15 BC"
