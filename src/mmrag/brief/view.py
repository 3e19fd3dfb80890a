"""A brief arranged for reading: what every renderer prints, in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mmrag.brief.model import FILM, LAB, Brief, Claim, ClaimKind
from mmrag.brief.plain import age_words, number, plain
from mmrag.brief.reading import reading
from mmrag.brief.wording import range_words
from mmrag.retrieval.results import FilmHit, LabHit

TITLE = "Clinical Brief"
HEADINGS: dict[ClaimKind, str] = {
    "lab-abnormal": "Abnormal",
    "lab-normal": "Normal",
    "limit": "Neither: no flag, or flag and range disagree",
}
"""Groups of laboratory results, in their order."""


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One laboratory claim as a row of a table, from nothing but what the claim cites.

    Attributes
    ----------
    number, low, high : float or None
        For drawing; the words are what is printed.
    note : int or None
        Number of the range's source in `View.notes`.
    """

    claim: Claim
    name: str
    value: str
    flag: str
    range: str
    number: float | None
    low: float | None
    high: float | None
    note: int | None


@dataclass(frozen=True, slots=True)
class PanelRows:
    """Rows of one panel."""

    panel: LabHit
    rows: tuple[ResultRow, ...]


@dataclass(frozen=True, slots=True)
class ResultGroup:
    """Rows of one kind: abnormal, normal, neither."""

    kind: ClaimKind
    heading: str
    panels: tuple[PanelRows, ...]


@dataclass(frozen=True, slots=True)
class PatientBlock:
    """What is said of one patient's film and blood together."""

    patient: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A brief arranged for reading.

    Attributes
    ----------
    asked : str
        The question as asked.
    reading : tuple of str
        How it was read, one constraint each.
    imaging : tuple of Claim
    laboratory : tuple of Claim
        Laboratory claims that are not a single result.
    results : tuple of ResultGroup
    patients : tuple of PatientBlock
    context : tuple of Claim
    notes : tuple of str
        Sources of the reference ranges, numbered from 1.
    """

    brief: Brief
    asked: str
    reading: tuple[str, ...]
    imaging: tuple[Claim, ...]
    laboratory: tuple[Claim, ...]
    results: tuple[ResultGroup, ...]
    patients: tuple[PatientBlock, ...]
    context: tuple[Claim, ...]
    notes: tuple[str, ...]

    def hit(self, claim: Claim) -> FilmHit | LabHit | None:
        """Find the one hit that a claim speaks of; None when it speaks of none or several."""
        return _hit(self.brief, claim)


def arrange(brief: Brief) -> View:
    """Arrange a brief for reading.

    Parameters
    ----------
    brief : Brief

    Returns
    -------
    View
    """
    notes = _Notes()
    single = [c for c in brief.claims if _is_result(c)]
    taken = {claim.id for claim in single}
    rest = [claim for claim in brief.claims if claim.id not in taken]
    return View(
        brief=brief,
        asked=plain(brief.query.text, 400) or "(a film, no words)",
        reading=tuple(reading(brief.query)),
        imaging=tuple(c for c in rest if c.section == "imaging"),
        laboratory=tuple(c for c in rest if c.section == "laboratory"),
        results=tuple(_groups(brief, single, notes)),
        patients=tuple(_patients(rest)),
        context=tuple(c for c in rest if c.section == "context" and c.patient is None),
        notes=tuple(notes.sources),
    )


@dataclass(slots=True)
class _Notes:
    sources: list[str] = field(default_factory=list)

    def number_of(self, source: str | None) -> int | None:
        if not source:
            return None
        if source not in self.sources:
            self.sources.append(source)
        return self.sources.index(source) + 1


def _hit(brief: Brief, claim: Claim) -> FilmHit | LabHit | None:
    """By rank: two sources may use one identifier."""
    if len(claim.records) != 1:
        return None
    record, rank = claim.records[0], claim.value("rank")
    hits: Iterable[FilmHit | LabHit] = ()
    if record.startswith(FILM):
        hits = brief.films
    elif record.startswith(LAB):
        hits = brief.labs
    return next((hit for hit in hits if hit.rank == rank), None)


def _is_result(claim: Claim) -> bool:
    """Tell a claim of one result from one that sums up several: that one cites flags alone."""
    return claim.section == "laboratory" and any(
        citation.field.startswith("observations[") and citation.field.endswith("].name")
        for citation in claim.citations
    )


def _groups(brief: Brief, claims: Sequence[Claim], notes: _Notes) -> Iterable[ResultGroup]:
    for kind, heading in HEADINGS.items():
        rows: dict[int, list[ResultRow]] = {}
        panels: dict[int, LabHit] = {}
        for claim in (each for each in claims if each.kind == kind):
            hit = _hit(brief, claim)
            if isinstance(hit, LabHit):
                panels[hit.rank] = hit
                rows.setdefault(hit.rank, []).append(_row(claim, notes))
        if rows:
            parts = tuple(PanelRows(panels[rank], tuple(rows[rank])) for rank in rows)
            yield ResultGroup(kind, heading, parts)


def _row(claim: Claim, notes: _Notes) -> ResultRow:
    value, low, high = (_float(claim.value(name)) for name in ("value", "low", "high"))
    unit, source = claim.value("unit"), claim.value("range_source")
    words = number(value) if value is not None else plain(str(claim.value("text") or "none"))
    return ResultRow(
        claim=claim,
        name=plain(str(claim.value("name"))),
        value=f"{words} {plain(str(unit))}" if unit else words,
        flag=str(claim.value("flag") or "-"),
        range=range_words(low, high),
        number=value,
        low=low,
        high=high,
        note=notes.number_of(plain(str(source), 400) if source else None),
    )


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _patients(claims: Iterable[Claim]) -> Iterable[PatientBlock]:
    by_patient: dict[str, list[Claim]] = {}
    for claim in claims:
        if claim.patient is not None:
            by_patient.setdefault(claim.patient, []).append(claim)
    return (PatientBlock(plain(p), tuple(said)) for p, said in by_patient.items())


def who(hit: FilmHit | LabHit) -> str:
    """Describe whose record it is: view, sex, age, patient."""
    sex = {"F": "female", "M": "male", None: None}[hit.sex]
    age = None if hit.age is None else age_words(hit.age)
    person = ", ".join(part for part in (sex, age) if part)
    view = plain(hit.view) if isinstance(hit, FilmHit) and hit.view else None
    patient = f"patient {plain(hit.patient)}" if hit.patient else "patient unknown"
    made_up = "made up" if hit.made_up else None
    return " · ".join(part for part in (view, person, patient, made_up) if part)
