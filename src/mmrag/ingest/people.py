"""Patients, their conditions and imaging studies into the store."""

from __future__ import annotations

from mmrag.ingest.report import Ledger
from mmrag.records import Condition, ImagingStudy, Patient
from mmrag.store import Store

BATCH = 1000


class PeopleWriter:
    """Takes records of people one by one and writes them in batches.

    Parameters
    ----------
    store : Store
    ledger : Ledger
    """

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger
        self._patients: list[Patient] = []
        self._conditions: list[Condition] = []
        self._studies: list[ImagingStudy] = []

    def add(self, record: Patient | Condition | ImagingStudy) -> None:
        """Take one record."""
        if isinstance(record, Patient):
            self._patients.append(record)
        elif isinstance(record, Condition):
            self._conditions.append(record)
        else:
            self._studies.append(record)
        if max(len(self._patients), len(self._conditions), len(self._studies)) >= BATCH:
            self.close()

    def close(self) -> None:
        """Write what is in hand, patients first since the rest names them."""
        self._store.people.write_patients(self._patients)
        self._store.people.write_conditions(self._conditions)
        self._store.people.write_imaging_studies(self._studies)
        self._ledger.count("patients", len(self._patients))
        self._ledger.count("conditions", len(self._conditions))
        self._ledger.count("imaging_studies", len(self._studies))
        for batch in (self._patients, self._conditions, self._studies):
            batch.clear()
