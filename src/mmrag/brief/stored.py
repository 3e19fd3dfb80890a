"""The store as the checker sees it: every row is read anew."""

from __future__ import annotations

from mmrag.records import Film, LabReport
from mmrag.store import RecordKey, Store


class StoredRecords:
    """`mmrag.brief.Records` over an open store.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def film(self, key: RecordKey) -> Film | None:
        """Read one film."""
        return self._store.films.get(key)

    def report(self, key: RecordKey) -> LabReport | None:
        """Read one panel with all its results."""
        return self._store.labs.get(key)

    def film_count(self) -> int:
        """Count the stored films."""
        return self._store.films.count()

    def report_count(self) -> int:
        """Count the stored panels."""
        return self._store.labs.count()
