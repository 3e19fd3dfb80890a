"""One film at its full size, or several side by side."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from mmrag.brief.plain import plain
from mmrag.brief.wording import label_origin
from mmrag.clinical.findings import finding_names
from mmrag.clinical.question import ClinicalQuery
from mmrag.errors import InputError
from mmrag.retrieval.lookup import FilmRecord
from mmrag.web.access import Reader
from mmrag.web.page_chips import with_finding
from mmrag.web.page_state import PageState, state_of
from mmrag.web.page_templates import page
from mmrag.web.page_view import film_key, picture_address
from mmrag.web.service import Here, Service

MOST_COMPARED = 4
LONGEST_NOTE = 4000
"""Characters of a note that the page shows; the record holds all of it."""

film_router = APIRouter(include_in_schema=False)

Name = Annotated[str, Query(max_length=500)]
Back = Annotated[str, Query(max_length=20_000)]
At = Annotated[str, Query(pattern=r"^(open-\d{1,4})?$")]
"""The link among the results that led to a film."""


@film_router.get("/film")
def film_page(
    here: Here, caller: Reader, film: Name = "", back: Back = "", at: At = ""
) -> HTMLResponse:
    """Show a film, its record, and ways to films like it."""
    found = _stored(here, film)
    if found is None:
        return _missing(f"no film {film[:200]!r} is stored", _results(back))
    here.engine.audit.viewed(caller.name, found)
    return page(
        "film.html.j2",
        caller=caller,
        **_shown(found),
        findings=finding_names(),
        explained=_explained(back, [found]),
        back=_results(back, at),
    )


@film_router.get("/compare")
def compare_page(
    here: Here, caller: Reader, film: Annotated[list[str] | None, Query()] = None, back: Back = ""
) -> HTMLResponse:
    """Show up to four films side by side."""
    wanted = list(dict.fromkeys(film or ()))
    found = [f for f in (_stored(here, name) for name in wanted[:MOST_COMPARED]) if f is not None]
    if not found:
        return _missing("no films to compare: mark some among the results", _results(back))
    here.engine.audit.viewed(caller.name, *found)
    return page(
        "compare.html.j2",
        caller=caller,
        films=[_shown(each) for each in found],
        left_out=max(0, len(wanted) - len(found)),
        findings=finding_names(),
        explained=_explained(back, found),
        back=_results(back),
        written=back,
    )


def _results(written: str, at: str = "") -> str:
    """Give the address of the results that led here, and of the place among them."""
    return f"/?{urlencode(parse_qsl(written))}{'#' if at else ''}{at}" if written else "/"


def _explained(written: str, films: list[FilmRecord]) -> str:
    """Choose the finding whose heat map comes first: one asked for, else a label."""
    asked = dict(parse_qsl(written))
    try:
        sought = state_of(asked.get("q", ""), asked.get("query", "")).query.present
    except InputError:
        sought = ()
    labels = (finding for film in films for finding in film.findings or ())
    known = finding_names()
    return next(finding for finding in (*sought, *labels, *known) if finding in known)


def _stored(here: Service, name: str) -> FilmRecord | None:
    source, _, id_ = name.partition(":")
    return here.engine.film(id_, source)


def _shown(film: FilmRecord) -> dict[str, Any]:
    key = film_key(film)
    alike = PageState(film=key)
    without = [
        (finding, alike.with_query(with_finding(ClinicalQuery(text=""), finding, "absent")).address)
        for finding in film.findings or finding_names()
    ]
    return {
        "film": film,
        "key": key,
        "image": picture_address(film, "image"),
        "heat_map": picture_address(film, "heat-map"),
        "alike": alike.address,
        "without": without,
        "provenance": label_origin(film.labels_by, film.made_up),
        "note": film.note and plain(film.note, LONGEST_NOTE),
        "facts": [(name, value) for name, value in _facts(film) if value is not None],
    }


def _facts(film: FilmRecord) -> list[tuple[str, object]]:
    size = None if film.width is None else f"{film.width} by {film.height} pixels"
    return [
        ("Source", film.source),
        ("Patient", film.patient or "unknown"),
        ("View", film.view),
        ("Sex", {"F": "female", "M": "male", None: None}[film.sex]),
        ("Age", None if film.age is None else f"{film.age:g} years"),
        ("Taken on", film.taken_on),
        ("Day", None if film.day is None else f"{film.day:g}"),
        ("Follow-up number", film.follow_up),
        ("Stated", film.stated),
        ("Original size", size),
        ("Licence", film.licence),
    ]


def _missing(why: str, back: str) -> HTMLResponse:
    return page("problem.html.j2", 404, title="Not found", why=why, back=back)
