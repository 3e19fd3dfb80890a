"""How many results in the whole store show what is asked, and what came nearest to it."""

from __future__ import annotations

from collections.abc import Iterator

from mmrag.brief import checks
from mmrag.brief.claims import Draft, cite_coverage
from mmrag.brief.model import LAB, Citation, ClaimKind
from mmrag.brief.plain import enumerated, number, plain
from mmrag.brief.wording import counted, in_decimals
from mmrag.retrieval.results import (
    CohortSummary,
    Coverage,
    Measurement,
    SearchResult,
    StateCoverage,
)
from mmrag.store.terms import RecordKey

_UNFLAGGED = " The others carry no flag: they are called neither normal nor abnormal."


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
        f"{_uncounted(coverage, state)}"
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
        f"{_uncounted(coverage, state)}"
    )
    figures = _figures(coverage, n, "measured", "patients", "showing", "in_range")
    return _draft("nothing-found", text, figures, near)


def _uncounted(coverage: Coverage, state: StateCoverage) -> str:
    """Say that results without a flag are not among those counted, where there are such."""
    without = [c for c in coverage.labs.cohort if c.analyte in state.analytes and _has_unflagged(c)]
    return " Results without a flag are not counted." if without else ""


def _has_unflagged(cohort: CohortSummary) -> bool:
    return cohort.values > cohort.flagged


def _never_measured(coverage: Coverage, states: list[tuple[int, StateCoverage]]) -> Draft:
    names = enumerated([_named(state) for _, state in states])
    figures = tuple(c for n, _ in states for c in _figures(coverage, n, "measured"))
    return _draft(
        "nothing-found", f"Nothing in the store was measured for: {names}.", figures, None
    )


def _spread(coverage: Coverage, n: int, cohort: CohortSummary) -> Draft:
    unit = plain(cohort.unit)
    median, lower, upper, least, most = (
        in_decimals(figure, cohort.analyte)
        for figure in (
            cohort.median,
            cohort.lower_quartile,
            cohort.upper_quartile,
            cohort.minimum,
            cohort.maximum,
        )
    )
    abnormal = f"; {cohort.abnormal} of {cohort.flagged} flagged results are abnormal"
    text = (
        f"{plain(cohort.name)} over {counted(cohort.values, 'result')} of "
        f"{counted(cohort.patients, 'patient')}: median {median} {unit}, "
        f"quartiles {lower} and {upper}, from {least} to {most}"
        f"{abnormal if cohort.flagged else ''}."
        f"{_UNFLAGGED if _has_unflagged(cohort) else ''}"
    )
    names = (
        *("values", "patients", "median", "lower_quartile", "upper_quartile"),
        *("minimum", "maximum", "flagged", "abnormal", "unit"),
    )
    figures = cite_coverage(coverage, "labs", *(f"cohort[{n}].{name}" for name in names))
    return _draft("cohort", text, figures, None)


def _named(state: StateCoverage) -> str:
    if not state.findings:
        return plain(state.state)
    findings = enumerated([plain(finding) for finding in state.findings])
    return f"{plain(state.state)} (bears on {findings})"


def _figures(coverage: Coverage, n: int, *names: str) -> tuple[Citation, ...]:
    said = ("state", "findings") if coverage.labs.states[n].findings else ("state",)
    return cite_coverage(coverage, "labs", *(f"states[{n}].{name}" for name in (*names, *said)))


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
