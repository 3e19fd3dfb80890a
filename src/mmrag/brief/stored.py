"""The store as the checker sees it: every row is read anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from mmrag.records import Film, LabReport
from mmrag.retrieval.film_leg import NOTHING_ASKED, cover_films
from mmrag.retrieval.lab_leg import cover_labs
from mmrag.retrieval.results import Coverage, SearchResult
from mmrag.store import FilmHashes, LabCondition, LabFilter, RecordKey, SeriesPoint, Store
from mmrag.store.terms import PatientKeys


class StoredRecords:
    """`mmrag.brief.Records` over an open store.

    Parameters
    ----------
    store : Store
    counted_at : str or None
        `Store.moment` before the search that is checked. While the store is as it was, the
        search's figures are what counting again would give, and over a large store counting
        is most of a brief's time; None counts again.
    """

    def __init__(self, store: Store, counted_at: str | None = None) -> None:
        self._store = store
        self._counted_at = counted_at

    def read_films(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, Film]:
        """Read films."""
        return self._store.films.read(keys)

    def read_reports(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, LabReport]:
        """Read panels with all their results."""
        return self._store.labs.read(keys)

    def series(self, patient: str, analyte: str) -> Sequence[SeriesPoint]:
        """Read every value of a patient's analyte in the order of time."""
        return self._store.labs.series(
            LabCondition(analytes=(analyte,)), LabFilter(patient=patient)
        )

    def of_patients(self, patients: Collection[str]) -> Mapping[str, PatientKeys]:
        """Name every film and panel of these patients."""
        return self._store.people.keys(patients)

    def film_hashes(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, FilmHashes]:
        """Read the hashes of films."""
        return self._store.films.hashes(keys)

    def report_hashes(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, str]:
        """Read the record hashes of panels."""
        return self._store.labs.hashes(keys)

    def coverage(self, result: SearchResult) -> Coverage:
        """Count anew how far the legs of this search look in the store.

        What was asked and wanted is the search's to say, and its hits are counted; every other
        figure comes from the store.
        """
        if self._counted_at is not None and self._counted_at == self._store.moment():
            return result.coverage
        films, labs = result.coverage.films, result.coverage.labs
        return Coverage(
            films=cover_films(
                result.query,
                films.requested,
                len(result.films),
                self._store,
                asked=films.requested > 0 and films.note != NOTHING_ASKED,
            ),
            labs=cover_labs(result.query, labs.requested, len(result.labs), self._store),
        )
