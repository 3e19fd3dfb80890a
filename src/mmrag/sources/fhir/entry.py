"""A resource in its place, and what of it cannot go in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from mmrag.errors import BadRecord
from mmrag.records import Problem
from mmrag.sources.fhir.documents import Json, Place
from mmrag.sources.fhir.elements import reference

WITHDRAWN = frozenset({"entered-in-error", "cancelled", "refuted"})
"""Statuses by which a source takes a resource back."""


@dataclass(slots=True)
class Losses:
    """What does not go in: problems of the resource at hand, and counts over the whole source.

    Attributes
    ----------
    problems : list of Problem
    withdrawn : collections.Counter
        Resources that their source has taken back, by type.
    absent : collections.Counter
        Results that are absent by their own statement, by its reason.
    """

    problems: list[Problem] = field(default_factory=list)
    withdrawn: Counter[str] = field(default_factory=Counter)
    absent: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource in its place.

    Attributes
    ----------
    file, label : str
        The file, and its name in messages.
    place : Place
    kind : str
        Type of the resource.
    id : str or None
    resource : dict
    losses : Losses
    container : str or None
        Identifier of the resource around it, or its own where there is none.
    """

    file: str
    label: str
    place: Place
    kind: str
    id: str | None
    resource: Json
    losses: Losses
    container: str | None

    def lost(self, message: str, kind: str = "bad-record") -> None:
        """Note what cannot go in."""
        who = f"{self.kind} {self.id}" if self.id else self.kind
        where = f"{self.place} {who}".strip()
        self.losses.problems.append(
            Problem(self.label, f"{where}: {message}", self.place.line, kind)
        )

    def needed_id(self) -> str:
        """Return the identifier of a resource that others refer to."""
        if self.id is None:
            raise BadRecord("no id, so nothing can refer to it: left out")
        return self.id

    def refers_to(self, key: str, kind: str) -> str | None:
        """Follow one of its references."""
        return reference(self.resource, key, kind, self.container)

    def patient(self) -> str:
        """Follow the reference to its patient."""
        patient = self.refers_to("subject", "Patient")
        if patient is None:
            raise BadRecord("no subject: whose it is must be stated")
        return patient

    def is_withdrawn(self, *codes: str | None) -> bool:
        """Tell whether its source has taken it back, and count it then."""
        if WITHDRAWN.isdisjoint(codes):
            return False
        self.losses.withdrawn[self.kind] += 1
        return True
