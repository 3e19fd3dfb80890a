"""A report on the terminal, and in files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from mmrag.evaluation.grids import Grid, grids_of
from mmrag.evaluation.plots import draw_plots
from mmrag.evaluation.report_page import FOLDER, ReportPage
from mmrag.evaluation.results import EvaluationReport

PAGE = ReportPage(
    "evaluation.md",
    "How well films and laboratory results are found",
    "<!-- report: mmrag eval --out -->",
)


def print_report(report: EvaluationReport, console: Console) -> None:
    """Draw every table on a terminal."""
    console.print(_summary(report), highlight=False)
    for grid in grids_of(report):
        table = Table(*grid.columns, title=grid.title, caption=grid.note, title_justify="left")
        for row in grid.rows:
            table.add_row(*row)
        console.print(table)


def write_report(report: EvaluationReport, folder: Path) -> Path:
    """Write page, plots and figures into a folder.

    A page that is there already keeps its text; only the block between its marks is replaced.

    Parameters
    ----------
    report : EvaluationReport
    folder : pathlib.Path
        Made where it is absent. Gets ``evaluation.md`` and, in ``evaluation/``, three plots
        and ``report.json`` with every figure.

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
        plots = draw_plots(report, beside)
        (beside / "report.json").write_text(report.model_dump_json(indent=1), encoding="utf-8")
        return markdown(report, plots)

    return PAGE.write(folder, make)


def markdown(report: EvaluationReport, plots: Mapping[str, Path]) -> str:
    """Put a report into Markdown, with the plots after the tables."""
    parts = [_summary(report), *(_markdown_table(grid) for grid in grids_of(report))]
    parts += [f"![{title}]({FOLDER}/{file.name})" for title, file in plots.items()]
    return "\n\n".join([*parts, *_reliability_lines(report)]) + "\n"


def _summary(report: EvaluationReport) -> str:
    drawn = f"95% intervals from {report.resamplings} resamplings of the patients"
    caution = " A quick run: too little was drawn by lot to quote it." if report.quick else ""
    left_out = f" {report.unreadable} films could not be read." if report.unreadable else ""
    blind = f" {report.out_of_fold} films have vectors out of fold." if report.out_of_fold else ""
    if report.others:
        blind += f" {report.others} other films of their patients have labels."
    return (
        f"mmrag {report.version}, encoder {report.fingerprint}, fusion {report.w_pixel:g} and "
        f"{report.w_label:g}; {drawn}.{blind}{left_out}{caution}"
    )


def _markdown_table(grid: Grid) -> str:
    lines = [f"**{grid.title}**", "", grid.note, "", _line(grid.columns)]
    lines += [_line(["---"] * len(grid.columns)), *map(_line, grid.rows)]
    return "\n".join(lines)


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _reliability_lines(report: EvaluationReport) -> Iterator[str]:
    for each in report.reliability:
        yield (
            f"Reliability of mmrag, {each.condition}: calibration error {each.error:.3f}, Brier "
            f"score {each.brier:.3f} (always saying the base rate: "
            f"{each.brier_of_base_rate:.3f})."
        )
