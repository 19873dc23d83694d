"""Which rows of the ledger are old, and what is remembered of the objects they were about.

Rows that wait, are held or failed never go: somebody has to do something about them. Nor does a row that is done while
another of its run or its key is not, or is younger: newer versions win by what the rows of a run say.

Of objects whose rows go one moment a bucket is kept, the newest at which one of them was stored. What a listing finds
from then or before, and no row is about, may have had its verdict: `reconcile` says so and announces none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from dq.ledger.aging.tables import ledger_horizon
from etl_core.postgres.aging import Aging
from etl_core.postgres.rights import has_table

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.engine import Engine

_ENDED = "('done', 'superseded', 'ignored', 'gone')"

OBJECTS = Aging(
    "pipeline.object_inbox",
    f"""WHERE aged.state IN {_ENDED} AND aged.finished_at < :before AND aged.received_at < :before
        AND NOT EXISTS (
            SELECT FROM pipeline.silver_load AS load WHERE load.object_id = aged.id AND load.state = 'loading')
        AND NOT EXISTS (
            SELECT FROM pipeline.object_inbox AS other
            WHERE other.monitoring_file_run_id = aged.monitoring_file_run_id
                AND (other.state NOT IN {_ENDED} OR other.finished_at >= :before))
        AND NOT EXISTS (
            SELECT FROM pipeline.object_inbox AS other
            WHERE other.bucket = aged.bucket AND other.key COLLATE "C" = aged.key COLLATE "C"
                AND other.state NOT IN {_ENDED})""",  # noqa: S608 - texts of ours
    ("state", "finished_at", "received_at", "monitoring_file_run_id"),
    remembered="""
        INSERT INTO pipeline.ledger_horizon (bucket, until, updated_at)
        SELECT bucket, max(stored), :now FROM gone GROUP BY bucket
        ON CONFLICT (bucket) DO UPDATE
        SET until = greatest(ledger_horizon.until, excluded.until), updated_at = excluded.updated_at""",
    returned="RETURNING aged.bucket, coalesce(aged.last_modified, aged.event_time, aged.received_at) AS stored",
)

#: In this order: what tells of an object goes after it. Loads that are in the lake stay, as the account of what it has.
OLD_LEDGER_ROWS: tuple[Aging, ...] = (
    OBJECTS,
    Aging(
        "pipeline.silver_load",
        """WHERE aged.state IN ('held', 'failed', 'replaced') AND aged.finished_at < :before
            AND NOT EXISTS (SELECT FROM pipeline.object_inbox AS object WHERE object.id = aged.object_id)""",
        ("state", "finished_at", "object_id"),
    ),
    Aging("pipeline.announcement_dead_letter", "WHERE aged.closed_at < :before", ("closed_at",)),
    Aging("pipeline.profile_day", "WHERE aged.run_date < CAST(:before AS date)", ("run_date",)),
    # Those that could not be merged into a day.
    Aging("pipeline.profile_state", "WHERE aged.run_date < CAST(:before AS date)", ("run_date",)),
    Aging(
        "pipeline.stream_hour_part",
        """WHERE aged.is_judged AND aged.hour < :before AND NOT EXISTS (
            SELECT FROM pipeline.stream_hour_part AS other
            WHERE other.flow = aged.flow AND other.hour = aged.hour AND NOT other.is_judged)""",
        ("is_judged", "hour"),
    ),
)


def horizon_of(engine: Engine, bucket: str) -> datetime | None:
    """Up to when rows of objects of a bucket may have been aged out, aware; None where none were."""
    with engine.connect() as connection:
        if not has_table(connection, ledger_horizon.fullname):
            return None
        query = select(ledger_horizon.c.until).where(ledger_horizon.c.bucket == bucket)
        return connection.execute(query).scalar_one_or_none()
