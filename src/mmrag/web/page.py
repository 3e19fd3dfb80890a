"""The page: ask, and read the brief."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, select_autoescape

from mmrag.audit import shown
from mmrag.brief import render
from mmrag.errors import InputError
from mmrag.web.access import Reader
from mmrag.web.service import Here

page_router = APIRouter(include_in_schema=False)

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True),
)


@page_router.get("/favicon.ico")
def no_icon() -> Response:
    """Spare the browser an error."""
    return Response(status_code=204)


@page_router.get("/", response_class=HTMLResponse)
def ask_page(here: Here, caller: Reader, q: Annotated[str, Query(max_length=2000)] = "") -> str:
    """Show the search field, or the brief that answers a question."""
    page = _TEMPLATES.get_template("ask.html.j2")
    if not q.strip():
        return page.render(status=here.engine.status(), error=None)
    try:
        answer = here.engine.brief(q)
    except InputError as error:
        return page.render(status=here.engine.status(), error=str(error))
    here.engine.audit.record(caller.name, "brief", query=q, records=shown(answer))
    return render(answer, "html", thumbnail=here.engine.thumbnail)
