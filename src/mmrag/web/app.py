"""The service: the command line's objects over HTTP, and one page to ask from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape
from pydantic import BaseModel, ConfigDict, Field
from starlette.middleware.trustedhost import TrustedHostMiddleware

from mmrag import __version__
from mmrag.brief import Brief, render
from mmrag.engine import Engine
from mmrag.errors import InputError, MmragError
from mmrag.retrieval.results import SearchResult

LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]
"""Host names that are answered: another name means that a foreign page was led here."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""On every answer: nothing from another host, no script, no trace of the records kept."""

Number = Annotated[int, Field(ge=0, le=1000)]


class Ask(BaseModel):
    """Body of a search or a brief."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(min_length=1, examples=["pneumonia with pleural effusion"])]
    films: Number = 10
    labs: Number = 10


def create_app(engine: Engine) -> FastAPI:
    """Build the service over an open engine.

    Parameters
    ----------
    engine : Engine
        Stays open as long as the service runs; the caller closes it.

    Returns
    -------
    fastapi.FastAPI
    """
    app = FastAPI(
        title="Med-Multimodal-RAG",
        version=__version__,
        description="Chest films and laboratory results that answer a clinical question. "
        "For research only, not for clinical or diagnostic use.",
        docs_url=None,  # its page loads scripts from another host
        redoc_url=None,
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, "testserver"])
    app.add_exception_handler(MmragError, _problem)
    page = _templates().get_template("ask.html.j2")

    @app.middleware("http")
    async def keep_to_ourselves(
        request: Request, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await answer(request)
        response.headers.update(HEADERS)
        return response

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/favicon.ico", include_in_schema=False)
    def no_icon() -> Response:
        return Response(status_code=204)

    @app.get("/v1/status")
    def status() -> Any:
        return engine.status()

    @app.post("/v1/search")
    def search(ask: Ask) -> SearchResult:
        return engine.search(ask.text, films=ask.films, labs=ask.labs)

    @app.post("/v1/brief")
    def brief(ask: Ask) -> Brief:
        return engine.brief(ask.text, films=ask.films, labs=ask.labs)

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def ask_page(q: Annotated[str, Query(max_length=2000)] = "") -> str:
        if not q.strip():
            return page.render(status=engine.status(), error=None)
        try:
            answer = engine.brief(q)
        except InputError as error:
            return page.render(status=engine.status(), error=str(error))
        return render(answer, "html", thumbnail=engine.thumbnail)

    return app


def _templates() -> Environment:
    folder = Path(__file__).parent / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=select_autoescape(default=True))


async def _problem(_: Request, error: Exception) -> JSONResponse:
    """Answer an error of the house in the shape of RFC 9457."""
    wrong_use = isinstance(error, InputError)
    return JSONResponse(
        {
            "type": "about:blank",
            "title": "bad input" if wrong_use else "something outside failed",
            "status": 400 if wrong_use else 503,
            "detail": str(error),
        },
        status_code=400 if wrong_use else 503,
        media_type="application/problem+json",
    )
