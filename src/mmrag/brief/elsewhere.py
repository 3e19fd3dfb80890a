"""The other half of a patient: film or blood that the store holds and the search did not show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mmrag.brief import checks
from mmrag.brief.claims import (
    Draft,
    cite_film,
    cite_owned,
    cite_report,
    cite_time,
    film_key,
    report_key,
)
from mmrag.brief.model import FILM, LAB
from mmrag.brief.pairs import linked
from mmrag.brief.plain import plain
from mmrag.brief.rows import Records, Rows
from mmrag.brief.timeline import day_words, days_between
from mmrag.brief.whose import whose
from mmrag.brief.wording import counted
from mmrag.records import Film, LabReport
from mmrag.retrieval.results import FilmHit, LabHit, SearchResult
from mmrag.store import Persons
from mmrag.store.terms import PatientKeys, RecordKey

MOST = 4
"""Patients of each leg of whom this is said, the first in rank."""

LOOKED_AT = 16
"""Unshown records of a patient among which the nearest in time is sought."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class StoreHolds:
    """These are all films and panels of a patient, and two of them lie so far apart.

    Attributes
    ----------
    patient : str
    keys : PatientKeys
    film, report : RecordKey
    gap : float or None
        Days from the film to the panel; None where they have no clock in common.
    """

    patient: str
    keys: PatientKeys
    film: RecordKey
    report: RecordKey
    gap: float | None

    def holds(self, rows: Rows) -> bool:
        """Read the patient and both records again."""
        if rows.of_patient(self.patient) != self.keys or _both_shown(rows.result, self.keys):
            return False
        film, report = rows.film(self.film), rows.report(self.report)
        if film is None or report is None:
            return False
        return days_between(film, report) == self.gap


def _both_shown(result: SearchResult, keys: PatientKeys) -> bool:
    """Whether a film and a panel of the patient are shown, whoever the search took them for."""
    films, reports = set(map(film_key, result.films)), set(map(report_key, result.labs))
    return bool(films & set(keys.films)) and bool(reports & set(keys.reports))


def elsewhere_claims(result: SearchResult, records: Records) -> Iterator[Draft]:
    """Name the film of a patient whose blood is shown, and the blood of one whose film is."""
    both, persons = linked(result), result.persons
    films = _first_of_each((persons.name(f.patient), f) for f in result.films if f.patient)
    labs = _first_of_each((persons.name(lab.patient), lab) for lab in result.labs)
    alone = [person for person in {**films, **labs} if person not in both]
    held = records.of_patients(alone)
    split = [patient for patient in alone if _is_whole(held.get(patient))]
    told = [*[p for p in split if p in labs][:MOST], *[p for p in split if p in films][:MOST]]
    hits = [labs.get(patient) or films[patient] for patient in told]
    pairs = [_pairs(hit, held[patient]) for hit, patient in zip(hits, told, strict=True)]
    kept = records.read_films({film for each in pairs for film, _ in each})
    drawn = records.read_reports({report for each in pairs for _, report in each})
    for hit, patient, each in zip(hits, told, pairs, strict=True):
        found = [(kept[f], drawn[r]) for f, r in each if f in kept and r in drawn]
        if found:
            nearest = min(found, key=lambda pair: _distance(*pair))
            yield _draft(persons, hit, held[patient], *nearest)


def _first_of_each(hits: Iterator[tuple[str, _T]]) -> dict[str, _T]:
    first: dict[str, _T] = {}
    for patient, hit in hits:
        first.setdefault(patient, hit)
    return first


def _is_whole(keys: PatientKeys | None) -> bool:
    return keys is not None and bool(keys.films) and bool(keys.reports)


def _pairs(hit: FilmHit | LabHit, keys: PatientKeys) -> list[tuple[RecordKey, RecordKey]]:
    """Pair the record that is shown with those of the other kind."""
    if isinstance(hit, FilmHit):
        return [(film_key(hit), report) for report in keys.reports[:LOOKED_AT]]
    return [(film, report_key(hit)) for film in keys.films[:LOOKED_AT]]


def _key(record: Film | LabReport) -> RecordKey:
    return RecordKey(record.provenance.source, record.id)


def _distance(film: Film, report: LabReport) -> float:
    gap = days_between(film, report)
    return float("inf") if gap is None else abs(gap)


def _draft(
    persons: Persons, hit: FilmHit | LabHit, keys: PatientKeys, film: Film, report: LabReport
) -> Draft:
    is_film = isinstance(hit, FilmHit)
    gap = days_between(film, report)
    others, noun = (keys.reports, "panel") if is_film else (keys.films, "film")
    patient = hit.patient or report.patient
    subject = f"{'film' if is_film else 'panel'} #{hit.rank}"
    film_name, report_name = _key(film), _key(report)
    other = f"{plain(report.id if is_film else film.id)}, {_when(gap, is_film)}"
    return Draft(
        kind="limit",
        section="context",
        text=f"Of {whose(persons, patient, hit.made_up)}, {subject} is shown; the store also holds "
        f"{counted(len(others), noun)} of the same patient that "
        f"{'is' if len(others) == 1 else 'are'} not shown: {_which(others, gap)}{other}.",
        citations=(
            *cite_owned(
                persons,
                patient,
                ((film.patient, FILM + film.id), (report.patient, LAB + report.id)),
            ),
            *(
                cite_film(hit, "rank", "made_up")
                if isinstance(hit, FilmHit)
                else cite_report(hit, "rank", "made_up")
            ),
            *cite_time(hit),
        ),
        check=checks.AllOf(
            (
                StoreHolds(patient, keys, film_name, report_name, gap),
                checks.OnePatient(patient, (film_name,), (report_name,)),
            )
        ),
        films=(film_name,),
        reports=(report_name,),
    )


def _which(others: Sequence[RecordKey], gap: float | None) -> str:
    if len(others) == 1:
        return ""
    return "one is " if gap is None or len(others) > LOOKED_AT else "the nearest is "


def _when(gap: float | None, is_panel: bool) -> str:
    """Say when the record that is not shown was made, after or before the one that is."""
    if gap is None:
        return "and which came first is not known"
    if gap == 0:
        return "of the same day"
    later = gap if is_panel else -gap
    return f"{day_words(abs(later))} {'later' if later > 0 else 'earlier'}"
