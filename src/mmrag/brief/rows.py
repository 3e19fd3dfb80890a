"""The stored rows that claims are checked against, read anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Protocol

from mmrag.records import NO_HISTORY, Film, History, LabReport
from mmrag.retrieval.results import Coverage, SearchResult
from mmrag.store import Persons
from mmrag.store.lab_terms import SeriesPoint
from mmrag.store.terms import PatientKeys, RecordKey


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
        """Name every film and panel of these patients' persons; who has none is left out."""
        ...

    def linked(self, patients: Collection[str]) -> Iterable[tuple[str, str]]:
        """Pair the patients who are declared to be one person with these, or among themselves."""
        ...

    def film_files(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, str]:
        """Read the SHA-256 of these films' image files; who is not stored is left out."""
        ...

    def read_pixels(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, Mapping[str, float]]:
        """Read what the pixels alone say of each finding; films without it are left out."""
        ...

    def read_histories(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, History]:
        """Count the labels of the other films of each film's patient, for every key."""
        ...

    def averages(self) -> Mapping[str, float]:
        """Give each finding's probability on an average film; nothing where none is fitted."""
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
        self._pixels: Mapping[RecordKey, Mapping[str, float]] | None = None
        self._histories: Mapping[RecordKey, History] | None = None
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
        if key not in self._films:
            self.read((key,), ())
        return self._films[key]

    def report(self, key: RecordKey) -> LabReport | None:
        """Look at one panel; None when the store does not hold it."""
        if key not in self._reports:
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

    def film_files(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, str]:
        """Look at the SHA-256 of these films' image files; who is not stored is left out."""
        return self._records.film_files(keys)

    def series(self, patient: str, analyte: str) -> Sequence[SeriesPoint]:
        """Look at every value of a patient's analyte, in the order of time."""
        return self._records.series(patient, analyte)

    def of_patient(self, patient: str) -> PatientKeys | None:
        """Look at the names of all films and panels of a patient who is shown, if there are any."""
        if self._patients is None:
            self._patients = self._records.of_patients(self._shown)
        return self._patients.get(patient)

    @cached_property
    def persons(self) -> Persons:
        """Which patients are declared to be one, of those who are shown."""
        return Persons(self._records.linked(self._shown))

    @property
    def _shown(self) -> set[str]:
        films = {film.patient for film in self.result.films if film.patient is not None}
        return films | {lab.patient for lab in self.result.labs}

    def pixels(self, key: RecordKey) -> Mapping[str, float]:
        """Look at what the pixels alone say of each finding on a film that is shown."""
        if self._pixels is None:
            shown = [RecordKey(hit.source, hit.id) for hit in self.result.films]
            self._pixels = self._records.read_pixels(shown)
        return self._pixels.get(key, {})

    def history(self, key: RecordKey) -> History:
        """Count the labels of the other films of a shown film's patient."""
        if self._histories is None:
            shown = [RecordKey(hit.source, hit.id) for hit in self.result.films]
            self._histories = self._records.read_histories(shown)
        return self._histories.get(key, NO_HISTORY)

    @cached_property
    def averages(self) -> Mapping[str, float]:
        """How probable each finding is on an average film; empty where nothing is fitted."""
        return self._records.averages()

    @property
    def coverage(self) -> Coverage:
        """The figures of the search, counted anew in the store."""
        if self._coverage is None:
            self._coverage = self._records.coverage(self.result)
        return self._coverage
