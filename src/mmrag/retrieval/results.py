"""What a search answers, as the command line and the service print it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mmrag.clinical.question import ClinicalQuery
from mmrag.records import Flag, Sex
from mmrag.store import Space

Linkage = Literal["same-patient", "cohort"]


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FilmWhy(_Result):
    """How a film's score came about; `pixel` and `label` add up to it.

    Attributes
    ----------
    pixel, label : float
        Contribution of the pixels and of the labels to the score.
    without_labels : float
        The score that the pixels alone would give.
    labels : tuple of str
        The film's own labels that the question asks for.
    """

    pixel: float
    label: float
    without_labels: float
    labels: tuple[str, ...] = ()


class FilmHit(_Result):
    """One film that answers.

    Attributes
    ----------
    findings : tuple of str or None
        Text-mined or otherwise given labels; ``()`` for "No Finding", None when unlabelled.
    file : str
        The image on this machine; left out of every printed form.
    """

    rank: int
    leg: Literal["films"] = "films"
    id: str
    source: str
    patient: str | None
    score: float
    findings: tuple[str, ...] | None
    view: str | None
    age: float | None
    sex: Sex | None
    made_up: bool = False
    why: FilmWhy
    file: str = Field(exclude=True, repr=False)


class ObservationHit(_Result):
    """One result of a panel that answers.

    Attributes
    ----------
    value : float or None
        As written, in `unit`; None when the result is not a number (then `text`).
    low, high : float or None
        Reference range in `unit`.
    range_source, flag_source : str or None
        Citation of the range; what decided the flag.
    implausible : bool
        True when no living patient has such a value: most likely the unit is wrong in the
        source. The flag stands as it is; the value has no part in the order of panels.
    matched : bool
        True when it meets the question's laboratory constraint or, without one, when the
        question names it.
    """

    loinc: str
    name: str
    value: float | None
    text: str | None = None
    unit: str | None
    low: float | None = None
    high: float | None = None
    range_source: str | None = None
    flag: Flag | None = None
    flag_source: str | None = None
    analyte: str | None = None
    implausible: bool = False
    matched: bool = False


class LabWhy(_Result):
    """How a panel's score came about.

    Attributes
    ----------
    constraints : tuple of str
        The question's laboratory constraints that the panel meets, in words.
    bearing : tuple of str
        Results that bear on the findings asked for and are abnormal in the expected
        direction, in words.
    abnormal : float
        Part of the score that comes from values outside their range.
    similarity : float
        Part of the score that comes from the vector's sense of the words.
    recency : float
        Part of the score that comes from the time of the sample.
    """

    constraints: tuple[str, ...] = ()
    bearing: tuple[str, ...] = ()
    abnormal: float
    similarity: float
    recency: float = 0.0


class LabHit(_Result):
    """One panel that answers."""

    rank: int
    leg: Literal["labs"] = "labs"
    report: str
    source: str
    patient: str
    effective_at: datetime
    age: float | None = None
    sex: Sex | None = None
    score: float
    observations: tuple[ObservationHit, ...]
    made_up: bool = False
    why: LabWhy


class LegCoverage(_Result):
    """How far one leg looked.

    Attributes
    ----------
    requested, returned : int
    searched : int
        Records in the store that the leg looked at.
    qualifying : int
        Of those, the ones that meet the question's constraints.
    nearest : str or None
        Where nothing qualifies: how near the nearest record came, in words.
    """

    requested: int
    returned: int
    searched: int
    qualifying: int
    nearest: str | None = None


class Coverage(_Result):
    """How far both legs looked."""

    films: LegCoverage
    labs: LegCoverage


class SpaceInfo(_Result):
    """The embedding space that answered."""

    encoder: str
    fingerprint: str
    w_pixel: float
    w_label: float

    @classmethod
    def of(cls, space: Space) -> SpaceInfo:
        """Take the space as the store keeps it."""
        return cls(
            encoder=space.encoder,
            fingerprint=space.fingerprint,
            w_pixel=space.w_pixel,
            w_label=space.w_label,
        )


class SearchResult(_Result):
    """Films and laboratory panels side by side.

    Attributes
    ----------
    merged : tuple of (str, str)
        Leg and record identifier of every hit, the legs taking turns by rank.
    linkage : {"same-patient", "cohort"}
        ``same-patient`` when at least one returned film and one returned panel belong to
        the same person of the same source; ``cohort`` otherwise.
    """

    query: ClinicalQuery
    films: tuple[FilmHit, ...]
    labs: tuple[LabHit, ...]
    coverage: Coverage
    linkage: Linkage
    merged: tuple[tuple[Literal["films", "labs"], str], ...]
    space: SpaceInfo
