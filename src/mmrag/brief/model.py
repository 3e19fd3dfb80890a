"""The Clinical Brief as data: a search answer and the claims that its records bear out."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from mmrag.brief.writer.written import Written
from mmrag.retrieval.results import SearchResult

ClaimKind = Literal[
    "finding-shown",
    "finding-absent",
    "lab-abnormal",
    "lab-normal",
    "trend",
    "cohort",
    "agreement",
    "contradiction",
    "nothing-found",
    "limit",
    "note",
]
Section = Literal["imaging", "laboratory", "context"]

DISCLAIMER = "For research only, not for clinical or diagnostic use."
"""Stands on every brief, in every format."""

FILM, LAB, PATIENT, COVERAGE = "film:", "lab:", "patient:", "coverage:"
"""What a cited record's name begins with."""


class Citation(BaseModel):
    """One stored value that a claim rests on.

    Attributes
    ----------
    record : str
        ``film:<id>``, ``lab:<report id>``, ``patient:<source:identifier>``, or
        ``coverage:films`` and ``coverage:labs`` for a figure of the search itself.
    field : str
        Field of the record. A laboratory result is addressed by its LOINC code,
        ``observations[6690-2].value``; evidence for a finding on a film by its name,
        ``evidence[Effusion].pixels_only``, and beside it that of an average film,
        ``evidence[Effusion].average``; how many of its patient's other films are labelled so,
        ``history[Effusion]``, and how many have labels, ``history.films``; a patient's
        ``records`` are the cited records that name this patient, and ``linked`` are the
        patients declared to be the same person.
    value : JSON value
        What the field holds, exactly as stored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    record: str
    field: str
    value: JsonValue


class Claim(BaseModel):
    """One sentence, what it rests on, and that it was checked against the store.

    A claim about one patient's film and blood together cites that ``patient:`` record; no
    other claim does.

    Attributes
    ----------
    id : str
        ``c1``, ``c2`` ... in the order of the brief.
    kind : str
        What sort of statement it is; a ``note`` quotes what the source itself says.
    section : {"imaging", "laboratory", "context"}
    text : str
        The sentence, free of markup and control characters.
    citations : tuple of Citation
        Never empty.
    checked : bool
        Always true in a finished brief: what fails its check is not printed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: ClaimKind
    section: Section
    text: str
    citations: tuple[Citation, ...]
    checked: bool

    @property
    def records(self) -> tuple[str, ...]:
        """The cited records, each once, in order."""
        return tuple(dict.fromkeys(citation.record for citation in self.citations))

    @property
    def patient(self) -> str | None:
        """The one patient whose film and blood the claim puts together, if it does."""
        return next((r.removeprefix(PATIENT) for r in self.records if r.startswith(PATIENT)), None)

    def value(self, field: str) -> JsonValue:
        """Look up what the claim cites for a field; None where it does not cite it."""
        return next((c.value for c in self.citations if c.field.rpartition(".")[2] == field), None)


class Made(BaseModel):
    """When a brief was made, and by what.

    Attributes
    ----------
    at : datetime.datetime
        Timezone aware, UTC, to the second.
    software, version : str
        The distribution's name and version.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    software: str
    version: str


class CitedRecord(BaseModel):
    """A cited film or panel as it was stored when the brief was made.

    Attributes
    ----------
    record : str
        As in `Citation`.
    source : str
        Two sources may use one identifier.
    record_hash : str
        SHA-256 of what the store holds of the record, in hexadecimal; where its file lies has
        no part in it.
    sha256 : str or None
        Of the image file's bytes; None for a panel.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    record: str
    source: str
    record_hash: str
    sha256: str | None = None


class Brief(SearchResult):
    """A search answer with its claims beside it.

    Attributes
    ----------
    claims : tuple of Claim
    dropped : int
        Claims that the stored rows did not bear out; they are left out.
    records : tuple of CitedRecord
        Every cited film and panel, so that a change in the store is noticed later.
    made : Made
    written : Written or None
        The claims in a language model's sentences, where one was asked for.
    disclaimer : str
    """

    claims: tuple[Claim, ...]
    dropped: int
    records: tuple[CitedRecord, ...]
    made: Made
    written: Written | None = None
    disclaimer: str = DISCLAIMER

    def _repr_html_(self) -> str:
        """Show the brief in a notebook."""
        from mmrag.brief.notebook import fragment

        return fragment(self)
