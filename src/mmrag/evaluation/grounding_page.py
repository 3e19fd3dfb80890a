"""The audit's report on the terminal and on its page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mmrag.evaluation.grounding_results import GroundingReport, Phase
from mmrag.evaluation.report_page import ReportPage

PAGE = ReportPage(
    "grounding.md",
    "Whether every sentence of the brief is borne out",
    "<!-- report: mmrag eval --brief --out -->",
)
FIGURES = "grounding.json"
"""Beside the page: every figure."""


def _share(part: int, whole: int) -> str:
    """Print a share that is 100% only when nothing is missing."""
    if part == whole:
        return f"100% of {whole:,}"
    return f"{min(100 * part / whole, 99.99):.2f}% of {whole:,}"


_MEASURES: tuple[tuple[str, Callable[[Phase], str]], ...] = (
    ("questions", lambda p: f"{p.questions:,}"),
    ("claims left out by the brief's own check", lambda p: f"{p.dropped:,}"),
    ("claims that the rows bear out", lambda p: _share(p.supported, p.claims)),
    ("numbers, days and findings that are cited", lambda p: _share(p.facts_cited, p.facts)),
    (
        "cited records that exist and belong to the answer",
        lambda p: _share(p.records_belong, p.records),
    ),
    (
        "normal results called abnormal",
        lambda p: f"{p.normal_called_abnormal:,} of {p.results_called:,}",
    ),
    ("claims that mix people", lambda p: f"{p.mixed:,} of {p.of_one_person:,}"),
    ("sentences with a diagnosis or advice", lambda p: f"{p.overstated:,} of {p.claims:,}"),
)


def print_grounding(report: GroundingReport, console: Console) -> None:
    """Draw the report on a terminal."""
    console.print(_summary(report), highlight=False)
    table = Table("", *(phase.name for phase in report.phases))
    for row in _rows(report):
        table.add_row(*row)
    console.print(table)
    console.print(_fallen(report), highlight=False)
    for line in _failures(report):
        console.print(line, highlight=False, markup=False)


def write_grounding(report: GroundingReport, folder: Path) -> Path:
    """Write the report into its page, and every figure beside it.

    A page that is there already keeps its text; only the block between its marks is replaced.

    Parameters
    ----------
    report : GroundingReport
    folder : pathlib.Path
        Made where it is absent. Gets ``grounding.md`` and ``evaluation/grounding.json``.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    InputError
        When the folder cannot be written, or its page lacks the marks.
    """

    def make(beside: Path) -> str:
        figures = report.model_dump_json(indent=1) + "\n"
        (beside / FIGURES).write_text(figures, encoding="utf-8")
        return markdown(report)

    return PAGE.write(folder, make)


def markdown(report: GroundingReport) -> str:
    """Put a report into Markdown."""
    names = [phase.name for phase in report.phases]
    lines = [_line(["", *names]), _line(["---", *("---:" for _ in names)])]
    lines += map(_line, _rows(report))
    failures = [f"- {_escaped(line)}" for line in _failures(report)]
    parts = [_summary(report), "\n".join(lines), _fallen(report), "\n".join(failures)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _rows(report: GroundingReport) -> Iterator[tuple[str, ...]]:
    for name, figure in _MEASURES:
        yield (name, *map(figure, report.phases))


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(line: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", line)


def _summary(report: GroundingReport) -> str:
    caution = " A quick run: too few questions to quote it." if report.quick else ""
    return (
        f"mmrag {report.version}, encoder {report.fingerprint}; {report.films:,} films, "
        f"{report.panels:,} panels and {report.results:,} results, {report.linked:,} of the films "
        f"given to a laboratory patient by lot.{caution}"
    )


def _fallen(report: GroundingReport) -> str:
    made = report.corruption
    return (
        f"{made.rows:,} rows were made wrong. {made.touched:,} claims of the earlier briefs no "
        f"longer hold then; {made.kept_by_checker:,} of them are printed all the same when the "
        f"earlier answers are held against the changed rows, {made.kept_when_asked_anew:,} when "
        "the questions are asked again."
    )


def _failures(report: GroundingReport) -> Iterator[str]:
    for phase in report.phases:
        for each in phase.failures:
            yield f"{phase.name}, {each.measure}: {each.question!r}: {each.claim} ({each.why})"
