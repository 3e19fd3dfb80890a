"""The store as the checker sees it: every row is read anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from mmrag.evidence import EvidenceModel
from mmrag.evidence.shipped import LABELS_ONLY
from mmrag.records import Film, History, LabReport
from mmrag.retrieval.film_leg import NOTHING_ASKED, cover_films
from mmrag.retrieval.lab_leg import cover_labs
from mmrag.retrieval.results import Coverage, SearchResult
from mmrag.store import EVIDENCE, LabCondition, LabFilter, RecordKey, SeriesPoint, Store
from mmrag.store.terms import PatientKeys


class StoredRecords:
    """`mmrag.brief.Records` over an open store.

    Parameters
    ----------
    store : Store
    model : EvidenceModel
        The one that the store's films are weighed with.
    counted_at : int or None
        `Store.moment` before the search that is checked. While the store is as it was, the
        search's figures are what counting again would give, and over a large store counting
        is most of a brief's time; None counts again.
    """

    def __init__(self, store: Store, model: EvidenceModel, counted_at: int | None = None) -> None:
        self._store = store
        self._model = model
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
        """Name every film and panel of these patients' persons."""
        return self._store.people.keys(patients)

    def linked(self, patients: Collection[str]) -> Iterable[tuple[str, str]]:
        """Pair the patients who are declared to be one person with these."""
        return (link.pair for link in self._store.links.of(patients))

    def film_files(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, str]:
        """Read the SHA-256 of the films' image files."""
        return {key: known.sha256 for key, known in self._store.films.hashes(keys).items()}

    def read_pixels(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, Mapping[str, float]]:
        """Read what the pixels alone say of each finding."""
        return self._store.films.pixel_evidence(keys)

    def read_histories(self, keys: Collection[RecordKey]) -> Mapping[RecordKey, History]:
        """Count the labels of the other films of each film's patient."""
        return self._store.films.histories(keys)

    def averages(self) -> Mapping[str, float]:
        """Give each finding's probability on an average film, by the encoder's own parameters.

        An encoder whose pixels nobody has fitted has none: its evidence is its labels' alone.
        """
        if self._model.name == LABELS_ONLY:
            return {}
        return dict(zip(EVIDENCE, self._model.base_rate.tolist(), strict=True))

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
                self._model,
                asked=films.requested > 0 and films.note != NOTHING_ASKED,
            ),
            labs=cover_labs(result.query, labs.requested, len(result.labs), self._store),
        )
