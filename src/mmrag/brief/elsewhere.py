"""The other half of a patient: film or blood that the store holds and the search did not show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from mmrag.brief import checks
from mmrag.brief.claims import Draft, cite_film, cite_report, cite_time, film_key, report_key
from mmrag.brief.model import FILM, LAB, PATIENT, Citation
from mmrag.brief.pairs import linked
from mmrag.brief.plain import plain
from mmrag.brief.rows import Records, Rows
from mmrag.brief.timeline import day_words, days_between
from mmrag.brief.wording import counted
from mmrag.records import Film, LabReport
from mmrag.retrieval.results import FilmHit, LabHit, SearchResult
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
        if rows.of_patient(self.patient) != self.keys:
            return False
        film, report = rows.film(self.film), rows.report(self.report)
        if film is None or report is None:
            return False
        return days_between(film, report) == self.gap


def elsewhere_claims(result: SearchResult, records: Records) -> Iterator[Draft]:
    """Name the film of a patient whose blood is shown, and the blood of one whose film is."""
    both = linked(result)
    films = _first_of_each((f.patient, f) for f in result.films if f.patient)
    labs = _first_of_each((lab.patient, lab) for lab in result.labs)
    alone = [patient for patient in {**films, **labs} if patient not in both]
    held = records.of_patients(alone)
    split = [patient for patient in alone if _is_whole(held.get(patient))]
    for patient in [p for p in split if p in labs][:MOST]:
        yield from _of_panel(labs[patient], held[patient], records)
    for patient in [p for p in split if p in films][:MOST]:
        yield from _of_film(films[patient], held[patient], records)


def _first_of_each(hits: Iterator[tuple[str, _T]]) -> dict[str, _T]:
    first: dict[str, _T] = {}
    for patient, hit in hits:
        first.setdefault(patient, hit)
    return first


def _is_whole(keys: PatientKeys | None) -> bool:
    return keys is not None and bool(keys.films) and bool(keys.reports)


def _of_panel(lab: LabHit, keys: PatientKeys, records: Records) -> Iterator[Draft]:
    shown = records.report(report_key(lab))
    films = [film for key in keys.films[:LOOKED_AT] if (film := records.film(key)) is not None]
    if shown is None or not films:
        return
    film = min(films, key=lambda each: _distance(each, shown))
    yield _draft(lab, keys, film, shown, counted(len(keys.films), "film"), film.id)


def _of_film(hit: FilmHit, keys: PatientKeys, records: Records) -> Iterator[Draft]:
    shown = records.film(film_key(hit))
    reports = [r for key in keys.reports[:LOOKED_AT] if (r := records.report(key)) is not None]
    if shown is None or not reports:
        return
    report = min(reports, key=lambda each: _distance(shown, each))
    yield _draft(hit, keys, shown, report, counted(len(keys.reports), "panel"), report.id)


def _distance(film: Film, report: LabReport) -> float:
    gap = days_between(film, report)
    return float("inf") if gap is None else abs(gap)


def _draft(
    hit: FilmHit | LabHit,
    keys: PatientKeys,
    film: Film,
    report: LabReport,
    others: str,
    nearest: str,
) -> Draft:
    is_film = isinstance(hit, FilmHit)
    gap = days_between(film, report)
    later = None if gap is None else gap if is_film else -gap
    made_up = hit.made_up
    whose = f"{'made-up patient' if made_up else 'patient'} {plain(report.patient)}"
    subject = f"{'film' if is_film else 'panel'} #{hit.rank}"
    film_name = RecordKey(film.provenance.source, film.id)
    report_name = RecordKey(report.provenance.source, report.id)
    several = "" if others.startswith("1 ") else "the nearest is "
    return Draft(
        kind="limit",
        section="context",
        text=f"Of {whose}, {subject} is shown; the store also holds {others} of the same "
        f"patient that {'is' if others.startswith('1 ') else 'are'} not shown: "
        f"{several}{plain(nearest)}, {_when(later)}.",
        citations=(
            Citation(
                record=PATIENT + report.patient,
                field="records",
                value=[FILM + film.id, LAB + report.id],
            ),
            *(cite_film(hit, "rank", "made_up") if is_film else ()),
            *(cite_report(hit, "rank", "made_up") if isinstance(hit, LabHit) else ()),
            *cite_time(hit),
        ),
        check=checks.AllOf(
            (
                StoreHolds(report.patient, keys, film_name, report_name, gap),
                checks.OnePatient(report.patient, (film_name,), (report_name,)),
            )
        ),
        films=(film_name,),
        reports=(report_name,),
    )


def _when(later: float | None) -> str:
    if later is None:
        return "which of the two came first is not known"
    if later == 0:
        return "of the same day"
    return f"{day_words(abs(later))} {'later' if later > 0 else 'earlier'}"
