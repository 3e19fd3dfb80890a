"""The brief as plain text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from mmrag.brief.model import LAB, Brief, Claim
from mmrag.brief.plain import counted_records, plain
from mmrag.brief.view import TITLE, PatientBlock, ResultGroup, ResultRow, View, arrange, who
from mmrag.brief.wording import day
from mmrag.brief.writer.shown import text_lines

_NARROWEST = 60
_GUTTER = 6  # room for a claim's number


def render_text(brief: Brief, width: int = 80) -> str:
    """Write the brief as plain text.

    Parameters
    ----------
    brief : Brief
    width : int
        Columns of the terminal; fewer than 60 count as 60. Only identifiers that are longer
        than a line stick out.

    Returns
    -------
    str
        Free of control characters except line feeds.
    """
    width = max(width, _NARROWEST)
    return "\n".join(_lines(arrange(brief), width)) + "\n"


def _lines(view: View, width: int) -> Iterator[str]:
    brief = view.brief
    yield TITLE.upper()
    yield brief.disclaimer
    yield "═" * width
    yield from _labelled("Asked", view.asked, width)
    for reading in view.reading:
        yield from _labelled("Read as" if reading is view.reading[0] else "", reading, width)
    if brief.written is not None:
        yield from text_lines(brief.written, width)
    yield from _heading("Imaging evidence", width)
    yield from _sentences(view, view.imaging, width)
    yield from _heading("Laboratory evidence", width)
    yield from _sentences(view, view.laboratory[:1], width)
    for group in view.results:
        yield from _results(group, width)
    if view.results and view.laboratory[1:]:
        yield ""
    yield from _sentences(view, view.laboratory[1:], width)
    if view.patients:
        yield from _heading("Film and blood of the same patient", width)
        yield from _patients(view, view.patients, width)
    yield from _heading("Linkage and limits", width)
    yield from _sentences(view, view.context, width)
    if view.notes:
        yield from _heading("Reference ranges", width)
        for n, source in enumerate(view.notes, start=1):
            yield from _wrapped(source, width, f"[{n}]".ljust(_GUTTER), " " * _GUTTER)
    yield ""
    yield "─" * width
    yield from _wrapped(checked(brief), width)
    yield from _wrapped(space(brief), width)
    yield brief.disclaimer


def checked(brief: Brief) -> str:
    """Say how many claims stand and how many fell."""
    return (
        f"{len(brief.claims)} claims checked against the store, {brief.dropped} dropped. "
        f"Linkage: {brief.linkage}."
    )


def space(brief: Brief) -> str:
    """Name the embedding space that answered."""
    return f"Encoder {plain(brief.space.encoder)}, space {plain(brief.space.fingerprint)}."


def _heading(title: str, width: int) -> Iterator[str]:
    yield ""
    yield f"── {title.upper()} ".ljust(width, "─")


def _labelled(label: str, text: str, width: int) -> Iterator[str]:
    yield from _wrapped(text, width, label.ljust(10), " " * 10)


def _sentences(view: View, claims: Iterable[Claim], width: int) -> Iterator[str]:
    for claim in claims:
        yield from _wrapped(claim.text, width, claim.id.ljust(_GUTTER), " " * _GUTTER)
        yield from _wrapped(cited(view, claim), width, " " * _GUTTER, " " * (_GUTTER + 1))


def cited(view: View, claim: Claim) -> str:
    """Name the records behind a claim; of a single record also whose it is."""
    hit = view.hit(claim)
    names = f"[{counted_records(claim.records)}]"
    return names if hit is None else f"{names} {who(hit)}"


def _results(group: ResultGroup, width: int) -> Iterator[str]:
    yield ""
    yield group.heading
    rows = [row for panel in group.panels for row in panel.rows]
    value = min(max(len(row.value) for row in rows), 22)
    bounds = min(max(len(row.range) for row in rows), 20)
    note = max(len(_note(row)) for row in rows)
    name = width - _GUTTER - value - bounds - note - len("  HH  ") - 4
    for panel in group.panels:
        hit = panel.panel
        subject = f"Panel #{hit.rank} · {day(hit)} · {who(hit)}"
        yield from _wrapped(subject, width, "  ", "    ")
        yield from _wrapped(f"[{LAB}{plain(hit.report)}]", width, "  ", "    ")
        for row in panel.rows:
            yield from _row(row, (name, value, bounds))


def _row(row: ResultRow, widths: tuple[int, int, int]) -> Iterator[str]:
    """One result as a row; what does not fit its column goes on below."""
    name, value, bounds = widths
    cells = [
        textwrap.wrap(text, room) or [""]
        for text, room in ((row.name, name), (row.value, value), (row.range, bounds))
    ]
    for n in range(max(map(len, cells))):
        named, valued, bounded = (cell[n] if n < len(cell) else "" for cell in cells)
        claim, flag, note = (row.claim.id, row.flag, _note(row)) if n == 0 else ("", "", "")
        line = (
            f"{claim:<{_GUTTER}}{named:<{name}}  {valued:>{value}}  {flag:<2}  "
            f"{bounded:<{bounds}}  {note}"
        )
        yield line.rstrip()


def _note(row: ResultRow) -> str:
    return "" if row.note is None else f"[{row.note}]"


def _patients(view: View, blocks: Iterable[PatientBlock], width: int) -> Iterator[str]:
    for n, block in enumerate(blocks):
        if n:
            yield ""
        yield from _sentences(view, block.claims, width)


def _wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        plain(text, 4000),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
