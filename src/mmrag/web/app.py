"""The service: the command line's objects over HTTP, and the page."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from mmrag import __version__
from mmrag.engine import Engine
from mmrag.ingest.progress import Progress
from mmrag.ingest.report import IngestReport
from mmrag.settings import Settings
from mmrag.web.access import Gate
from mmrag.web.asked import AskedFilms
from mmrag.web.headers import HEADERS
from mmrag.web.jobs import Jobs
from mmrag.web.limits import BodyLimit, Budget
from mmrag.web.metrics import Metrics
from mmrag.web.page import page_router
from mmrag.web.page_login import asks_for_token
from mmrag.web.problems import Problem, answer_in_one_shape, is_a_person, problem
from mmrag.web.routes import ROUTERS
from mmrag.web.service import Service
from mmrag.web.unwritten import Unwritten

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
"""Host names that are answered on this machine: another means that a foreign page was led here."""

Next = Callable[[Request], Awaitable[Response]]


def create_app(
    engine: Engine,
    settings: Settings | None = None,
    *,
    open_here: bool = True,
    writer: bool = False,
) -> FastAPI:
    """Build the service over an open engine.

    Parameters
    ----------
    engine : Engine
        Stays open as long as the service runs; the caller closes it.
    settings : Settings, optional
        The environment's by default.
    open_here : bool
        Whether requests without a token are answered; only for a loopback address, and then
        only under its names.
    writer : bool
        Whether the language model of the engine's settings may be asked to write briefs.

    Returns
    -------
    fastapi.FastAPI
    """
    chosen = settings or Settings()

    def work(kind: str, path: Path, progress: Progress) -> IngestReport:
        return engine.ingest(kind, path, progress=progress)

    gate = Gate(lambda: engine.tokens, open_here, secrets.token_urlsafe(32))
    jobs = Jobs(work, chosen.ingest_roots)
    service = Service(engine, gate, jobs, Metrics(), AskedFilms(), Unwritten(), writer)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.jobs.close()

    app = FastAPI(
        title="Med-Multimodal-RAG",
        version=__version__,
        description="Chest films and laboratory results that answer a clinical question. "
        "For research only, not for clinical or diagnostic use.",
        docs_url=None,  # its page loads scripts from another host
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service = service
    answer_in_one_shape(app)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(page_router)
    app.mount("/static", StaticFiles(packages=[("mmrag.web", "static")]))
    app.add_middleware(BodyLimit, takes_films=lambda path: path.endswith("/film"))
    _let_in(app, service, Budget(chosen.requests_per_minute))
    if open_here:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK))
    app.openapi_schema = _described(app)
    return app


def _let_in(app: FastAPI, service: Service, budget: Budget) -> None:
    """Recognise callers, count what they ask, and set the headers of every answer."""

    @app.middleware("http")
    async def watch_the_door(request: Request, answer: Next) -> Response:
        started = time.perf_counter()
        response = await _admit(request, answer, service, budget)
        response.headers.update(HEADERS)
        route = request.scope.get("route")
        pattern = getattr(route, "path_format", "no such route")
        service.metrics.count(pattern, response.status_code, time.perf_counter() - started)
        return response


async def _admit(request: Request, answer: Next, service: Service, budget: Budget) -> Response:
    try:
        caller = await run_in_threadpool(service.gate.caller, request)
    except HTTPException as error:
        return problem(request, error.status_code, str(error.detail))
    request.state.caller = caller
    counted = caller is not None and caller.counted and not _belongs_to_a_page(request.url.path)
    if caller is not None and counted and not budget.spend(caller.name):
        return problem(request, 429, "too many requests: wait a few seconds")
    response = await answer(request)
    if response.status_code == 401 and request.method == "GET" and is_a_person(request):
        return asks_for_token(request)
    return response


def _belongs_to_a_page(path: str) -> bool:
    """Whether a browser fetches it by itself, many at a time, for a page that was counted."""
    return path.startswith("/static/") or path.endswith("/thumbnail")


def _described(app: FastAPI) -> dict[str, object]:
    """Write the OpenAPI document, with the one shape of errors in it."""
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
    return document
