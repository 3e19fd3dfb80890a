"""What the store takes and gives of panels: entries, conditions, filters, matches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from mmrag.records import Flag, LabReport, Observation, Sex
from mmrag.store.terms import RecordKey

Trend = Literal["rising", "falling"]


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
    negated : bool
        The panel measured at least one of the analytes (with a canonical value where there
        are limits, with a flag where there are flags) and no observation meets the rest.
    latest : bool
        Of each patient only the newest result of each analyte counts, among the panels that
        the filter leaves: one that is newer and does not meet the limits leaves the patient
        out. Results of one time are all the newest.
    trend : {"rising", "falling"} or None
        Of each patient only the newest canonical value of each analyte counts, and it is
        higher (lower) than the one before it among the panels that the filter leaves.
        Values of one time count as their mean when they are the ones before.
    group : str or None
        Conditions of one group are alternatives: a panel has to meet at least one of them.
    """

    analytes: tuple[str, ...] = ()
    loinc: tuple[str, ...] = ()
    lower: Bound | None = None
    upper: Bound | None = None
    flags: frozenset[Flag] = frozenset()
    negated: bool = False
    latest: bool = False
    trend: Trend | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class LabFilter:
    """Which panels may answer; every part that is given must hold.

    Attributes
    ----------
    sex : {"F", "M"} or None
    age_min, age_max : float or None
        Age on the day of the sample in years; a panel without an age is left out when
        either is given.
    age_min_inclusive, age_max_inclusive : bool
        Whether that age itself belongs.
    source : str or None
    patient : str or None
        ``source:identifier``.
    since, until : datetime.datetime or None
        Time of the sample, timezone aware, both included.
    diagnoses : tuple of (tuple of str)
        Of the codes of each, at least one is active for the patient on the day of the sample
        (in UTC; the days of onset and abatement belong to it).
    without : tuple of str
        None of these codes is active on that day.
    """

    sex: Sex | None = None
    age_min: float | None = None
    age_max: float | None = None
    age_min_inclusive: bool = True
    age_max_inclusive: bool = True
    source: str | None = None
    patient: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    diagnoses: tuple[tuple[str, ...], ...] = ()
    without: tuple[str, ...] = ()


EVERY_PANEL = LabFilter()
"""Leaves no panel out."""


@dataclass(frozen=True, slots=True)
class LabRanking:
    """How the parts of a panel's score weigh.

    ``score = abnormal * d / (1 + d) + similarity * cosine + recency * 2 ** -years``, where d
    is the largest absolute deviation among the observations that meet a condition, and years
    count back from the newest panel that qualifies. For a trend d is the change relative to
    the value before; without conditions and for negated ones it is 0.
    """

    abnormal: float = 0.5
    similarity: float = 0.5
    recency: float = 0.0


BALANCED = LabRanking()
"""Values and words weigh the same."""


@dataclass(frozen=True, slots=True)
class Change:
    """What went before the newest value of a patient's series.

    Attributes
    ----------
    index : int
        Of the newest value, into its report's observations.
    previous : float
        In the analyte's canonical unit.
    previous_at : datetime.datetime
        Time of the sample before.
    """

    index: int
    previous: float
    previous_at: datetime


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
        For each condition, in order, the indices into ``report.observations`` that meet it;
        for a negated one those that were measured.
    changes : tuple of Change
        For each observation that met a trend, the value before it.
    """

    report: LabReport
    score: float
    abnormal: float
    similarity: float
    recency: float
    matched: tuple[tuple[int, ...], ...]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class PlacedObservation:
    """One observation and the panel that holds it.

    Attributes
    ----------
    report : LabReport
    index : int
        Into ``report.observations``.
    """

    report: LabReport
    index: int

    @property
    def observation(self) -> Observation:
        """The observation itself."""
        return self.report.observations[self.index]


@dataclass(frozen=True, slots=True)
class LabSummary:
    """What a filter leaves of a condition's analytes, and how much of it meets the condition.

    Attributes
    ----------
    measured : int
        Observations that the condition is about: with a canonical value where it has limits,
        with a flag where it asks for flags.
    patients : int
        People they come from.
    values : int
        Those of them that have a canonical value.
    minimum, lower_quartile, median, upper_quartile, maximum : float or None
        Of the canonical values; None without values.
    flagged : int
        Observations that carry a flag.
    abnormal : int
        Of those, the ones flagged other than N.
    meeting : int
        Observations that meet the condition; for a negated one, those that are measured and
        do not meet the rest.
    meeting_patients : int
        People they come from.
    outermost : PlacedObservation or None
        The observation that goes farthest in the direction asked: the highest for a lower
        limit or high flags, the lowest for an upper limit or low flags, the one nearest to
        an interval; for flags of both sides the one farthest outside its range or, where
        none is outside, nearest to a bound of it; for a trend the largest change in its
        direction. Where nothing meets the condition it is what came nearest. Values that
        no range can be believed with (see ``Observation.deviation``) come last.
    """

    measured: int
    patients: int
    values: int
    minimum: float | None
    lower_quartile: float | None
    median: float | None
    upper_quartile: float | None
    maximum: float | None
    flagged: int
    abnormal: int
    meeting: int
    meeting_patients: int
    outermost: PlacedObservation | None

    @property
    def share_abnormal(self) -> float | None:
        """Of the flagged observations; None without any."""
        return self.abnormal / self.flagged if self.flagged else None


class SeriesPoint(NamedTuple):
    """One measurement in a patient's own series.

    Attributes
    ----------
    patient : str
    effective_at : datetime.datetime
        Orders the series; see `mmrag.records.LabReport`.
    value : float
        In the analyte's canonical unit.
    report : RecordKey
    day : float or None
        Where the source counts days instead of giving dates.
    loinc : str
    """

    patient: str
    effective_at: datetime
    value: float
    report: RecordKey
    day: float | None
    loinc: str
