"""The lake as jobs reach it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dq.batch.doors import Doors
    from etl_core.settings import Settings
    from pipelines.lake.lifting.load_objects import LakeDoors


def lake_doors(doors: Doors, settings: Settings) -> LakeDoors:
    """The lake of these settings, with the ledger and the object store of `doors`."""
    from dq.formats.limits import Limits
    from etl_core.objects.settings import S3Settings
    from etl_core.objects.store import S3Access
    from pipelines.lake.lifting.load_objects import LakeDoors
    from pipelines.lake.settings import LakeSettings

    s3, lake = settings[S3Settings], settings[LakeSettings]
    return LakeDoors(
        database=doors.database,
        store=doors.objects,
        root=lake.lake_root,
        access=S3Access(s3.s3_endpoint, s3.s3_region, *s3.key_pair()),
        limits=Limits(),
        gate=lake.silver_gate,
        clock=doors.clock,
        new_id=lambda: uuid.uuid4().hex,
    )
