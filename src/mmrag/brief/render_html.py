"""The brief as one self-contained HTML file: no script, no request, nothing from outside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mmrag.brief import sparkline
from mmrag.brief.bars import WIDTH, bar
from mmrag.brief.courses import Courses, draw_courses
from mmrag.brief.heat import CAPTION
from mmrag.brief.heat_maps import HeatMap, heat_maps
from mmrag.brief.imaging import asked_for
from mmrag.brief.model import FILM, LAB, Brief, Claim
from mmrag.brief.plain import number, plain
from mmrag.brief.render_text import checked, space
from mmrag.brief.view import TITLE, View, arrange, who
from mmrag.brief.wording import day, range_words, value_and_unit
from mmrag.retrieval.results import FilmHit, LabHit

Thumbnail = Callable[[FilmHit], bytes | None]
"""Gives the PNG or JPEG bytes of a film's thumbnail; None where there is none."""

_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def render_html(
    brief: Brief,
    thumbnail: Thumbnail | None = None,
    courses: Courses | None = None,
    heat: HeatMap | None = None,
) -> str:
    """Write the brief as one HTML file.

    Parameters
    ----------
    brief : Brief
    thumbnail : callable, optional
    courses : callable, optional
        Without it no course is drawn.
    heat : callable, optional
        Without it there are no heat maps.

    Returns
    -------
    str
        A whole document. Its content security policy allows the one style sheet inside it
        and images inside it, nothing else.
    """
    view = arrange(brief)
    style = _style()
    of_film = _claims_of_films(view)
    return (
        _environment()
        .get_template("brief.html.j2")
        .render(
            title=TITLE,
            view=view,
            brief=brief,
            asked=asked_for(brief.query),
            style=Markup(style),  # noqa: S704 (our own file)
            style_hash=_sha256(style),
            thumbnails=[_data_uri(thumbnail(f)) if thumbnail else None for f in brief.films],
            heat_maps={
                rank: (finding, _data_uri(picture))
                for rank, (finding, picture) in (heat_maps(brief, heat) if heat else {}).items()
            },
            heat_caption=CAPTION,
            of_film=of_film,
            on_cards={claim.id for claims in of_film.values() for claim in claims},
            record_of=_record_of,
            result_value=value_and_unit,
            anchor=_Anchors(brief),
            checked=checked(brief),
            space=space(brief),
            who=who,
            day=day,
            bar=bar,
            bar_width=WIDTH,
            courses=draw_courses(view, courses) if courses else {},
            course_size=(sparkline.WIDTH, sparkline.HEIGHT),
            made=brief.made,
            number=number,
            range_words=range_words,
        )
    )


class _Anchors:
    """Names of the places that citations jump to; made of ranks, never of stored strings."""

    def __init__(self, brief: Brief) -> None:
        films = {FILM + hit.id: f"film-{hit.rank}" for hit in reversed(brief.films)}
        labs = {LAB + hit.report: f"lab-{hit.rank}" for hit in reversed(brief.labs)}
        self._places = {**films, **labs}

    def __call__(self, record: str) -> str | None:
        return self._places.get(record)


def _record_of(hit: FilmHit | LabHit) -> str:
    return FILM + hit.id if isinstance(hit, FilmHit) else LAB + hit.report


def _claims_of_films(view: View) -> dict[int, list[Claim]]:
    """Claims that speak of one film alone, by its rank."""
    by_film: dict[int, list[Claim]] = {}
    for claim in view.imaging:
        hit = view.hit(claim)
        if isinstance(hit, FilmHit):
            by_film.setdefault(hit.rank, []).append(claim)
    return by_film


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("mmrag.brief"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _visible(value: object) -> object:
    """Strip what cannot be seen from stored strings; autoescape sees to the markup."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return plain(value, 4000)
    return "" if value is None else value


@cache
def _style() -> str:
    return resources.files("mmrag.brief").joinpath("templates/brief.css").read_text("utf-8")


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _data_uri(image: bytes | None) -> str | None:
    """Put an image into the page; only what begins as PNG or JPEG does."""
    for signature, kind in _SIGNATURES.items():
        if image is not None and image.startswith(signature):
            return f"data:{kind};base64,{base64.b64encode(image).decode()}"
    return None
