"""Search answers made by hand, and a store that holds what they say."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mmrag.clinical.question import ClinicalQuery, FindingTerm, LabTerm
from mmrag.records import (
    NO_HISTORY,
    Film,
    Flag,
    History,
    LabReport,
    Observation,
    Provenance,
    ReferenceRange,
    day_in_order,
)
from mmrag.retrieval.results import (
    Coverage,
    FilmHit,
    FilmWhy,
    LabHit,
    LabWhy,
    LegCoverage,
    ObservationHit,
    SearchResult,
    SpaceInfo,
)
from mmrag.store import Persons
from mmrag.store.lab_terms import SeriesPoint
from mmrag.store.terms import PatientKeys, RecordKey

RANGE = "A cited table of ranges, 2020"


def asking(*findings: str, absent: tuple[str, ...] = (), labs: tuple[LabTerm, ...] = ()) -> Any:
    """A compiled question."""
    return ClinicalQuery(
        text=" and ".join(findings) or "anything",
        findings=(
            *(FindingTerm(finding=f) for f in findings),
            *(FindingTerm(finding=f, assertion="absent") for f in absent),
        ),
        labs=labs,
    )


def film(rank: int = 1, findings: tuple[str, ...] | None = ("Effusion",), **other: Any) -> FilmHit:
    """A film that answers."""
    fields: dict[str, Any] = {
        "id": f"0000000{rank}_000.png",
        "source": "nih",
        "patient": f"nih:{rank}",
        "score": 1 - rank / 100,
        "view": "PA",
        "age": 77.0,
        "sex": "M",
        "why": FilmWhy(pixel=0.6, label=0.3, without_labels=0.6),
        "file": "",
    }
    fields |= other
    fields.setdefault("labels_by", "reports" if fields["source"] == "nih" else "source")
    return FilmHit(rank=rank, findings=findings, **fields)


def leukocytes(value: float | None = 15.2, flag: Flag | None = "H", **other: Any) -> ObservationHit:
    """A leukocyte count, high unless told otherwise."""
    fields: dict[str, Any] = {
        "loinc": "6690-2",
        "name": "Leukocytes [#/volume] in Blood by Automated count",
        "unit": "10*3/uL",
        "low": 4.5,
        "high": 11.0,
        "range_source": RANGE,
        "flag_source": RANGE,
        "analyte": "leukocytes",
    }
    return ObservationHit(value=value, flag=flag, **{**fields, **other})


def platelets(value: float | None = 250.0, flag: Flag | None = "N", **other: Any) -> ObservationHit:
    """A platelet count, normal unless told otherwise."""
    fields: dict[str, Any] = {
        "loinc": "777-3",
        "name": "Platelets [#/volume] in Blood by Automated count",
        "low": 150.0,
        "high": 400.0,
        "analyte": "platelets",
    }
    return leukocytes(value, flag, **{**fields, **other})


def panel(rank: int = 1, *observations: ObservationHit, **other: Any) -> LabHit:
    """A panel that answers."""
    fields: dict[str, Any] = {
        "report": f"panel-{rank}",
        "source": "synthea",
        "patient": f"synthea:p{rank}",
        "effective_at": datetime(2021, 8, rank, 3, 26, 50, tzinfo=UTC),
        "age": 64.0,
        "sex": "F",
        "score": 1 - rank / 100,
        "why": LabWhy(abnormal=0.5, similarity=0.4),
    }
    return LabHit(rank=rank, observations=observations or (leukocytes(),), **{**fields, **other})


def answer(
    query: Any,
    films: tuple[FilmHit, ...] = (),
    labs: tuple[LabHit, ...] = (),
    nearest: str | None = None,
    requested: int = 10,
) -> SearchResult:
    """Both legs side by side."""
    patients = {hit.patient for hit in films} & {hit.patient for hit in labs}

    def leg(returned: int, searched: int) -> LegCoverage:
        return LegCoverage(
            requested=requested,
            returned=returned,
            searched=searched,
            qualifying=returned,
            nearest=None if returned else nearest,
        )

    return SearchResult(
        query=query,
        films=films,
        labs=labs,
        coverage=Coverage(films=leg(len(films), 1102), labs=leg(len(labs), 59)),
        linkage="same-patient" if patients else "cohort",
        merged=(),
        space=SpaceInfo(
            encoder="compact", fingerprint="compact:abc:fp32", w_pixel=0.7, w_label=0.3
        ),
    )


class Shelf:
    """A store in memory."""

    def __init__(self, result: SearchResult) -> None:
        self.films = {RecordKey(hit.source, hit.id): _film(hit) for hit in result.films}
        self.reports = {RecordKey(hit.source, hit.report): _report(hit) for hit in result.labs}
        self.counted = result.coverage
        self.links = [(link.film_patient, link.lab_patient) for link in result.links]
        self.pixels: dict[RecordKey, Mapping[str, float]] = {}
        self.histories = {
            RecordKey(hit.source, hit.id): History(hit.why.history.films, hit.why.history.named)
            for hit in result.films
            if hit.why.history is not None
        }
        self.usual: Mapping[str, float] = {}

    def linked(self, patients: Collection[str]) -> list[tuple[str, str]]:
        return self.links

    def read_films(self, keys: Collection[RecordKey]) -> dict[RecordKey, Film]:
        return {key: self.films[key] for key in keys if key in self.films}

    def read_reports(self, keys: Collection[RecordKey]) -> dict[RecordKey, LabReport]:
        return {key: self.reports[key] for key in keys if key in self.reports}

    def film_files(self, keys: Sequence[RecordKey]) -> dict[RecordKey, str]:
        return {key: "pixels" for key in keys if key in self.films}

    def series(self, patient: str, analyte: str) -> list[SeriesPoint]:
        return [
            SeriesPoint(patient, row.effective_at, o.canonical_value, key, row.day, o.loinc)
            for key, row in sorted(self.reports.items(), key=lambda item: item[1].effective_at)
            for o in row.observations
            if (row.patient, o.analyte) == (patient, analyte) and o.canonical_value is not None
        ]

    def of_patients(self, patients: Collection[str]) -> dict[str, PatientKeys]:
        found, persons = {}, Persons(self.links)
        for patient in patients:
            names = persons.patients(patient)
            films = tuple(key for key, row in self.films.items() if row.patient in names)
            reports = tuple(key for key, row in self.reports.items() if row.patient in names)
            if films or reports:
                found[patient] = PatientKeys(films, reports)
        return found

    def read_pixels(self, keys: Collection[RecordKey]) -> dict[RecordKey, Mapping[str, float]]:
        return {key: self.pixels[key] for key in keys if key in self.pixels}

    def read_histories(self, keys: Collection[RecordKey]) -> dict[RecordKey, History]:
        return {key: self.histories.get(key, NO_HISTORY) for key in keys}

    def averages(self) -> Mapping[str, float]:
        return self.usual

    def coverage(self, result: SearchResult) -> Coverage:
        return self.counted

    def change_film(self, **fields: Any) -> None:
        """Change every stored film behind the composer's back."""
        self.films = {key: replace(row, **fields) for key, row in self.films.items()}

    def change_results(self, **fields: Any) -> None:
        """Change every stored result behind the composer's back."""
        self.reports = {
            key: replace(row, observations=tuple(replace(o, **fields) for o in row.observations))
            for key, row in self.reports.items()
        }


def _film(hit: FilmHit) -> Film:
    return Film(
        id=hit.id,
        provenance=Provenance(hit.source, hit.file, made_up=hit.made_up),
        patient=hit.patient,
        findings=hit.findings,
        view=hit.view,
        age=hit.age,
        sex=hit.sex,
        taken_on=hit.taken_on,
        day=hit.day,
        stated=hit.stated,
        licence=hit.licence,
        labels_by=hit.labels_by,
    )


def _report(hit: LabHit) -> LabReport:
    return LabReport(
        id=hit.report,
        provenance=Provenance(hit.source, "", made_up=hit.made_up),
        patient=hit.patient,
        effective_at=hit.effective_at or day_in_order(hit.day or 0),
        age=hit.age,
        sex=hit.sex,
        observations=tuple(map(_observation, hit.observations)),
        day=hit.day,
    )


def _observation(hit: ObservationHit) -> Observation:
    ranged = hit.range_source is not None or hit.low is not None or hit.high is not None
    return Observation(
        loinc=hit.loinc,
        name=hit.name,
        value=hit.value,
        text=hit.text,
        unit=hit.unit,
        analyte=hit.analyte,
        canonical_value=hit.value,
        reference=ReferenceRange(hit.low, hit.high, hit.range_source or "") if ranged else None,
        flag=hit.flag,
        flag_source=hit.flag_source,
    )
