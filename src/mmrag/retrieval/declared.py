"""Declared identities as a search answer shows them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from mmrag.store import Link


class DeclaredLink(BaseModel):
    """That two patients are declared to be one person.

    Attributes
    ----------
    film_patient, lab_patient : str
        ``source:identifier``.
    declared_by : str
    declared_at : datetime.datetime or None
        Timezone aware, UTC.
    file, row : str, int
        Name and line of the table that says so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    film_patient: str
    lab_patient: str
    declared_by: str
    declared_at: datetime | None
    file: str
    row: int

    @classmethod
    def of(cls, link: Link) -> DeclaredLink:
        """Take a link as the store keeps it."""
        return cls(
            film_patient=link.film_patient,
            lab_patient=link.lab_patient,
            declared_by=link.declared_by,
            declared_at=link.declared_at,
            file=link.file,
            row=link.row,
        )
