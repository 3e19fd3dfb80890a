"""The brief as a fragment for a notebook's cell: no script, no style beyond itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from mmrag.brief.model import Brief, Claim
from mmrag.brief.plain import counted_records, plain
from mmrag.brief.render_text import checked
from mmrag.brief.view import TITLE, ResultGroup, View, arrange, who
from mmrag.brief.wording import day
from mmrag.brief.writer.shown import markdown_lines
from mmrag.retrieval.notebook import NAME, STYLE, film_table


def fragment(brief: Brief) -> str:
    """Write the brief as one element that nothing in it can leave.

    Parameters
    ----------
    brief : Brief

    Returns
    -------
    str
        HTML that asks nothing of the outside and runs nothing; every stored string escaped.
    """
    return f'<div class="{NAME}">{STYLE}{"".join(_parts(arrange(brief)))}</div>'


def _parts(view: View) -> Iterator[str]:
    brief = view.brief
    yield f"<b>{TITLE}: {_text(view.asked)}</b><br><small>{_text(brief.disclaimer)}</small>"
    if brief.written is not None:
        title, *paragraphs = markdown_lines(brief.written)
        yield f"<p><b>{_text(title)}</b></p>"
        yield from (f"<p>{_text(said)}</p>" for said in paragraphs)
    yield "<p><b>Imaging evidence</b></p>"
    if brief.films:
        yield film_table(brief.films)
    yield _sentences(view.imaging)
    yield "<p><b>Laboratory evidence</b></p>"
    yield _sentences(view.laboratory[:1])
    yield from map(_results, view.results)
    yield _sentences(view.laboratory[1:])
    if view.patients:
        yield "<p><b>Film and blood of the same patient</b></p>"
        yield from (_sentences(block.claims) for block in view.patients)
    yield "<p><b>Linkage and limits</b></p>"
    yield _sentences(view.context)
    yield f"<small>{_text(checked(brief))}</small>"


def _sentences(claims: Iterable[Claim]) -> str:
    said = "".join(
        f"<li>{_text(claim.text)} <small>{claim.id}, {_text(counted_records(claim.records))}"
        f"</small></li>"
        for claim in claims
    )
    return f"<ul>{said}</ul>" if said else ""


def _results(group: ResultGroup) -> str:
    rows = "".join(
        f"<tr><td><small>{row.claim.id}</small></td><td>{_text(row.name)}</td>"
        f"<td>{_text(row.value)}</td><td>{_text(row.flag)}</td><td>{_text(row.range)}</td>"
        f"<td><small>panel #{panel.panel.rank}, {_text(day(panel.panel))}, "
        f"{_text(who(panel.panel))}</small></td></tr>"
        for panel in group.panels
        for row in panel.rows
    )
    return f"<p>{group.heading}</p><table>{rows}</table>"


def _text(stored: str) -> str:
    return escape(plain(stored, 4000))
