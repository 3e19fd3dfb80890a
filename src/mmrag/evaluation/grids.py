"""The report as plain tables, which terminal and Markdown draw alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mmrag.evaluation.estimate import Interval
from mmrag.evaluation.measures import MEASURES, VIOLATION
from mmrag.evaluation.methods import METHODS, PRODUCT
from mmrag.evaluation.results import Check, EvaluationReport, JudgeInfo
from mmrag.evaluation.tables import COVERAGES, MISSING, coverage_name

NO_LABELS, ALL_LABELS = coverage_name(0.0), coverage_name(1.0)
_MISSING_FIGURE = "-"
_KINDS = (
    ("name", "name"),
    ("paraphrase", "paraphrase"),
    ("unlisted", "not in the lexicon"),
    ("compound", "two findings"),
    ("negated", "one without another"),
    ("normal", "normal chest"),
)


@dataclass(frozen=True, slots=True)
class Grid:
    """One table.

    Attributes
    ----------
    title : str
    note : str
        A sentence below the title.
    columns : tuple of str
    rows : tuple of tuple of str
    """

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def grids_of(report: EvaluationReport) -> Iterator[Grid]:
    """All tables of a report, the most important first."""
    for judge in report.judges:
        if judge.counted:
            yield from _grids_of_judge(report, judge)
    yield _checks(report)
    if report.labs is not None:
        yield from _lab_grids(report)


def _grids_of_judge(report: EvaluationReport, judge: JudgeInfo) -> Iterator[Grid]:
    first = judge is report.judges[0]
    yield _by_coverage(report, judge, "AP")
    if not first:
        return
    yield _by_coverage(report, judge, "P@10")
    for condition in (NO_LABELS, ALL_LABELS):
        yield _measures(report, judge, condition)
    yield _by_kind(report, judge)
    yield _by_finding(report, judge)


def _by_coverage(report: EvaluationReport, judge: JudgeInfo, measure: str) -> Grid:
    conditions = (*(coverage_name(share) for share in COVERAGES), MISSING)
    return Grid(
        f"{measure} by how many films have labels; judge: {judge.title}",
        f"{judge.films} films of {judge.patients} patients, {judge.caveat}. Asked by name, mean "
        f"over {len(judge.counted)} findings.",
        ("method", *conditions),
        tuple(
            (method, *(_figure(report, judge, "name", c, method, measure) for c in conditions))
            for method in METHODS
        ),
    )


def _measures(report: EvaluationReport, judge: JudgeInfo, condition: str) -> Grid:
    return Grid(
        f"Every measure, {condition}; judge: {judge.title}",
        "The last column is the paired difference in AP, mmrag minus the method; a star marks an "
        "interval without zero.",
        ("method", *MEASURES, "mmrag - method"),
        tuple(
            (
                method,
                *(_figure(report, judge, "name", condition, method, m) for m in MEASURES),
                _difference(report, judge, condition, method),
            )
            for method in METHODS
        ),
    )


def _by_kind(report: EvaluationReport, judge: JudgeInfo) -> Grid:
    def row(method: str, condition: str) -> tuple[str, ...]:
        return (
            f"{method}, {condition}",
            *(_figure(report, judge, kind, condition, method, "AP") for kind, _ in _KINDS),
            _figure(report, judge, "negated", condition, method, VIOLATION),
        )

    return Grid(
        f"AP by kind of question; judge: {judge.title}",
        "The last column is the share of the first ten films that show what was ruled out.",
        ("method", *(title for _, title in _KINDS), VIOLATION),
        tuple(row(m, condition) for condition in (NO_LABELS, ALL_LABELS) for m in METHODS),
    )


def _by_finding(report: EvaluationReport, judge: JudgeInfo) -> Grid:
    shown = ((PRODUCT, NO_LABELS), (PRODUCT, ALL_LABELS), ("label filter", ALL_LABELS))
    columns = ("random", *(f"{method}, {condition}" for method, condition in shown))
    by_key = {
        (row.subject, row.method, row.condition): row.figures
        for row in report.rows
        if row.judge == judge.name and row.kind == "name" and row.subject is not None
    }
    subjects = [name for name in judge.positives if (name, PRODUCT, ALL_LABELS) in by_key]
    return Grid(
        f"AP (and AUC of pixels alone) for each finding; judge: {judge.title}",
        "Findings with fewer films than the mean asks for are shown, and mean little.",
        ("finding", "films", *columns, "AUC, labels 0%"),
        tuple(
            (
                name,
                str(judge.positives[name]),
                _shown(by_key[name, "random", ALL_LABELS]["AP"]),
                *(_shown(by_key[name, method, c]["AP"]) for method, c in shown),
                _shown(by_key[name, PRODUCT, NO_LABELS]["AUC"]),
            )
            for name in subjects
        ),
    )


def _checks(report: EvaluationReport) -> Grid:
    return Grid(
        "Leak checks",
        "Each figure must be what chance gives when the truth is hidden; the last but one column "
        "is the same figure unhidden.",
        ("check", "of", "figure", "allowed", "unhidden", "verdict"),
        tuple(_check_row(check) for check in report.checks),
    )


def _check_row(check: Check) -> tuple[str, ...]:
    verdict = {True: "at chance", False: "LEAK", None: "the encoder does not say"}[check.passed]
    counted = check.low == check.high == 0
    form = "{:.0f}" if counted else "{:.3f}"
    return (
        check.name,
        check.subject,
        _MISSING_FIGURE if check.value is None else form.format(check.value),
        "0" if counted else f"{check.low:.3f} to {check.high:.3f}",
        _MISSING_FIGURE if check.unhidden is None else form.format(check.unhidden),
        verdict,
    )


def _lab_grids(report: EvaluationReport) -> Iterator[Grid]:
    labs = report.labs
    if labs is None:
        return
    inexact = [a for a in labs.answers if a.precision < 1 or a.recall < 1]
    yield Grid(
        "Laboratory questions with an exact answer",
        f"{len(labs.answers)} numeric questions against a plain reading of the file; single "
        f"questions are listed where an answer is not exact.",
        ("", "precision", "recall", "precision of rows embedded as text"),
        (
            ("mean", f"{labs.precision:.3f}", f"{labs.recall:.3f}", f"{labs.embedded:.3f}"),
            *(
                (
                    answer.text,
                    f"{answer.precision:.3f}",
                    f"{answer.recall:.3f}",
                    _MISSING_FIGURE if answer.embedded is None else f"{answer.embedded:.3f}",
                )
                for answer in inexact
            ),
        ),
    )
    yield Grid(
        "Films and panels in the first twenty places",
        "Questions that name a finding and a laboratory result; 1 is ten and ten.",
        ("", "questions", "balance", "questions in which one is absent"),
        tuple(
            (each.way, str(each.questions), f"{each.balance:.2f}", f"{each.drowned:.0%}")
            for each in labs.balance
        ),
    )


def _figure(
    report: EvaluationReport, judge: JudgeInfo, kind: str, condition: str, method: str, name: str
) -> str:
    row = report.mean_row(judge.name, kind, condition, method)
    return _MISSING_FIGURE if row is None else _shown(row.figures[name])


def _difference(report: EvaluationReport, judge: JudgeInfo, condition: str, method: str) -> str:
    row = report.mean_row(judge.name, "name", condition, method)
    if row is None or "AP" not in row.product_minus:
        return _MISSING_FIGURE
    difference = row.product_minus["AP"]
    mark = "*" if difference.excludes_zero else ""
    return f"{difference.value:+.3f} ({difference.low:+.3f} to {difference.high:+.3f}){mark}"


def _shown(figure: Interval) -> str:
    return f"{figure.value:.3f} ({figure.low:.2f}-{figure.high:.2f})"
