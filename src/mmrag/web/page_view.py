"""An answer arranged for the page: films, panels and claims that know of each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from mmrag.brief import Brief
from mmrag.brief.bars import Bar, bar
from mmrag.brief.courses import Courses, draw_courses
from mmrag.brief.model import FILM, LAB, Claim
from mmrag.brief.sparkline import Sparkline
from mmrag.brief.view import ResultRow, View, arrange, who
from mmrag.brief.wording import counted, day, label_words, range_words, value_and_unit
from mmrag.retrieval.lookup import FilmRecord
from mmrag.retrieval.results import FilmHit, FindingEvidence, LabHit, ObservationHit

EVIDENCE_WIDTH = 100.0
"""Width of an evidence bar, in its own units."""

_SHOWN_ROWS = 6
_SHOWN_CLAIMS = 5
"""Of a panel's rows and a section's claims so many stand open; the rest unfolds."""


@dataclass(frozen=True, slots=True)
class EvidenceBar:
    """What is known of one finding on one film, as a bar.

    Attributes
    ----------
    evidence : FindingEvidence
    pixels : float
        Where the probability from the pixels alone ends, 0 to `EVIDENCE_WIDTH`.
    label_from, label_width : float
        What the labels add or take away.
    """

    evidence: FindingEvidence
    pixels: float
    label_from: float
    label_width: float

    @classmethod
    def of(cls, evidence: FindingEvidence) -> EvidenceBar:
        """Lay it out."""
        alone = EVIDENCE_WIDTH * evidence.pixels_only
        known = EVIDENCE_WIDTH * evidence.probability
        return cls(evidence, alone, min(alone, known), abs(known - alone))


@dataclass(frozen=True, slots=True)
class FilmCard:
    """A film of the grid."""

    hit: FilmHit
    key: str
    thumbnail: str
    who: str
    provenance: str
    bars: tuple[EvidenceBar, ...]

    @property
    def anchor(self) -> str:
        """Its place on the page; made of the rank, never of stored strings."""
        return f"film-{self.hit.rank}"


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One result that a claim is about."""

    row: ResultRow
    bar: Bar | None
    course: Sparkline | None

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"value-{self.row.claim.id}"


@dataclass(frozen=True, slots=True)
class PanelCard:
    """A panel; `others` are its results that no claim is about."""

    hit: LabHit
    day: str
    who: str
    rows: tuple[ValueRow, ...]
    more: tuple[ValueRow, ...]
    others: tuple[ObservationHit, ...]

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"lab-{self.hit.rank}"


@dataclass(frozen=True, slots=True)
class SaidClaim:
    """A claim, the places on the page that it lights, and its citations with theirs."""

    claim: Claim
    lights: str
    citations: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Claims under one heading; `more` are those that unfold."""

    title: str
    claims: tuple[SaidClaim, ...]
    more: tuple[SaidClaim, ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """All that the page shows of an answer."""

    brief: Brief
    films: tuple[FilmCard, ...]
    panels: tuple[PanelCard, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...]
    announced: str


def answer_view(brief: Brief, courses: Courses) -> AnswerView:
    """Arrange an answer.

    Parameters
    ----------
    brief : Brief
    courses : callable
        Gives patients' own values of tests over time.

    Returns
    -------
    AnswerView
    """
    view = arrange(brief)
    panels = tuple(_panels(view, courses))
    return AnswerView(
        brief=brief,
        films=tuple(_card(hit) for hit in brief.films),
        panels=panels,
        sections=tuple(_sections(view, panels)),
        notes=view.notes,
        announced=(
            f"{counted(len(brief.films), 'film')} and "
            f"{counted(len(brief.labs), 'laboratory panel')} found, "
            f"{counted(len(brief.claims), 'claim')}"
        ),
    )


def picture_address(film: FilmHit | FilmRecord, kind: str) -> str:
    """Say where a film's image, thumbnail or heat map is."""
    name = quote(film.id, safe="")
    return f"/v1/films/{name}/{kind}?{urlencode({'source': film.source})}"


def film_key(film: FilmHit | FilmRecord) -> str:
    """Name a film as the page's addresses do."""
    return f"{film.source}:{film.id}"


def _card(hit: FilmHit) -> FilmCard:
    return FilmCard(
        hit=hit,
        key=film_key(hit),
        thumbnail=picture_address(hit, "thumbnail") + "&size=320",
        who=who(hit),
        provenance=label_words(hit),
        bars=tuple(EvidenceBar.of(each) for each in hit.why.evidence),
    )


def _panels(view: View, courses: Courses) -> Iterator[PanelCard]:
    drawn = draw_courses(view, courses)
    rows: dict[int, list[ValueRow]] = {}
    for group in view.results:
        for part in group.panels:
            rows.setdefault(part.panel.rank, []).extend(
                ValueRow(row, bar(row.number, row.low, row.high), drawn.get(row.claim.id))
                for row in part.rows
            )
    for hit in view.brief.labs:
        own = rows.get(hit.rank, [])
        told = {(row.row.name, row.row.number) for row in own}
        yield PanelCard(
            hit=hit,
            day=day(hit),
            who=who(hit),
            rows=tuple(own[:_SHOWN_ROWS]),
            more=tuple(own[_SHOWN_ROWS:]),
            others=tuple(o for o in hit.observations if (o.name, o.value) not in told),
        )


def _sections(view: View, panels: Iterable[PanelCard]) -> Iterator[Section]:
    places = _Places(view.brief, panels)
    results = [row.claim for g in view.results for p in g.panels for row in p.rows]
    for title, claims in (
        ("Imaging", view.imaging),
        ("Laboratory", (*view.laboratory, *results)),
        ("Same patient", tuple(c for block in view.patients for c in block.claims)),
        ("Linkage and limits", view.context),
    ):
        if claims:
            said = tuple(map(places.said, claims))
            yield Section(title, said[:_SHOWN_CLAIMS], said[_SHOWN_CLAIMS:])


class _Places:
    """Where the page shows what a claim cites."""

    def __init__(self, brief: Brief, panels: Iterable[PanelCard]) -> None:
        films = {FILM + hit.id: f"film-{hit.rank}" for hit in reversed(brief.films)}
        labs = {LAB + hit.report: f"lab-{hit.rank}" for hit in reversed(brief.labs)}
        self._records = {**films, **labs}
        self._values = {
            row.row.claim.id: row.anchor for card in panels for row in (*card.rows, *card.more)
        }

    def said(self, claim: Claim) -> SaidClaim:
        cited = tuple((record, self._records.get(record)) for record in claim.records)
        value = self._values.get(claim.id)
        lights = [value] if value else [place for _, place in cited if place]
        return SaidClaim(claim, " ".join(lights), cited)


__all__ = [
    "AnswerView",
    "answer_view",
    "film_key",
    "picture_address",
    "range_words",
    "value_and_unit",
]
