"""The page: ask, see, narrow, read the brief."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, File, Form, Query, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from markupsafe import escape

from mmrag.brief import Brief
from mmrag.errors import InputError
from mmrag.sources.images import thumbnail
from mmrag.web.access import Caller, Reader
from mmrag.web.events import events
from mmrag.web.page_answer import answer, written
from mmrag.web.page_chips import chips, edited
from mmrag.web.page_commands import command_line, python_lines
from mmrag.web.page_facets import facet_groups
from mmrag.web.page_film import film_router
from mmrag.web.page_login import login_router
from mmrag.web.page_state import FILMS, LABS, LONGEST_QUERY, PageState, state_of
from mmrag.web.page_templates import page, part
from mmrag.web.page_view import answer_view
from mmrag.web.service import Here, Service
from mmrag.web.uploads import film_file

EXAMPLES = (
    "effusion without pneumothorax in women over 60",
    "pneumonia with pleural effusion",
    "WBC above 12 and pneumonia",
    "low platelets",
    "cardiomegaly without edema",
    "no finding, PA view",
)
"""Questions to begin with; each reads without anything left over."""

EXPORTS = {"html": "HTML brief", "json": "JSON", "csv": "CSV table", "fhir": "FHIR R4 bundle"}

page_router = APIRouter(include_in_schema=False)
page_router.include_router(film_router)
page_router.include_router(login_router)


def _state(
    q: Annotated[str, Query(max_length=LONGEST_QUERY)] = "",
    query: Annotated[str, Query(max_length=LONGEST_QUERY)] = "",
    film: Annotated[str | None, Query(max_length=500)] = None,
    image: Annotated[str | None, Query(max_length=64)] = None,
    films: str = "",
    labs: str = "",
) -> PageState | InputError:
    """Read the address; what is wrong with it stands on the page, not instead of it."""
    try:
        return state_of(q, query, film, image, _count(films, FILMS), _count(labs, LABS))
    except InputError as error:
        return error


def _count(written: str, default: int) -> int:
    return min(int(written), 100) if written.isdecimal() and len(written) < 4 else default


State = Annotated[PageState | InputError, Depends(_state)]


@page_router.get("/favicon.ico")
def no_icon() -> Response:
    """Spare the browser an error."""
    return Response(status_code=204)


@page_router.get("/")
def ask_page(here: Here, caller: Reader, state: State) -> HTMLResponse:
    """Show the question bar and, where something is asked, what answers it."""
    if isinstance(state, InputError):
        return _refused(here, caller, PageState(), str(state))
    if not state.asks:
        return page("ask.html.j2", **_bare(here, caller, state))
    try:
        brief = answer(here, caller, state)
    except InputError as error:
        return _refused(here, caller, state, str(error))
    return page("ask.html.j2", **_answered(here, caller, state, brief))


@page_router.get("/facets")
def facets(here: Here, _: Reader, state: State) -> HTMLResponse:
    """Show what the films and panels that the question leaves are made of."""
    try:
        if isinstance(state, InputError):
            raise state
        query = state.query
        groups = facet_groups(state, query, here.engine.facets(query))
    except InputError:
        groups = ()  # the page itself says why
    return page("facets.html.j2", groups=groups)


@page_router.get("/written", response_model=None)
def in_words(
    here: Here,
    caller: Reader,
    state: State,
    shown: Annotated[str, Query(max_length=64)] = "",
) -> StreamingResponse:
    """Send the answer in a language model's words, as they come."""
    if isinstance(state, InputError):
        raise state
    steps = written(here, caller, state, shown)
    return events(steps, lambda step: part("prose.html.j2", step=step))


@page_router.get("/edit", response_model=None)
def edit(here: Here, caller: Reader, state: State, chip: str = "", number: str = "") -> Response:
    """Put another number into a chip."""
    if isinstance(state, InputError):
        return _refused(here, caller, PageState(), str(state))
    try:
        changed = edited(state.query, chip, float(number.replace(",", ".")))
    except ValueError:
        return _refused(here, caller, state, f"{number[:40]!r} is no number: write digits")
    except InputError as error:
        return _refused(here, caller, state, str(error))
    return RedirectResponse(state.with_query(changed).address, 303)


@page_router.post("/ask/film", response_model=None)
def ask_with_film(
    here: Here,
    caller: Reader,
    film: Annotated[UploadFile, File()],
    q: Annotated[str, Form(max_length=LONGEST_QUERY)] = "",
    query: Annotated[str, Form(max_length=LONGEST_QUERY)] = "",
) -> Response:
    """Keep a film for a while and ask with it."""
    try:
        kept = {"q": q, "query": query, "image": here.asked.keep(film.file.read())}
    except InputError as error:
        return _refused(here, caller, PageState(words=q), str(error))
    parameters = urlencode({name: value for name, value in kept.items() if value})
    return RedirectResponse(f"/?{parameters}", 303)


@page_router.get("/ask/film/{name}")
def asked_film(here: Here, _: Reader, name: str) -> Response:
    """Show a film that was asked with, small."""
    with film_file(here.asked.get(name)) as path:
        return Response(thumbnail(path, 192), media_type="image/jpeg")


def _bare(here: Service, caller: Caller, state: PageState) -> dict[str, Any]:
    return {
        "state": state,
        "caller": caller,
        "error": None,
        "view": None,
        "chips": (),
        "examples": [(words, PageState(words=words).address) for words in EXAMPLES],
        # where the store lies is nothing for a page that others may see
        "stored": [line for line in here.engine.status().lines() if line[0] != "where"],
        "exports": {},
        "written": urlencode(state.parameters),
        "without_film": replace(state, film=None, image=None).address,
        "command_text": "",
        "python_text": "",
    }


def _refused(here: Service, caller: Caller, state: PageState, why: str) -> HTMLResponse:
    return page("ask.html.j2", 400, **(_bare(here, caller, state) | {"error": why}))


def _in_words(here: Service, caller: Caller, state: PageState, brief: Brief) -> str:
    """Say where the page gets this very answer in a language model's words."""
    shown = here.unwritten.keep(caller.name, brief)
    return f"/written?{urlencode(state.parameters | {'shown': shown})}"


def _answered(here: Service, caller: Caller, state: PageState, brief: Brief) -> dict[str, Any]:
    parameters = urlencode(state.parameters)
    return _bare(here, caller, state) | {
        "view": answer_view(brief, here.engine.courses),
        "in_words": _in_words(here, caller, state, brief) if here.writer else None,
        "chips": chips(state, brief.query),
        "exports": {
            title: f"/v1/export?{parameters}&form={form}" for form, title in EXPORTS.items()
        },
        "command_text": command_line(state, brief.query),
        "python_text": escape(python_lines(state, brief.query)),  # its lines stay lines
    }
