"""A search answer as a small table for a notebook's cell."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape
from pathlib import Path

from mmrag.errors import BadFilm
from mmrag.retrieval.results import FilmHit, LabHit, SearchResult
from mmrag.sources.images import thumbnail

NAME = "mmrag-answer"
"""Class of the one element around everything; the style sheet speaks of nothing outside it."""

STYLE = f"""<style>
.{NAME} {{ font-size: 13px; line-height: 1.4; max-width: 60rem; }}
.{NAME} table {{ font-size: inherit; border-collapse: collapse; margin: .4em 0 1em; }}
.{NAME} th, .{NAME} td {{ text-align: left; vertical-align: top; padding: .25em .7em;
  border-top: 1px solid rgba(128, 128, 128, .4); }}
.{NAME} img {{ display: block; max-width: 72px; max-height: 72px; background: #000; }}
.{NAME} small {{ opacity: .75; }}
</style>"""

_SIDE = 96  # longest side of a thumbnail, in pixels
_NAMED = 6  # results of a panel that are named


def table(result: SearchResult) -> str:
    """Write both legs as tables.

    Parameters
    ----------
    result : SearchResult

    Returns
    -------
    str
        HTML that asks nothing of the outside and runs nothing; every stored string escaped.
    """
    legs = [("Films", result.coverage.films), ("Laboratory panels", result.coverage.labs)]
    films, labs = (f"<b>{name}</b> {leg.returned} of {leg.searched} searched" for name, leg in legs)
    return (
        f'<div class="{NAME}">{STYLE}'
        f"{films}{film_table(result.films)}{labs}{_lab_table(result.labs)}</div>"
    )


def film_table(films: Iterable[FilmHit]) -> str:
    """Write films with small pictures."""
    return _rows(
        [
            f"#{film.rank}",
            _picture(film),
            f"{text(film.id)}<br><small>{text(film.patient or 'patient unknown')}"
            f"{_made_up(film)}</small>",
            text(_labels(film)),
            text(film.view or ""),
            f"{film.score:.3f}",
        ]
        for film in films
    )


def text(stored: str) -> str:
    """Make a stored string visible and mean nothing but itself."""
    return escape("".join(c if c.isprintable() else " " for c in stored[:400]))


def _lab_table(labs: Iterable[LabHit]) -> str:
    return _rows(
        [
            f"#{lab.rank}",
            "" if lab.effective_at is None else lab.effective_at.date().isoformat(),
            f"{text(lab.patient)}<small>{_made_up(lab)}</small>",
            text(_results(lab)),
            f"{lab.score:.3f}",
        ]
        for lab in labs
    )


def _rows(rows: Iterable[list[str]]) -> str:
    cells = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _picture(film: FilmHit) -> str:
    try:
        image = thumbnail(Path(film.file), _SIDE)
    except BadFilm:
        return ""
    data = base64.b64encode(image).decode()
    return f'<img alt="film #{film.rank}" src="data:image/jpeg;base64,{data}">'


def _labels(film: FilmHit) -> str:
    if film.findings is None:
        return "unlabelled"
    return ", ".join(film.findings) or "No Finding"


def _results(lab: LabHit) -> str:
    named = [o for o in lab.observations if o.matched] or [o for o in lab.observations if o.flag]
    words = [
        f"{o.name} {o.text if o.value is None else f'{o.value:g}'} {o.unit or ''} {o.flag or ''}"
        for o in named[:_NAMED]
    ]
    more = [f"and {len(named) - _NAMED} more"] if len(named) > _NAMED else []
    return "; ".join([*words, *more])


def _made_up(hit: FilmHit | LabHit) -> str:
    return " (made up)" if hit.made_up else ""
