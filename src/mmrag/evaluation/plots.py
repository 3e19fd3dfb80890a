"""Three pictures of a report: AP by labels, AP of each finding, reliability."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmrag.evaluation.grids import ALL_LABELS, NO_LABELS
from mmrag.evaluation.methods import METHODS, PRODUCT
from mmrag.evaluation.results import EvaluationReport
from mmrag.evaluation.tables import COVERAGES, coverage_name

_DPI = 110
_LABEL_FILTER = "label filter"


def draw_plots(report: EvaluationReport, folder: Path) -> Mapping[str, Path]:
    """Draw into a folder.

    Parameters
    ----------
    report : EvaluationReport
    folder : pathlib.Path
        Must be there.

    Returns
    -------
    mapping of str to pathlib.Path
        Files by what they show.
    """
    drawn = {
        "AP by how many films have labels": _by_coverage(report),
        "AP of each finding": _by_finding(report),
        "Reliability": _reliability(report),
    }
    names = ("coverage.png", "findings.png", "reliability.png")
    files = {}
    for (title, figure), name in zip(drawn.items(), names, strict=True):
        files[title] = folder / name
        # without the library's version in the file, equal figures give equal files
        figure.savefig(folder / name, metadata={"Software": None})
    return files


def _by_coverage(report: EvaluationReport) -> Figure:
    figure, axes = _axes(7, 4.5)
    judge = report.judges[0]
    for method in METHODS:
        points = []
        for share in COVERAGES:
            row = report.mean_row(judge.name, "name", coverage_name(share), method)
            if row is not None:
                points.append((100 * share, row.figures["AP"]))
        places, figures = [x for x, _ in points], [y for _, y in points]
        (line,) = axes.plot(
            places,
            [y.value for y in figures],
            marker="o",
            label=method,
            linewidth=2.5 if method == PRODUCT else 1.2,
        )
        if method == PRODUCT:
            axes.fill_between(
                places,
                [y.low for y in figures],
                [y.high for y in figures],
                alpha=0.15,
                color=line.get_color(),
            )
    axes.set_xlabel("films with labels, %")
    axes.set_ylabel("AP, mean over findings")
    axes.set_title(f"Judge: {judge.title}")
    axes.legend(fontsize=7)
    return figure


def _by_finding(report: EvaluationReport) -> Figure:
    figure, axes = _axes(8, 4.5)
    judge = report.judges[0]
    shown = ((PRODUCT, NO_LABELS), (PRODUCT, ALL_LABELS), (_LABEL_FILTER, ALL_LABELS))
    for offset, (method, condition) in enumerate(shown):
        rows = [
            row
            for row in report.rows
            if (row.judge, row.kind, row.method, row.condition)
            == (judge.name, "name", method, condition)
            and row.subject is not None
        ]
        values = [row.figures["AP"] for row in rows]
        axes.bar(
            [place + 0.27 * (offset - 1) for place in range(len(rows))],
            [y.value for y in values],
            width=0.25,
            yerr=[
                [max(0.0, y.value - y.low) for y in values],
                [max(0.0, y.high - y.value) for y in values],
            ],
            error_kw={"linewidth": 0.8},
            label=f"{method}, {condition}",
        )
        axes.set_xticks(
            range(len(rows)),
            [
                f"{(row.subject or '').replace('_', ' ')}\n({judge.positives[row.subject or '']})"
                for row in rows
            ],
            fontsize=6,
            rotation=20,
        )
    axes.set_ylabel("AP")
    axes.set_title(f"Judge: {judge.title} (films that show the finding in brackets)", fontsize=9)
    axes.legend(fontsize=7)
    return figure


def _reliability(report: EvaluationReport) -> Figure:
    figure, axes = _axes(5, 4.5)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    for each in report.reliability:
        seen = [tenth.seen for tenth in each.tenths]
        axes.errorbar(
            [tenth.predicted for tenth in each.tenths],
            [y.value for y in seen],
            yerr=[
                [max(0.0, y.value - y.low) for y in seen],
                [max(0.0, y.high - y.value) for y in seen],
            ],
            marker="o",
            capsize=2,
            label=f"{PRODUCT}, {each.condition}",
        )
    axes.set_xlabel("P(finding), by what other patients taught")
    axes.set_ylabel("share that shows the finding")
    if report.reliability:
        axes.legend(fontsize=8)
    return figure


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.grid(alpha=0.3)
    return figure, axes
