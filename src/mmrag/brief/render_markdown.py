"""The brief as Markdown (CommonMark with tables)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mmrag.brief.model import LAB, Brief, Claim
from mmrag.brief.plain import plain
from mmrag.brief.render_text import checked, space
from mmrag.brief.view import TITLE, ResultGroup, ResultRow, View, arrange, who
from mmrag.brief.wording import day
from mmrag.brief.writer.shown import markdown_lines

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SPECIAL = re.compile(
    r"[&<>\\`*\[\]|~$^=@!#]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|:(?=//)|(?<=www)\."
)


def escape(text: str) -> str:
    """Make a string mean nothing but itself, within a paragraph or a table's cell.

    Markup characters, autolinks and mentions are defused; an underscore inside a word stays.
    The result must not stand at the beginning of a line.
    """
    return _SPECIAL.sub(lambda m: _ENTITIES.get(m.group(), "\\" + m.group()), plain(text, 4000))


def code(text: str) -> str:
    """Put a string into a code span, whatever backticks it holds; not for cells of a table."""
    content = plain(text, 4000)
    longest = max((len(run) for run in re.findall(r"`+", content)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{content}{pad}{fence}"


def render_markdown(brief: Brief) -> str:
    """Write the brief as Markdown.

    Parameters
    ----------
    brief : Brief

    Returns
    -------
    str
        Strings of records are escaped: they can form no markup, link or HTML.
    """
    return "\n".join(_lines(arrange(brief))) + "\n"


def _lines(view: View) -> Iterator[str]:
    brief = view.brief
    yield from (f"# {TITLE}", "", f"> **{brief.disclaimer}**", "")
    yield f"**Asked:** {escape(view.asked)}"
    yield ""
    if view.reading:
        yield f"**Read as:** {'; '.join(map(escape, view.reading))}"
        yield ""
    if brief.written is not None:
        heading, *lines = markdown_lines(brief.written)
        yield from (f"## {heading}", "", *(f"- {escape(line)}" for line in lines), "")
    yield from ("## Imaging evidence", "")
    yield from _sentences(view, view.imaging)
    yield from ("", "## Laboratory evidence", "")
    yield from _sentences(view, view.laboratory[:1])
    for group in view.results:
        yield from _results(group)
    if view.laboratory[1:]:
        yield ""
    yield from _sentences(view, view.laboratory[1:])
    yield ""
    if view.patients:
        yield from ("## Film and blood of the same patient", "")
        for block in view.patients:
            yield from _sentences(view, block.claims)
        yield ""
    yield from ("## Linkage and limits", "")
    yield from _sentences(view, view.context)
    yield ""
    if view.notes:
        yield from ("## Reference ranges", "")
        yield from (f"{n}. Source: {escape(note)}" for n, note in enumerate(view.notes, start=1))
        yield ""
    yield from ("---", "", f"{checked(brief)} {escape(space(brief))}", "")
    yield f"**{brief.disclaimer}**"


def _sentences(view: View, claims: Iterable[Claim]) -> Iterator[str]:
    for claim in claims:
        records = ", ".join(code(record) for record in claim.records)
        hit = view.hit(claim)
        whose = "" if hit is None else f" · {escape(who(hit))}"
        yield f"- **{claim.id}** {escape(claim.text)} [{records}]{whose}"


def _results(group: ResultGroup) -> Iterator[str]:
    yield from ("", f"### {group.heading}", "")
    for panel in group.panels:
        hit = panel.panel
        yield (f"Panel #{hit.rank} · {day(hit)} · {escape(who(hit))} · {code(LAB + hit.report)}")
        yield ""
        yield "| claim | result | value | flag | reference range | source |"
        yield "| --- | --- | ---: | --- | --- | --- |"
        yield from map(_row, panel.rows)
        yield ""


def _row(row: ResultRow) -> str:
    note = "" if row.note is None else f"{row.note}"
    cells = (row.claim.id, row.name, row.value, row.flag, row.range, note)
    return f"| {' | '.join(map(escape, cells))} |"
