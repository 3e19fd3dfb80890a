"""A question's laboratory terms as conditions that SQL decides exactly."""

from __future__ import annotations

from datetime import UTC, datetime, time

from mmrag.clinical.lab_units import Interval, interval_of
from mmrag.clinical.question import ClinicalQuery, LabTerm, PeriodTerm
from mmrag.records import Flag
from mmrag.store import Bound, LabCondition, LabFilter

_HIGH: frozenset[Flag] = frozenset({"H", "HH"})
_LOW: frozenset[Flag] = frozenset({"L", "LL"})
_CRITICAL: frozenset[Flag] = frozenset({"LL", "HH"})
_NORMAL: frozenset[Flag] = frozenset({"N"})


def conditions_of(query: ClinicalQuery) -> list[LabCondition]:
    """Turn each laboratory term into its condition, in their order.

    Parameters
    ----------
    query : ClinicalQuery

    Returns
    -------
    list of LabCondition
    """
    return [_condition(term) for term in query.labs]


def lab_filter(query: ClinicalQuery) -> LabFilter:
    """Constraints of the question on patient and time; its diagnoses are resolved."""
    patient, period = query.patient, query.period or PeriodTerm()
    return LabFilter(
        source=query.among.labs,
        sex=patient.sex,
        age_min=patient.age_min,
        age_max=patient.age_max,
        age_min_inclusive=patient.age_min_inclusive,
        age_max_inclusive=patient.age_max_inclusive,
        since=None if period.since is None else datetime.combine(period.since, time.min, UTC),
        until=None if period.until is None else datetime.combine(period.until, time.max, UTC),
        diagnoses=tuple(term.codes for term in query.diagnoses if not term.negated),
        without=tuple(code for t in query.diagnoses if t.negated for code in t.codes),
    )


def _condition(term: LabTerm) -> LabCondition:
    interval = interval_of(term) or Interval()
    flags, denied = _flags(term)
    return LabCondition(
        analytes=term.keys,
        lower=_bound(interval.low, interval.low_included),
        upper=_bound(interval.high, interval.high_included),
        flags=flags,
        negated=term.negated != denied,
        latest=term.time == "latest",
        trend=term.trend,
        group=term.group,
    )


def _bound(value: float | None, inclusive: bool) -> Bound | None:
    return None if value is None else Bound(value, inclusive)


def _flags(term: LabTerm) -> tuple[frozenset[Flag], bool]:
    """Find the flags that meet the term, and whether the term is their denial.

    A single analyte is normal by its flag. A group is normal when none of its members is
    abnormal: one normal member among abnormal ones does not make a normal blood count.
    """
    if term.comparison != "flagged":
        return frozenset(), False
    if term.flag == "normal":
        return (_HIGH | _LOW, True) if term.analytes else (_NORMAL, False)
    sided = {"high": _HIGH, "low": _LOW}.get(term.flag or "abnormal", _HIGH | _LOW)
    return (sided & _CRITICAL if term.critical else sided), False
