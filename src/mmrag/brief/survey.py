"""How many results in the whole store show what is asked, and what came nearest to it."""

from __future__ import annotations

from collections.abc import Iterator

from mmrag.brief import checks
from mmrag.brief.claims import Draft, cite_coverage
from mmrag.brief.model import LAB, Citation, ClaimKind
from mmrag.brief.plain import enumerated, number, plain
from mmrag.brief.wording import counted
from mmrag.retrieval.results import (
    CohortSummary,
    Coverage,
    Measurement,
    SearchResult,
    StateCoverage,
)
from mmrag.store.terms import RecordKey


def survey_claims(result: SearchResult) -> Iterator[Draft]:
    """Say for each state how often it occurs, or that it was not found or never measured."""
    coverage = result.coverage
    states = list(enumerate(coverage.labs.states))
    yield from (_shown(coverage, n, s) for n, s in states if s.showing)
    yield from (_not_found(coverage, n, s) for n, s in states if s.measured and not s.showing)
    never = [(n, s) for n, s in states if not s.measured]
    if never:
        yield _never_measured(coverage, never)
    yield from (_spread(coverage, n, c) for n, c in enumerate(coverage.labs.cohort))


def _shown(coverage: Coverage, n: int, state: StateCoverage) -> Draft:
    text = (
        f"{_named(state)}: shown by {state.showing} of {counted(state.measured, 'result')} in "
        f"the store, in {state.showing_patients} of {counted(state.patients, 'patient')}."
    )
    figures = ("measured", "patients", "showing", "showing_patients")
    return _draft("cohort", text, _figures(coverage, n, *figures), None)


def _not_found(coverage: Coverage, n: int, state: StateCoverage) -> Draft:
    near = state.outermost
    nearest = ""
    if near is not None and near.value is not None:
        unit = f" {plain(near.unit)}" if near.unit else ""
        nearest = f"; the nearest is {number(near.value)}{unit}"
    text = (
        f"{_named(state)}: none found among {counted(state.measured, 'result')} of "
        f"{counted(state.patients, 'patient')}, {state.in_range} in their range{nearest}."
    )
    figures = _figures(coverage, n, "measured", "patients", "showing", "in_range")
    return _draft("nothing-found", text, figures, near)


def _never_measured(coverage: Coverage, states: list[tuple[int, StateCoverage]]) -> Draft:
    names = enumerated([_named(state) for _, state in states])
    figures = tuple(c for n, _ in states for c in _figures(coverage, n, "measured"))
    return _draft(
        "nothing-found", f"Nothing in the store was measured for: {names}.", figures, None
    )


def _spread(coverage: Coverage, n: int, cohort: CohortSummary) -> Draft:
    unit = plain(cohort.unit)
    abnormal = f"; {cohort.abnormal} of {cohort.flagged} flagged results are abnormal"
    text = (
        f"{plain(cohort.name)} over {counted(cohort.values, 'result')} of "
        f"{counted(cohort.patients, 'patient')}: median {number(cohort.median)} {unit}, "
        f"quartiles {number(cohort.lower_quartile)} and {number(cohort.upper_quartile)}, "
        f"from {number(cohort.minimum)} to {number(cohort.maximum)}"
        f"{abnormal if cohort.flagged else ''}."
    )
    names = ("values", "patients", "median", "minimum", "maximum", "abnormal")
    figures = cite_coverage(coverage, "labs", *(f"cohort[{n}].{name}" for name in names))
    return _draft("cohort", text, figures, None)


def _named(state: StateCoverage) -> str:
    if not state.findings:
        return plain(state.state)
    findings = enumerated([plain(finding) for finding in state.findings])
    return f"{plain(state.state)} (bears on {findings})"


def _figures(coverage: Coverage, n: int, *names: str) -> tuple[Citation, ...]:
    return cite_coverage(coverage, "labs", *(f"states[{n}].{name}" for name in names))


def _draft(
    kind: ClaimKind, text: str, figures: tuple[Citation, ...], near: Measurement | None
) -> Draft:
    located: tuple[Citation, ...] = ()
    reports: tuple[RecordKey, ...] = ()
    if near is not None and near.value is not None:
        field = f"observations[{near.loinc}].value"
        located = (Citation(record=LAB + near.report, field=field, value=near.value),)
        reports = (RecordKey(near.source, near.report),)
    return Draft(
        kind=kind,
        section="laboratory",
        text=text,
        citations=(*figures, *located),
        check=checks.LegLooked("labs"),
        reports=reports,
    )
