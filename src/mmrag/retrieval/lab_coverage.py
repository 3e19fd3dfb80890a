"""How far the laboratory leg looked: states, cohorts and the nearest values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmrag.clinical.analytes import analyte
from mmrag.clinical.bearing import Expectation
from mmrag.clinical.interpret import is_implausible
from mmrag.clinical.question import ClinicalQuery, LabTerm
from mmrag.retrieval.lab_words import state_words
from mmrag.retrieval.results import CohortSummary, Measurement, StateCoverage
from mmrag.store import LabCondition, LabFilter, LabSummary, PlacedObservation, Store


@dataclass(frozen=True, slots=True)
class Survey:
    """What a filter leaves of the results that a question is about.

    Attributes
    ----------
    states : tuple of StateCoverage
    cohort : tuple of CohortSummary
    """

    states: tuple[StateCoverage, ...]
    cohort: tuple[CohortSummary, ...] = ()

    @property
    def nearest(self) -> str | None:
        """Name, for each state that nothing shows, the value that came nearest."""
        return "; ".join(_nearest(state) for state in self.states if not state.showing) or None


def survey_terms(
    query: ClinicalQuery, conditions: Sequence[LabCondition], store: Store, where: LabFilter
) -> Survey:
    """Survey the laboratory constraints of a question in one pass over the store.

    Parameters
    ----------
    query : ClinicalQuery
        Its laboratory terms are in the order of `conditions`.
    conditions : sequence of LabCondition
    store : Store
    where : LabFilter

    Returns
    -------
    Survey
    """
    series = _series(query.labs)
    summaries = store.labs.summaries([*conditions, *series], where)
    asked, measured = summaries[: len(conditions)], summaries[len(conditions) :]
    return Survey(
        states=tuple(
            _state(state_words(term), term.keys, (), summary)
            for term, summary in zip(query.labs, asked, strict=True)
        ),
        cohort=tuple(
            found
            for condition, summary in zip(series, measured, strict=True)
            if (found := _cohort(condition.analytes[0], summary)) is not None
        ),
    )


def survey_expectations(expected: Sequence[Expectation], store: Store, where: LabFilter) -> Survey:
    """Survey the states that bear on a question's findings in one pass over the store.

    Parameters
    ----------
    expected : sequence of Expectation
    store : Store
    where : LabFilter

    Returns
    -------
    Survey
    """
    conditions = [LabCondition(analytes=(e.analyte,), flags=e.flags) for e in expected]
    summaries = store.labs.summaries(conditions, where)
    return Survey(
        tuple(
            _state(e.state, (e.analyte,), e.findings, summary)
            for e, summary in zip(expected, summaries, strict=True)
        )
    )


def _series(terms: Sequence[LabTerm]) -> list[LabCondition]:
    """Give each analyte that the terms name once, by the results that they ask for."""
    return list(
        dict.fromkeys(
            LabCondition(analytes=(key,), latest=term.time == "latest")
            for term in terms
            for key in term.keys
        )
    )


def _state(
    words: str, analytes: tuple[str, ...], findings: tuple[str, ...], summary: LabSummary
) -> StateCoverage:
    outermost = summary.outermost
    return StateCoverage(
        state=words,
        analytes=analytes,
        findings=findings,
        measured=summary.measured,
        patients=summary.patients,
        showing=summary.meeting,
        showing_patients=summary.meeting_patients,
        in_range=summary.flagged - summary.abnormal,
        outermost=None if outermost is None else _measurement(outermost),
    )


def _measurement(placed: PlacedObservation) -> Measurement:
    report, observation = placed.report, placed.observation
    return Measurement(
        report=report.id,
        source=report.provenance.source,
        patient=report.patient,
        effective_at=report.sampled_at,
        day=report.day,
        loinc=observation.loinc,
        name=observation.name,
        value=observation.value,
        unit=observation.unit,
        flag=observation.flag,
        implausible=is_implausible(observation),
        made_up=report.provenance.made_up,
    )


def _cohort(key: str, summary: LabSummary) -> CohortSummary | None:
    quartiles = (summary.lower_quartile, summary.median, summary.upper_quartile)
    figures = (summary.minimum, *quartiles, summary.maximum)
    minimum, lower, median, upper, maximum = figures
    if minimum is None or lower is None or median is None or upper is None or maximum is None:
        return None
    known = analyte(key)
    return CohortSummary(
        analyte=key,
        name=known.name,
        unit=known.unit,
        values=summary.values,
        patients=summary.patients,
        minimum=minimum,
        lower_quartile=lower,
        median=median,
        upper_quartile=upper,
        maximum=maximum,
        flagged=summary.flagged,
        abnormal=summary.abnormal,
        share_abnormal=summary.share_abnormal,
    )


def _nearest(state: StateCoverage) -> str:
    near = state.outermost
    if near is None or near.value is None:
        return f"{state.state}: nothing measured"
    value = f"{near.value:g} {near.unit or ''}".strip()
    return (
        f"{state.state}: none of {state.measured:,} values, {state.in_range:,} in range, "
        f"nearest {value} ({near.report})"
    )
