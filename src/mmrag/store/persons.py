"""Which patients are one person, where pairs of them are declared to be."""

from __future__ import annotations

from collections.abc import Iterable


class Persons:
    """Patients joined in pairs; who is joined with one of a group is of that group.

    Parameters
    ----------
    pairs : iterable of (str, str)
        Patients, ``source:identifier``, that are one person.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._groups: dict[str, frozenset[str]] = {}
        for one, other in pairs:
            self.join(one, other)

    def join(self, one: str, other: str) -> None:
        """Take two patients, and all who are one with either, for one person."""
        together = self.patients(one) | self.patients(other)
        self._groups |= dict.fromkeys(together, together)

    def patients(self, patient: str) -> frozenset[str]:
        """Name everyone who is this person, the patient too."""
        return self._groups.get(patient, frozenset((patient,)))

    def name(self, patient: str) -> str:
        """Give the one name that all patients of a person share: the first of theirs."""
        together = self._groups.get(patient)
        return min(together) if together else patient

    def are_one(self, patients: Iterable[str]) -> bool:
        """Whether all of these are one person; of nobody it is not said."""
        return len({self.name(patient) for patient in patients}) == 1
