"""The stored rows that claims are checked against, read anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from mmrag.records import Film, LabReport
from mmrag.retrieval.results import SearchResult
from mmrag.store.terms import RecordKey


class Records(Protocol):
    """Reads records from the store, afresh, for the checks alone."""

    def film(self, key: RecordKey) -> Film | None:
        """Read one film; None when the store holds none of that name."""
        ...

    def report(self, key: RecordKey) -> LabReport | None:
        """Read one panel with all its results; None when the store does not hold it."""
        ...

    def film_count(self) -> int:
        """Count the stored films."""
        ...

    def report_count(self) -> int:
        """Count the stored panels."""
        ...


class Rows:
    """The stored rows that checks look at, each read once, and the search they belong to.

    Parameters
    ----------
    records : Records
    result : SearchResult
        Speaks only for ranks and for the coverage of the search, which no row holds.
    """

    def __init__(self, records: Records, result: SearchResult) -> None:
        self._records = records
        self.result = result
        self._films: dict[RecordKey, Film | None] = {}
        self._reports: dict[RecordKey, LabReport | None] = {}

    def film(self, key: RecordKey) -> Film | None:
        """Look at one film; None when the store does not hold it."""
        if key not in self._films:
            self._films[key] = self._records.film(key)
        return self._films[key]

    def report(self, key: RecordKey) -> LabReport | None:
        """Look at one panel; None when the store does not hold it."""
        if key not in self._reports:
            self._reports[key] = self._records.report(key)
        return self._reports[key]

    def films(self, keys: Iterable[RecordKey]) -> list[Film] | None:
        """Look at all of these films; None when one is gone."""
        found = [self.film(key) for key in keys]
        return None if None in found else [film for film in found if film is not None]

    def reports(self, keys: Iterable[RecordKey]) -> list[LabReport] | None:
        """Look at all of these panels; None when one is gone."""
        found = [self.report(key) for key in keys]
        return None if None in found else [report for report in found if report is not None]

    def stored(self, leg: str) -> int:
        """Count the records that a leg has in the store."""
        return self._records.film_count() if leg == "films" else self._records.report_count()
