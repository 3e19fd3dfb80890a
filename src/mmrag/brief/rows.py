"""The stored rows that claims are checked against, read anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from mmrag.records import Film, LabReport
from mmrag.retrieval.results import Coverage, SearchResult
from mmrag.store.lab_terms import SeriesPoint
from mmrag.store.terms import FilmHashes, PatientKeys, RecordKey


class Records(Protocol):
    """Reads records from the store, afresh, for the checks alone."""

    def read_films(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, Film]:
        """Read films; those that are not stored are left out."""
        ...

    def read_reports(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, LabReport]:
        """Read panels with all their results; those that are not stored are left out."""
        ...

    def series(self, patient: str, analyte: str) -> Sequence[SeriesPoint]:
        """Read every value of a patient's analyte in the order of time."""
        ...

    def of_patients(self, patients: Collection[str]) -> Mapping[str, PatientKeys]:
        """Name every film and panel of these patients; who has none is left out."""
        ...

    def film_hashes(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, FilmHashes]:
        """Read the hashes of these films; those that are not stored are left out."""
        ...

    def report_hashes(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, str]:
        """Read the record hashes of these panels; those that are not stored are left out."""
        ...

    def coverage(self, result: SearchResult) -> Coverage:
        """Count anew how far the legs of this search look in the store."""
        ...


class Rows:
    """The stored rows that checks look at, each read once, and the search they belong to.

    Parameters
    ----------
    records : Records
    result : SearchResult
        Speaks only for ranks, which no row holds.
    """

    def __init__(self, records: Records, result: SearchResult) -> None:
        self._records = records
        self.result = result
        self._films: dict[RecordKey, Film | None] = {}
        self._reports: dict[RecordKey, LabReport | None] = {}
        self._coverage: Coverage | None = None
        self._patients: Mapping[str, PatientKeys] | None = None

    def read(self, films: Iterable[RecordKey], reports: Iterable[RecordKey]) -> None:
        """Read many rows at once; what was read before is not read again."""
        new_films = {key: None for key in films if key not in self._films}
        new_reports = {key: None for key in reports if key not in self._reports}
        if new_films:
            self._films |= {**new_films, **self._records.read_films(new_films)}
        if new_reports:
            self._reports |= {**new_reports, **self._records.read_reports(new_reports)}

    def film(self, key: RecordKey) -> Film | None:
        """Look at one film; None when the store does not hold it."""
        self.read((key,), ())
        return self._films[key]

    def report(self, key: RecordKey) -> LabReport | None:
        """Look at one panel; None when the store does not hold it."""
        self.read((), (key,))
        return self._reports[key]

    def films(self, keys: Iterable[RecordKey]) -> list[Film] | None:
        """Look at all of these films; None when one is gone."""
        found = [self.film(key) for key in keys]
        return None if None in found else [film for film in found if film is not None]

    def reports(self, keys: Iterable[RecordKey]) -> list[LabReport] | None:
        """Look at all of these panels; None when one is gone."""
        found = [self.report(key) for key in keys]
        return None if None in found else [report for report in found if report is not None]

    def series(self, patient: str, analyte: str) -> Sequence[SeriesPoint]:
        """Look at every value of a patient's analyte, in the order of time."""
        return self._records.series(patient, analyte)

    def of_patient(self, patient: str) -> PatientKeys | None:
        """Look at the names of all films and panels of a patient who is shown, if there are any."""
        if self._patients is None:
            films = {film.patient for film in self.result.films if film.patient is not None}
            labs = {lab.patient for lab in self.result.labs}
            self._patients = self._records.of_patients(films | labs)
        return self._patients.get(patient)

    @property
    def coverage(self) -> Coverage:
        """The figures of the search, counted anew in the store."""
        if self._coverage is None:
            self._coverage = self._records.coverage(self.result)
        return self._coverage
