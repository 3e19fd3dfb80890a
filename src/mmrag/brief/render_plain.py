"""The brief as seven-bit text for a radiology information system's report field.

Such fields know headings in capitals, take no markup and often nothing beyond ASCII, and
their viewers wrap badly: lines end before column 76, and no line holds a lone carriage
return, a tab or a trailing blank, so that line feeds may be turned into CR LF.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator

from mmrag.brief.model import LAB, Brief, Claim, ClaimKind
from mmrag.brief.plain import plain
from mmrag.brief.render_text import checked, space
from mmrag.brief.view import TITLE, View, arrange, who
from mmrag.brief.wording import counted, day
from mmrag.brief.writer.shown import markdown_lines

WIDTH = 76
"""Columns of a line at most."""

_GUTTER = 6  # room for a claim's number

_SPELLED = {
    **dict.fromkeys("\N{MICRO SIGN}\N{GREEK SMALL LETTER MU}", "u"),
    **dict.fromkeys("\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}\N{MIDDLE DOT}", "-"),
    **dict.fromkeys("\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}", '"'),
    **dict.fromkeys("\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}", "'"),
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{LATIN SMALL LETTER SHARP S}": "ss",
    "\N{LATIN SMALL LETTER AE}": "ae",
    "\N{LATIN SMALL LETTER O WITH STROKE}": "o",
}
_SUMMED: tuple[ClaimKind, ...] = ("agreement", "contradiction", "nothing-found", "cohort")
"""Claims about several records, which the summary repeats by their number."""


def render_plain(brief: Brief) -> str:
    """Write the brief as plain text for a report field.

    Parameters
    ----------
    brief : Brief

    Returns
    -------
    str
        ASCII; letters beyond it lose their accents, what has no likeness becomes ``?``. The
        records behind the sentences are numbered and named at the end.
    """
    return "\n".join(_lines(arrange(brief))) + "\n"


def seven_bit(text: str) -> str:
    """Spell a string in ASCII.

    >>> seven_bit("Jos\u00e9 \u00b7 12\u00b5g")
    'Jose - 12ug'
    """
    spelled = "".join(_SPELLED.get(character, character) for character in text)
    apart = unicodedata.normalize("NFKD", spelled)
    letters = (c for c in apart if not unicodedata.combining(c))
    return "".join(c if " " <= c <= "~" else "?" for c in letters)


class _References:
    """Numbers the records in the order in which they are first cited."""

    def __init__(self) -> None:
        self.records: list[str] = []

    def __call__(self, claim: Claim) -> str:
        for record in claim.records:
            if record not in self.records:
                self.records.append(record)
        numbers = [self.records.index(record) + 1 for record in claim.records]
        return f"[{', '.join(map(str, numbers[:4]))}{', ...' if len(numbers) > 4 else ''}]"


def _lines(view: View) -> Iterator[str]:
    brief, cited = view.brief, _References()
    yield from _wrapped(TITLE.upper())
    yield from _wrapped(
        f"{brief.made.at:%Y-%m-%d %H:%M} UTC, {brief.made.software} {brief.made.version}"
    )
    yield from _wrapped(brief.disclaimer)
    yield from _heading("Clinical question")
    yield from _wrapped(view.asked)
    yield from _heading("Search")
    yield from _search(view)
    if brief.written is not None:
        title, *paragraphs = markdown_lines(brief.written)
        yield from _heading(title)
        for said in paragraphs:
            yield from _wrapped(said)
    yield from _heading("Findings: imaging")
    yield from _sentences(view, view.imaging, cited)
    yield from _heading("Findings: laboratory")
    yield from _laboratory(view, cited)
    if view.patients:
        yield from _heading("Film and blood of the same patient")
        for block in view.patients:
            yield from _sentences(view, block.claims, cited)
    yield from _heading("Summary")
    yield from _summary(view)
    yield from _heading("Limits")
    yield from _sentences(view, view.context, cited)
    yield from _heading("References")
    for n, record in enumerate(cited.records, start=1):
        yield from _wrapped(record, f"[{n}]")
    for n, source in enumerate(view.notes, start=1):
        yield from _wrapped(f"Reference range: {source}", f"({n})")
    yield ""
    yield from _wrapped(brief.disclaimer)


def _heading(title: str) -> Iterator[str]:
    yield ""
    yield f"{title.upper()}:"


def _search(view: View) -> Iterator[str]:
    for reading in view.reading:
        yield from _wrapped(f"Read as {reading}.")
    films, labs = view.brief.coverage.films, view.brief.coverage.labs
    yield from _wrapped(
        f"{counted(films.searched, 'film')} searched, {films.returned} shown; "
        f"{counted(labs.searched, 'laboratory panel')} searched, {labs.returned} shown."
    )
    yield from _wrapped(space(view.brief))


def _sentences(view: View, claims: Iterable[Claim], cited: _References) -> Iterator[str]:
    for claim in claims:
        hit = view.hit(claim)
        whose = "" if hit is None else f" ({who(hit)})"
        yield from _wrapped(f"{claim.text}{whose} {cited(claim)}", claim.id)


def _laboratory(view: View, cited: _References) -> Iterator[str]:
    yield from _sentences(view, view.laboratory[:1], cited)
    for group in view.results:
        yield from _wrapped(f"{group.heading}:")
        for panel in group.panels:
            hit = panel.panel
            yield from _wrapped(f"Panel #{hit.rank}, {day(hit)}, {who(hit)}, {LAB}{hit.report}")
            for row in panel.rows:
                bounds = f", reference range {row.range}" if row.range != "none" else ""
                note = f" ({row.note})" if row.note else ""
                said = f"{row.name}: {row.value}, flag {row.flag}{bounds}{note} {cited(row.claim)}"
                yield from _wrapped(said, row.claim.id)
    yield from _sentences(view, view.laboratory[1:], cited)


def _summary(view: View) -> Iterator[str]:
    """Count what was found; the sentences themselves stand above, with their records."""
    brief = view.brief
    for group in view.results:
        rows = sum(len(panel.rows) for panel in group.panels)
        yield from _wrapped(f"{group.heading}: {counted(rows, 'result')}.")
    for kind in _SUMMED:
        ids = [claim.id for claim in brief.claims if claim.kind == kind]
        if ids:
            yield from _wrapped(f"{kind.replace('-', ' ').capitalize()}: {', '.join(ids)}.")
    yield from _wrapped(checked(brief))
    yield from _wrapped("Evidence from stored records; no diagnosis is stated.")


def _wrapped(text: str, label: str = "") -> list[str]:
    """Break a line before column 76; only a label stands left of the text."""
    indent = _GUTTER if label else 0
    return textwrap.wrap(
        seven_bit(plain(text, 4000)),
        WIDTH,
        initial_indent=f"{label} ".ljust(indent) if label else "",
        subsequent_indent=" " * indent,
        break_on_hyphens=False,
    )
