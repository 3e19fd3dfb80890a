"""What the store takes and gives of panels: entries, conditions, filters, matches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from mmrag.records import Flag, LabReport, Sex
from mmrag.store.terms import RecordKey


@dataclass(frozen=True, slots=True)
class LabEntry:
    """One panel to be written; its vector travels beside it in an array.

    Attributes
    ----------
    report : LabReport
    panel : str
        The text that was embedded; equal texts must come with equal vectors.
    record_hash : str
        Of the whole panel; the ingest decides what goes into it.
    """

    report: LabReport
    panel: str
    record_hash: str

    @property
    def key(self) -> RecordKey:
        """Its name in the store."""
        return RecordKey(self.report.provenance.source, self.report.id)


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of an interval, in the analyte's canonical unit."""

    value: float
    inclusive: bool = True


@dataclass(frozen=True, slots=True)
class LabCondition:
    """A constraint that at least one observation of a panel has to meet.

    Attributes
    ----------
    analytes : tuple of str
        Keys of the analyte table; an observation counts when its analyte is one of them...
    loinc : tuple of str
        ...or its LOINC code is one of these.
    lower, upper : Bound or None
        Limits on the canonical value. An observation without one never meets them.
    flags : frozenset of {"LL", "L", "N", "H", "HH"}
        The observation's flag is one of these; empty asks for no flag.
    """

    analytes: tuple[str, ...] = ()
    loinc: tuple[str, ...] = ()
    lower: Bound | None = None
    upper: Bound | None = None
    flags: frozenset[Flag] = frozenset()


@dataclass(frozen=True, slots=True)
class LabFilter:
    """Which panels may answer; every part that is given must hold.

    Attributes
    ----------
    sex : {"F", "M"} or None
    age_min, age_max : float or None
        Age on the day of the sample in years, both included; a panel without an age is left
        out when either is given.
    source : str or None
    patient : str or None
        ``source:identifier``.
    since, until : datetime.datetime or None
        Time of the sample, timezone aware, both included.
    diagnoses : tuple of str
        Codes of which at least one is active for the patient on the day of the sample.
    latest : bool
        Of each patient only the newest panel that meets everything else.
    """

    sex: Sex | None = None
    age_min: float | None = None
    age_max: float | None = None
    source: str | None = None
    patient: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    diagnoses: tuple[str, ...] = ()
    latest: bool = False


EVERY_PANEL = LabFilter()
"""Leaves no panel out."""


@dataclass(frozen=True, slots=True)
class LabRanking:
    """How the parts of a panel's score weigh.

    ``score = abnormal * d / (1 + d) + similarity * cosine + recency * 2 ** -years``, where d
    is the largest absolute deviation among the observations that meet a condition (0 without
    conditions), and years count back from the newest panel that qualifies.
    """

    abnormal: float = 0.5
    similarity: float = 0.5
    recency: float = 0.0


BALANCED = LabRanking()
"""Values and words weigh the same."""


@dataclass(frozen=True, slots=True)
class LabMatch:
    """One panel that a search found.

    Attributes
    ----------
    report : LabReport
    score : float
        By which it ranks: the sum of the three parts below.
    abnormal, similarity, recency : float
        The weighted parts of `score`.
    matched : tuple of (tuple of int)
        For each condition, in order, the indices into ``report.observations`` that meet it.
    """

    report: LabReport
    score: float
    abnormal: float
    similarity: float
    recency: float
    matched: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class NearestObservation:
    """The observation that comes nearest to a condition which none meets.

    Attributes
    ----------
    report : LabReport
    index : int
        Into ``report.observations``.
    """

    report: LabReport
    index: int


@dataclass(frozen=True, slots=True)
class LabSummary:
    """An analyte over a cohort.

    Attributes
    ----------
    values : int
        Observations with a canonical value.
    patients : int
        People they come from.
    minimum, lower_quartile, median, upper_quartile, maximum : float or None
        In the analyte's canonical unit; None without values.
    flagged : int
        Observations, of all, that carry a flag.
    abnormal : int
        Of those, the ones flagged other than N.
    """

    values: int
    patients: int
    minimum: float | None
    lower_quartile: float | None
    median: float | None
    upper_quartile: float | None
    maximum: float | None
    flagged: int
    abnormal: int

    @property
    def share_abnormal(self) -> float | None:
        """Of the flagged observations; None without any."""
        return self.abnormal / self.flagged if self.flagged else None


class SeriesPoint(NamedTuple):
    """One measurement in a patient's own series."""

    patient: str
    effective_at: datetime
    value: float
    report: RecordKey
