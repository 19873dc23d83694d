"""Where flows read and write, as lineage names it: tables of the lake, sources and targets of ETL flows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import make_url

from etl_core.errors import PipelineError
from operations.lineage.events.flows import FlowPlaces
from operations.lineage.events.places import Place, place_of
from operations.lineage.events.queried_tables import queried_tables
from operations.lineage.events.run_event import Field
from operations.lineage.telling.facts import database_of
from pipelines.lake.settings import LakeSettings

if TYPE_CHECKING:
    from etl_core.settings import Settings
    from operations.lineage.telling.facts import Flows, LakePlaces


def lake_of(settings: Settings) -> LakePlaces:
    """What gives the places of tables of the lake, and the columns of those in silver."""

    def place(table: str, layer: str) -> tuple[Place, tuple[Field, ...] | None]:
        from jobs.running.wiring import s3_access
        from pipelines.lake.files.table_folder import lake_table
        from pipelines.lake.tables.delta_log import read_snapshot

        folder = lake_table(settings[LakeSettings].lake_root, layer, table, s3_access(settings))
        found = place_of(folder.uri) or Place("file", folder.uri)
        if layer != "silver":
            return found, None
        try:
            snapshot = read_snapshot(folder)
        except PipelineError:  # a table that cannot be read at present is a place all the same
            return found, None
        return found, None if snapshot is None else tuple(
            Field(one.name, str(one.type)) for one in snapshot.schema.columns
        )

    return place


def flows_of(settings: Settings) -> Flows:
    """What gives the sources and the target of an ETL flow."""

    def places(name: str) -> FlowPlaces | None:
        from jobs.etl.doors import addresses_of, find_flow

        try:
            flow = find_flow(name, settings)
        except PipelineError:  # its file was taken away
            return None
        known = addresses_of(settings)
        if flow.source.url not in known or flow.target.url not in known:
            return None
        source, target = (database_of(make_url(known[one])) for one in (flow.source.url, flow.target.url))
        types = {one.name: one.type.value for one in flow.definition.fields}
        loaded = flow.silver.arranged(types)
        return FlowPlaces(
            tuple(source.table(table) for table in queried_tables(flow.source.query.written)),
            tuple(Field(name, kind) for name, kind in types.items()),
            target.table(f"{flow.target.schema}.{flow.target.table}"),
            tuple(Field(new, types.get(old)) for old, new in loaded),
        )

    return places
