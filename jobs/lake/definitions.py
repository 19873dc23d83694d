"""The definitions that the files of objects have today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl_core.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dq import DueObject, SchemaDefinition
    from dq.batch.doors import Doors


def definitions_of(due: Sequence[DueObject], doors: Doors) -> dict[int, SchemaDefinition | PipelineError | None]:
    """The definitions that their files have now, by object."""
    from dq.definitions import definition_or_none

    with doors.database.begin() as connection:
        files = doors.reporting.monitored_files(connection, {(one.agency_slug, one.file_name) for one in due})

    def read(raw: object) -> SchemaDefinition | PipelineError | None:
        try:
            return definition_or_none(raw, mode=doors.scoring_mode)
        except PipelineError as error:
            return error

    found = {name: read(file.definition) for name, file in files.items()}
    return {one.object_id: found.get((one.agency_slug, one.file_name)) for one in due}
