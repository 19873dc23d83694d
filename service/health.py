"""Whether the service is well, and its figures."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import structlog
from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from dq.ledger.inspection import inbox_status
from etl_core.errors import PipelineError
from service.answers import json_answer
from service.lineage_told import lineage_told
from service.pages.kept_alerts import alerts_by_kind
from service.parts import GivenDoors
from service.problems import RETRY_AFTER

log = structlog.get_logger()

router = APIRouter(tags=["health"])

#: Seconds after which a request that has no answer says that this process is stuck; the longest wait is a minute.
_STUCK: Final = 180.0
_HEARTBEAT: Final = text("SELECT max(heartbeat_at) FROM pipeline.consumer")


@router.get("/healthz")
async def healthz(request: Request, doors: GivenDoors) -> Response:
    """Whether requests are answered: 503 when one has been without an answer for so long that none will come."""
    count, longest = doors.metrics.longest(doors.seconds())
    stuck = longest > _STUCK
    value = {"status": "stuck" if stuck else "ok", "requests": count, "longest_seconds": round(longest, 3)}
    return json_answer(request, value, 503 if stuck else 200)


@router.get("/readyz", responses={503: {"description": "the database does not answer"}})
def readyz(request: Request, doors: GivenDoors) -> Response:
    """Whether both roles reach the database, and how the inbox is getting on."""
    try:
        with doors.inbox.engine.connect() as connection:
            heartbeat = connection.scalar(_HEARTBEAT)
        now = doors.clock()
        status = inbox_status(doors.reader, now)
    except PipelineError as error:
        log.warning("the service is not ready", error=error)
        away = {"status": "not ready", "detail": "the database does not answer as it should"}
        return json_answer(request, away, 503, {"retry-after": str(RETRY_AFTER)})
    doors.metrics.inbox(status)
    silent = None if heartbeat is None else max((now - heartbeat).total_seconds(), 0.0)
    value = {
        "status": "ready",
        "inbox_depth": status.depth,
        "inbox_age_seconds": status.age,
        "consumer_silent_seconds": silent,
    }
    return json_answer(request, value)


@router.get("/metrics", response_class=Response)
def metrics(doors: GivenDoors) -> Response:
    """Figures for Prometheus; inbox and alerts as they are now, or were when the database answered last."""
    with suppress(PipelineError):  # of an outage /readyz tells
        doors.metrics.inbox(inbox_status(doors.reader, doors.clock()))
        doors.metrics.alerts(alerts_by_kind(doors.reader))
        doors.metrics.lineage(lineage_told(doors.reader))
    return Response(doors.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
