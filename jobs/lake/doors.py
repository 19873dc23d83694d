"""The lake as jobs reach it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import SparkSession

    from dq.batch.doors import Doors
    from etl_core.settings import Settings
    from pipelines.lake.lifting.load_objects import LakeDoors


def lake_doors(doors: Doors, settings: Settings, session: Callable[[], SparkSession]) -> LakeDoors:
    """The lake of these settings, with the ledger and the object store of `doors`, and Spark where it is needed."""
    from dq.engine.settings import EngineSettings
    from dq.formats.limits import Limits
    from jobs.running.wiring import reference_reader, s3_access
    from pipelines.lake.lifting.load_objects import LakeDoors
    from pipelines.lake.settings import LakeSettings

    lake, engine = settings[LakeSettings], settings[EngineSettings]
    return LakeDoors(
        database=doors.database,
        store=doors.objects,
        root=lake.lake_root,
        access=s3_access(settings),
        limits=Limits(object_memory=engine.object_memory_mib << 20, object_seconds=engine.object_seconds),
        gate=lake.silver_gate,
        clock=doors.clock,
        new_id=lambda: uuid.uuid4().hex,
        references=reference_reader(settings, doors.objects, Limits(), own_files=False),
        session=session,
        account=doors.account,
    )
