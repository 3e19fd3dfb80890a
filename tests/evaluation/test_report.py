"""The report: every table, the page's block, plots, and the command."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from mmrag.errors import InputError, MmragError, SourceError
from mmrag.eval_cli import eval_command
from mmrag.evaluation import run
from mmrag.evaluation.bench import Bench
from mmrag.evaluation.collection import films_of
from mmrag.evaluation.leaks import leak_checks
from mmrag.evaluation.methods import METHODS, PRODUCT
from mmrag.evaluation.reliability import reliability_of
from mmrag.evaluation.report_page import END
from mmrag.evaluation.results import Check, EvaluationReport
from mmrag.evaluation.tables import by_coverage, measure, other_wordings
from mmrag.evaluation.written import PAGE, print_report, write_report
from mmrag.sources.demo import DemoFolders

OUT_OF_FOLD = Path(__file__).resolve().parents[2] / "training" / "out_of_fold.npz"


@pytest.fixture(scope="module")
def report(bench: Bench) -> EvaluationReport:
    rows = tuple(
        row
        for setting in (*by_coverage(bench), *other_wordings(bench))
        for row in measure(bench, setting)
    )
    return EvaluationReport(
        version="0",
        encoder="compact",
        fingerprint="compact:0:fp32",
        w_pixel=0.7,
        w_label=0.3,
        quick=True,
        resamplings=bench.effort.resamplings,
        unreadable=0,
        judges=(run.judge_info(bench),),
        rows=rows,
        checks=tuple(leak_checks(bench, None)),
        reliability=reliability_of(bench),
        labs=None,
    )


def test_every_method_is_measured_under_every_condition(report: EvaluationReport) -> None:
    asked = {(row.kind, row.condition) for row in report.rows}
    assert len(asked) == 5 + 2 * 5
    for kind, condition in asked:
        for method in METHODS:
            row = report.mean_row("experts", kind, condition, method)
            assert row is not None, (kind, condition, method)
            assert bool(row.product_minus) == (method != PRODUCT)


def test_labels_help_and_their_absence_is_chance(report: EvaluationReport) -> None:
    def ap(method: str, condition: str) -> float:
        row = report.mean_row("experts", "name", condition, method)
        assert row is not None
        return row.figures["AP"].value

    assert ap("label filter", "labels 0%") == ap("random", "labels 0%")
    assert ap("label filter", "labels 25%") < ap("label filter", "labels 100%")
    assert ap("pixels only", "labels 0%") == ap("pixels only", "labels 100%")
    assert ap(PRODUCT, "labels 100%") > ap(PRODUCT, "labels 0%") > ap("random", "labels 0%")


def test_the_terminal_shows_it_all(report: EvaluationReport) -> None:
    out = StringIO()
    print_report(report, Console(file=out, width=200))
    text = out.getvalue()
    for part in (*METHODS, "Leak checks", "at chance", "Cardiomegaly", "A quick run"):
        assert part in text


def test_a_page_keeps_its_own_words(report: EvaluationReport, tmp_path: Path) -> None:
    page = tmp_path / "evaluation.md"
    page.write_text(
        f"Before.\n\n{PAGE.begin}\nan earlier report\n{END}\n\nAfter.\n", encoding="utf-8"
    )
    assert write_report(report, tmp_path) == page
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before.")
    assert text.endswith("After.\n")
    assert "an earlier report" not in text
    first = text
    write_report(report, tmp_path)
    assert page.read_text(encoding="utf-8") == first
    plots = sorted(file.name for file in (tmp_path / "evaluation").glob("*.png"))
    assert plots == ["coverage.png", "findings.png", "reliability.png"]
    assert all(f"evaluation/{name}" in text for name in plots)
    kept = json.loads((tmp_path / "evaluation" / "report.json").read_text(encoding="utf-8"))
    assert EvaluationReport.model_validate(kept) == report


def test_a_new_folder_gets_a_page(report: EvaluationReport, tmp_path: Path) -> None:
    page = write_report(report, tmp_path / "new")
    assert page.read_text(encoding="utf-8").startswith("# ")


def test_a_page_without_marks_is_left_alone(report: EvaluationReport, tmp_path: Path) -> None:
    (tmp_path / "evaluation.md").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="add them"):
        write_report(report, tmp_path)
    assert (tmp_path / "evaluation.md").read_text(encoding="utf-8") == "mine"


app = typer.Typer()
app.command()(eval_command)


def test_without_films_the_command_says_what_to_give() -> None:
    answer = CliRunner().invoke(app, [])
    assert isinstance(answer.exception, InputError)
    assert "--data DIR" in str(answer.exception)


def test_too_few_films_are_refused(tmp_path: Path, made_up: DemoFolders) -> None:
    (tmp_path / "images").mkdir()
    film = next(made_up.films.rglob("*.png"))
    (tmp_path / "images" / film.name).write_bytes(film.read_bytes())
    answer = CliRunner().invoke(app, ["--data", str(tmp_path)])
    assert isinstance(answer.exception, SourceError)
    assert "at least 20" in str(answer.exception)


def test_films_without_experts_are_judged_by_their_labels(made_up: DemoFolders) -> None:
    answer = CliRunner().invoke(app, ["--data", str(made_up.films), "--quick", "--json"])
    assert answer.exception is None, answer.output
    made = EvaluationReport.model_validate_json(answer.stdout)
    labelled = sum(film.findings is not None for film in films_of(made_up.films)[0])
    assert [judge.name for judge in made.judges] == ["nih-labels"]
    assert made.judges[0].films == labelled


def test_a_leak_is_loud(
    report: EvaluationReport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    leak = Check(name="labels shuffled", subject="x", value=0.9, low=0, high=0.2, passed=False)
    leaky = report.model_copy(update={"checks": (leak,)})
    monkeypatch.setattr(run, "evaluate", lambda *_, **__: leaky)
    answer = CliRunner().invoke(app, ["--data", str(tmp_path), "--out", str(tmp_path)])
    assert isinstance(answer.exception, MmragError)
    assert answer.exception.exit_code == 1
    assert "labels shuffled (x)" in str(answer.exception)
    assert "LEAK" in answer.stdout
    assert (tmp_path / "evaluation.md").is_file()


def some_read_films(nih: Path, folder: Path, count: int) -> Path:
    """Lay out the first films that experts read as a folder of their own; images stay there."""
    (folder / "images").symlink_to(nih / "images")
    reads = (nih / "expert_labels.csv").read_text("utf-8").splitlines()[: count + 1]
    (folder / "expert_labels.csv").write_text("\n".join(reads), "utf-8")
    names = {row.split(",")[0] for row in reads}
    head, *rows = (nih / "Data_Entry_2017.csv").read_text("utf-8").splitlines()
    kept = [row for row in rows if row.split(",")[0] in names]
    (folder / "Data_Entry_2017.csv").write_text("\n".join([head, *kept]), "utf-8")
    return folder


def test_weights_that_learnt_from_the_judged_films_are_no_judge_of_themselves(
    shared_data: Path, tmp_path: Path
) -> None:
    folder = some_read_films(shared_data / "nih", tmp_path, 90)
    answer = CliRunner().invoke(app, ["--data", str(folder), "--quick", "--json"])
    assert isinstance(answer.exception, MmragError)
    assert "judged patients that the encoder learnt from" in str(answer.exception)
    assert "--vectors FILE" in str(answer.exception)


def test_real_films_and_blood_in_a_quick_run(shared_data: Path, tmp_path: Path) -> None:
    answer = CliRunner().invoke(
        app,
        [
            *("--data", str(shared_data / "nih"), "--labs", str(shared_data / "synthea" / "csv")),
            *("--vectors", str(OUT_OF_FOLD), "--quick", "--json", "--out", str(tmp_path)),
        ],
    )
    assert answer.exception is None, answer.output
    made = EvaluationReport.model_validate_json(answer.stdout)
    experts, labels = made.judges
    assert (experts.films, experts.patients, labels.films) == (268, 177, 268)
    assert len(experts.counted) == 9
    blind = made.mean_row("experts", "name", "labels 0%", PRODUCT)
    lottery = made.mean_row("experts", "name", "labels 0%", "random")
    assert blind is not None
    assert lottery is not None
    assert blind.figures["AP"].low > lottery.figures["AP"].high
    assert made.labs is not None
    assert made.labs.precision == made.labs.recall == 1
    assert made.labs.embedded < 0.9
    shared, legs = made.labs.balance
    assert legs.drowned == 0
    assert shared.balance <= legs.balance == 1
