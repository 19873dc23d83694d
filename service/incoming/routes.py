"""What comes in: a trigger for an object, and hooks for messages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final

import anyio
from fastapi import APIRouter, Header, Query, Request, Response

from dq.ledger.inbox_item import OPEN_STATES
from dq.ledger.inspection import show_row
from service.answers import json_answer
from service.api.models import ProblemDetails, Taken, Triggered
from service.api.views import object_url, verdict_of
from service.incoming.trigger import Trigger, take
from service.parts import GivenParts

if TYPE_CHECKING:
    from service.doors import ServiceDoors

router = APIRouter(tags=["what comes in"])
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ProblemDetails} for status in (400, 403, 404, 413, 422, 503)
}
#: Seconds a caller may wait for a verdict, and between two looks at the ledger: ever longer.
_LONGEST_WAIT: Final = 60
_FIRST_LOOK: Final = 0.1
_LONGEST_PAUSE: Final = 1.0
_ANY_JSON: Final = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}}


@router.post(
    "/api/trigger-ingestion/",
    status_code=202,
    responses={**{status: _REFUSALS[status] for status in (400, 413, 422, 503)}, 200: {"model": Triggered}},
    response_model=Triggered,
)
async def trigger_ingestion(
    request: Request,
    parts: GivenParts,
    trigger: Trigger,
    wait: Annotated[float, Query(ge=0, le=_LONGEST_WAIT, description="seconds to wait for the verdict")] = 0,
) -> Response:
    """Put an object into the inbox, as if it had been announced.

    202 with its number and the address of its state, at once or when `wait` is over; 200 when it has ended. An object
    that waits in the inbox already keeps its number, so that asking again does no harm.
    """
    doors = parts.doors
    row_id = await parts.take(partial(take, trigger, doors))
    found = await parts.take(partial(_triggered, doors, row_id))
    if wait and parts.waiting.available_tokens:
        async with parts.waiting:
            with anyio.move_on_after(wait):
                pause = _FIRST_LOOK
                while found["state"] in OPEN_STATES and not await request.is_disconnected():
                    await anyio.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                    found = await parts.take(partial(_triggered, doors, row_id))
    is_open = found["state"] in OPEN_STATES
    return json_answer(request, found, 202 if is_open else 200, {"location": found["status_url"]})


@router.post("/hooks/sns", responses=_REFUSALS, response_model=Taken, openapi_extra=_ANY_JSON)
async def sns(request: Request, parts: GivenParts) -> Response:
    """A message as SNS posts it; its signature is checked, a confirmation of a subscription answered."""
    body = await request.body()
    return json_answer(request, await parts.take(partial(parts.hooks.sns, body)))


@router.post("/hooks/eventbridge", responses=_REFUSALS, response_model=Taken, openapi_extra=_ANY_JSON)
async def eventbridge(
    request: Request, parts: GivenParts, x_api_key: Annotated[str | None, Header()] = None
) -> Response:
    """An event as an API destination of EventBridge posts it, with the secret as X-Api-Key."""
    body = await request.body()
    return json_answer(request, await parts.take(partial(parts.hooks.eventbridge, body, x_api_key)))


def _triggered(doors: ServiceDoors, row_id: int) -> dict[str, Any]:
    """How an object stands, by the database that was written: a copy for readers may be behind."""
    row = show_row(doors.inbox.engine, row_id)
    return {
        "id": row.id,
        "state": row.state,
        "reason": row.reason,
        "status_url": object_url(row.id),
        "verdict": verdict_of(doors.inbox.engine, doors.catalogue, row),
    }
