"""The service put together: routes, and around them what guards and counts them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio.to_thread
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from etl_core.errors import CatalogueError, DatabaseUnavailableError, TerminalError
from service import health
from service.api import routes as api
from service.guarding.bodies import Bodies, BodyLimits
from service.guarding.callers import Callers
from service.guarding.headers import Answers
from service.incoming import routes as incoming
from service.incoming.hooks import Hooks
from service.pages import routes as pages
from service.parts import READERS, Parts
from service.problems import RETRY_AFTER, RequestProblemError, problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.responses import Response

    from service.doors import ServiceDoors

log = structlog.get_logger()

#: Where programs ask; elsewhere people do.
_FOR_PROGRAMS: Final = ("/api/", "/hooks/", "/openapi.json", "/healthz", "/readyz", "/metrics")
_AWAY: Final = "the database does not answer at present; nothing was done, ask again"


def make_app(doors: ServiceDoors, limits: BodyLimits | None = None) -> FastAPI:
    """Put the service together.

    Args:
        doors: the outside world.
        limits: what a request may carry.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # No more threads read than there are connections: whoever waits for one holds no thread.
        anyio.to_thread.current_default_thread_limiter().total_tokens = READERS
        app.state.parts = Parts(doors, Hooks(doors))
        yield

    app = FastAPI(
        title="pipeline-processing",
        version=doors.version,
        description="Announce objects, and read what became of them: verdicts, profiles, the inbox.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        middleware=_around(doors, limits or BodyLimits()),
    )
    for router in (incoming.router, api.router, health.router, pages.router):
        app.include_router(router)
    app.add_exception_handler(RequestProblemError, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(DatabaseUnavailableError, _away)
    app.add_exception_handler(CatalogueError, _changed)
    app.add_exception_handler(TerminalError, _failed)
    app.add_exception_handler(Exception, _failed)
    return app


def _around(doors: ServiceDoors, limits: BodyLimits) -> list[Middleware]:
    """What stands around the routes, from outside to inside."""
    access = doors.access
    around = [Middleware(Answers, metrics=doors.metrics, seconds=doors.seconds)]
    if access.origins:
        around.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(access.origins),
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type"],
            )
        )
    around.append(Middleware(Callers, access=access, metrics=doors.metrics, seconds=doors.seconds))
    around.append(Middleware(Bodies, metrics=doors.metrics, limits=limits))
    return around


def _is_for_programs(request: Request) -> bool:
    return request.method not in {"GET", "HEAD"} or request.url.path.startswith(_FOR_PROGRAMS)


def _answer(request: Request, error: RequestProblemError) -> Response:
    if _is_for_programs(request):
        return problem(error)
    doors: ServiceDoors = request.app.state.parts.doors
    page = pages.refused(request, doors, error.status, error.detail)
    page.headers.update(error.headers)
    return page


async def _problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestProblemError):
        raise error
    return _answer(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    """Name every field that is wrong; what a caller sent is not said back."""
    if not isinstance(error, RequestValidationError):
        raise error
    errors = [
        ("body" if one["type"] == "json_invalid" else _field(one["loc"]), str(one["msg"])) for one in error.errors()
    ]
    detail = "; ".join(f"{field}: {what}" for field, what in errors)
    return _answer(request, RequestProblemError(422, detail, errors))


def _field(place: tuple[str | int, ...]) -> str:
    names = place[1:] if place[0] in {"body", "query", "path", "header"} else place
    return ".".join(map(str, names)) or "body"


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return _answer(request, RequestProblemError(error.status_code, str(error.detail), headers=error.headers))


async def _away(request: Request, error: Exception) -> Response:
    log.warning("a request could not be answered: the database is away", error=error, path=request.url.path)
    headers = {"retry-after": str(RETRY_AFTER)}
    if _is_for_programs(request):
        return problem(RequestProblemError(503, _AWAY, headers=headers))
    page = pages.unavailable(request, request.app.state.parts.doors)
    page.headers.update(headers)
    return page


async def _changed(request: Request, error: Exception) -> Response:
    log.error("a request could not be answered: the database is not what it was at start-up", error=error)
    return _answer(request, RequestProblemError(503, "the database has changed; start the service again"))


async def _failed(request: Request, error: Exception) -> Response:
    log.error("a request could not be answered", error=error, path=request.url.path)
    return _answer(request, RequestProblemError(500, "an error nobody foresaw; the log has it"))
