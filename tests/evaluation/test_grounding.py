"""The audit of grounding: an honest brief passes, and each kind of lie is caught by its measure."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from mmrag import Engine, Settings
from mmrag.brief import Brief, StoredRecords, compose
from mmrag.encoders import open_encoder
from mmrag.errors import InputError, MmragError
from mmrag.eval_cli import eval_command
from mmrag.evaluation import grounding
from mmrag.evaluation.bench import lot
from mmrag.evaluation.grounding import audit_grounding, measure
from mmrag.evaluation.grounding_claims import AuditedBrief, days, numbers
from mmrag.evaluation.grounding_corruption import corrupt, link_people
from mmrag.evaluation.grounding_page import PAGE, print_grounding, write_grounding
from mmrag.evaluation.grounding_questions import draw_questions
from mmrag.evaluation.grounding_results import GroundingReport, Phase
from mmrag.evaluation.grounding_rows import StoredRows, read_stored_rows
from mmrag.evaluation.report_page import END
from mmrag.evidence import evidence_model_for
from mmrag.ingest.progress import Silent
from mmrag.sources.demo import DemoFolders
from mmrag.store import Store
from mmrag.store.connection import Address
from mmrag.store.schema import set_search_path

_FINGERPRINT = open_encoder("compact").fingerprint
SHIPPED = evidence_model_for(_FINGERPRINT.name, _FINGERPRINT.weights)

QUESTIONS = (
    "pleural effusion with leukocytosis",
    "pleural effusion without cardiomegaly",
    "no leukocytosis",
    "haemoglobin below 11 g/dL",
    "pneumonia",
    "latest creatinine",
    "normal chest",
    "hernia and anaemia in women over 119",
    "haemoglobin above 40 g/dL",
    "mass",
)


@dataclass
class House:
    """A store, a way to its rows, and briefs over it."""

    engine: Engine
    store: Store
    connection: psycopg.Connection[Any]
    first: dict[str, Brief] = field(default_factory=dict)

    def ask(self, question: str) -> Mapping[str, Any]:
        brief = self.engine.brief(question)
        self.first.setdefault(question, brief)
        return brief.model_dump(mode="json")

    def again(self, question: str) -> Mapping[str, Any]:
        held = compose(self.first[question], StoredRecords(self.store, SHIPPED))
        return held.model_dump(mode="json")

    def rows(self) -> StoredRows:
        return read_stored_rows(self.connection)


def a_house(home: Path, made_up: DemoFolders) -> Iterator[House]:
    settings = Settings(home=home, dsn=None)
    with Engine.open(settings=settings) as engine:
        engine.ingest("nih", made_up.films)
        engine.ingest("synthea", made_up.labs)
        store = Store.open_existing(settings)
        assert store is not None
        address = Address.of(settings)
        with store, address.connect() as connection:
            set_search_path(connection)
            # held against pixels are mined labels alone, and those of the demo are made up
            connection.execute("UPDATE film SET labels_by = 'reports', made_up = false")
            yield House(engine, store, connection)
        address.leave()


@pytest.fixture(scope="module")
def house(made_up: DemoFolders, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Some film patients are laboratory patients; nothing else is wrong. Read only."""
    for made in a_house(tmp_path_factory.mktemp("audited"), made_up):
        link_people(made.connection, made.rows(), lot("grounding", "link"))
        yield made


@pytest.fixture(scope="module")
def honest(house: House) -> list[AuditedBrief]:
    return [AuditedBrief.of(question, house.ask(question)) for question in QUESTIONS]


@pytest.fixture(scope="module")
def rows(house: House) -> StoredRows:
    return house.rows()


def test_an_honest_brief_passes_every_measure(honest: list[AuditedBrief], rows: StoredRows) -> None:
    phase = measure("honest", honest, rows)
    assert phase.is_clean, phase.failures
    assert phase.questions == len(QUESTIONS)
    for figure in ("facts", "records", "results_called", "of_one_person"):
        assert getattr(phase, figure) > 0
    said = [claim.text for brief in honest for claim in brief.claims]
    assert any("pixels alone say otherwise" in text for text in said)
    assert any("alone say" in text and "it is labelled" in text for text in said)


Lie = Callable[[dict[str, Any]], bool]
"""Changes one claim; False where this one does not lend itself to it."""


def told(honest: list[AuditedBrief], lie: Lie) -> AuditedBrief:
    """A brief with the first claim that can be turned into this lie."""
    for brief in honest:
        printed = copy.deepcopy(dict(brief.printed))
        for claim in printed["claims"]:
            if lie(claim):
                return AuditedBrief.of(brief.question, printed)
    pytest.fail("no claim lends itself to this lie")


def instead(old: str, new: str, kind: str = "") -> Lie:
    def lie(claim: dict[str, Any]) -> bool:
        if old not in claim["text"] or kind not in claim["kind"]:
            return False
        claim["text"] = claim["text"].replace(old, new, 1)
        return True

    return lie


def added(words: str) -> Lie:
    def lie(claim: dict[str, Any]) -> bool:
        claim["text"] += words
        return True

    return lie


def uncited(claim: dict[str, Any]) -> bool:
    claim["citations"] = []
    return True


def another_value(claim: dict[str, Any]) -> bool:
    values = [c for c in claim["citations"] if c["field"].endswith("].value")]
    for citation in values:
        citation["value"] += 1
    return bool(values)


def another_probability(claim: dict[str, Any]) -> bool:
    seen = [c for c in claim["citations"] if c["field"].endswith("].pixels_only")]
    for citation in seen:
        citation["value"] += 0.0001
    return bool(seen)


def another_label(claim: dict[str, Any]) -> bool:
    labels = [c for c in claim["citations"] if c["field"] == "findings"]
    for citation in labels:
        citation["value"] = ["Nodule"]
    return bool(labels)


@pytest.mark.parametrize(
    "lie",
    [
        instead("labelled Effusion", "labelled Hernia", "finding-shown"),
        instead("Cardiomegaly", "Effusion", "finding-absent"),
        instead("No Finding", "Effusion", "finding-absent"),
        instead("say otherwise (probability 0.", "say otherwise (probability 0.9"),
        instead("is labelled", "is labelled Mass and", "contradiction"),
        instead("; it is labelled ", "; it is labelled Mass and "),
        instead("its pixels alone say otherwise", "its pixels alone say Hernia", "contradiction"),
        instead("40 films searched", "41 films searched"),
        instead(" qualify,", "1 qualify,"),
        instead("shown by ", "shown by 1"),
        instead("median ", "median 9"),
        instead(" flagged results", "0 flagged results"),
        instead(", high (flag H)", ", normal (flag N)", "lab-abnormal"),
        instead(" rose over", " fell over"),
        instead("the newest ", "the newest 1", "trend"),
        instead("not leukocytosis", "leukocytosis", "cohort"),
        instead("none found among ", "none found among 1"),
        instead("none found among", "hardly any among"),
        uncited,
        another_value,
        another_probability,
        another_label,
    ],
)
def test_what_the_rows_do_not_bear_out_is_no_support(
    honest: list[AuditedBrief], rows: StoredRows, lie: Lie
) -> None:
    phase = measure("lie", [told(honest, lie)], rows)
    assert phase.supported < phase.claims
    assert not phase.is_clean


@pytest.mark.parametrize(
    "words", [" It was 4711.", " That was on 1999-01-02.", " Pneumothorax too."]
)
def test_what_no_citation_holds_costs_recall(
    honest: list[AuditedBrief], rows: StoredRows, words: str
) -> None:
    phase = measure("lie", [told(honest[:2], added(words))], rows)
    assert phase.facts_cited < phase.facts


@pytest.mark.parametrize("record", ["film:nowhere.png", "lab:nowhere"])
def test_a_cited_record_that_is_not_there_costs_precision(
    honest: list[AuditedBrief], rows: StoredRows, record: str
) -> None:
    def lie(claim: dict[str, Any]) -> bool:
        claim["citations"].append({"record": record, "field": "rank", "value": 1})
        return True

    phase = measure("lie", [told(honest, lie)], rows)
    assert phase.records_belong < phase.records


def test_a_cited_record_of_somebody_else_costs_precision(
    honest: list[AuditedBrief], rows: StoredRows
) -> None:
    brief = honest[-1]
    people = {hit["patient"] for leg in ("films", "labs") for hit in brief.printed[leg]}
    stranger = next(film for film in rows.all_films if film["patient"] not in people)

    def lie(claim: dict[str, Any]) -> bool:
        cited = {"record": f"film:{stranger['id']}", "field": "view", "value": stranger["view"]}
        claim["citations"].append(cited)
        return True

    phase = measure("lie", [told([brief], lie)], rows)
    assert phase.records_belong < phase.records


def test_a_normal_result_called_high_is_counted(
    honest: list[AuditedBrief], rows: StoredRows
) -> None:
    lie = instead("normal (flag N)", "high (flag H)", "lab-normal")
    assert measure("lie", [told(honest, lie)], rows).normal_called_abnormal == 1


def test_film_and_blood_of_two_people_are_mixed(
    honest: list[AuditedBrief], rows: StoredRows
) -> None:
    def joined(claim: dict[str, Any]) -> bool:
        if claim["kind"] != "finding-shown":
            return False
        film = rows.films[claim["citations"][0]["record"].removeprefix("film:")][0]
        panel = next(p for p in rows.all_panels if p["patient"] != film["patient"])
        cited = {"record": f"lab:{panel['id']}", "field": "made_up", "value": True}
        claim["citations"].append(cited)
        return True

    def renamed(claim: dict[str, Any]) -> bool:
        if claim["kind"] != "trend":
            return False
        named = next(p for p in rows.people if p in claim["text"])
        other = next(p for p in sorted(rows.people) if p != named)
        claim["text"] = claim["text"].replace(named, other)
        return True

    assert measure("lie", [told(honest, joined)], rows).mixed == 1
    assert measure("lie", [told(honest, renamed)], rows).mixed == 1


@pytest.mark.parametrize(
    "words",
    [" This is consistent with pneumonia.", " A CT is recommended.", " It should be treated."],
)
def test_diagnosis_and_advice_are_counted(
    honest: list[AuditedBrief], rows: StoredRows, words: str
) -> None:
    assert measure("lie", [told(honest, added(words))], rows).overstated == 1


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grounding, "QUESTIONS", 16)


@pytest.fixture(scope="module")
def own_house(made_up: DemoFolders, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One that tests may spoil, each on top of the one before."""
    yield from a_house(tmp_path_factory.mktemp("spoilt"), made_up)


def test_claims_about_spoilt_rows_fall(own_house: House, few: None) -> None:
    report = audit_grounding(own_house, own_house.connection, Silent())
    assert report.is_clean, [phase.failures for phase in report.phases]
    assert [phase.questions for phase in report.phases] == [8, 8, 16, 16]
    assert report.linked > 0
    assert report.corruption.touched > 0


def test_claims_that_outlive_their_rows_are_caught(own_house: House, few: None) -> None:
    @dataclass
    class Stubborn:
        house: House
        said: dict[str, Mapping[str, Any]] = field(default_factory=dict)

        def ask(self, question: str) -> Mapping[str, Any]:
            return self.said.setdefault(question, self.house.ask(question))

        def again(self, question: str) -> Mapping[str, Any]:
            return self.said[question]

    report = audit_grounding(Stubborn(own_house), own_house.connection, Silent())
    made = report.corruption
    assert made.kept_by_checker == made.kept_when_asked_anew == made.touched > 0
    assert not report.is_clean
    assert all(phase.is_clean for phase in report.phases[:2])
    assert not report.phases[2].is_clean


def test_a_tenth_of_the_rows_is_spoilt_and_the_same_tenth_again(own_house: House) -> None:
    before = own_house.rows()
    changed = corrupt(own_house.connection, before, lot("grounding", "corrupt"))
    after = own_house.rows()
    total = len(before.all_films) + len(before.all_panels) + sum(map(len, before.results.values()))
    assert changed == pytest.approx(0.1 * total, abs=3)
    earlier = {film["key"]: film for film in before.all_films}
    differing = sum(
        (earlier[key], before.pixels[key]) != (film, after.pixels[key])
        for film in after.all_films
        for key in [film["key"]]
    )
    assert differing == round(0.1 * len(before.all_films))


def test_questions_are_drawn_by_lot_and_differ_by_seed(rows: StoredRows) -> None:
    drawn = draw_questions(rows, 40, "one")
    assert drawn == draw_questions(rows, 40, "one")
    assert len(set(drawn)) == 40
    assert set(drawn) != set(draw_questions(rows, 40, "two"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Panel #1 (2021-08-01): 15.2 10*3/uL, -0.3 and 12%", [1.0, 15.2, -0.3, 12.0]),
        ("NT-proBNP of synthea:05ac6b28-140c-3bc0, HbA1c", []),
    ],
)
def test_numbers_are_read_apart_from_names_days_and_units(text: str, found: list[float]) -> None:
    assert numbers(text) == found


def test_days_are_read() -> None:
    assert days("from 2021-08-01T03:26:50Z to 2021-09-02.") == ["2021-08-01", "2021-09-02"]


def a_report() -> GroundingReport:
    phase = Phase(
        name="first half", questions=1, claims=3, dropped=0, supported=3, facts=2, facts_cited=2,
        records=1, records_belong=1, results_called=1, normal_called_abnormal=0, of_one_person=1,
        mixed=0, overstated=0,
    )  # fmt: skip
    made = {"rows": 5, "touched": 2, "kept_by_checker": 0, "kept_when_asked_anew": 0}
    return GroundingReport.model_validate(
        {
            "version": "0", "fingerprint": "compact:0:fp32", "quick": True, "films": 4,
            "panels": 3, "results": 9, "linked": 1, "phases": [phase], "corruption": made,
        }
    )  # fmt: skip


def test_the_page_keeps_its_words_and_gets_the_figures(tmp_path: Path) -> None:
    page = tmp_path / "grounding.md"
    page.write_text(f"Before.\n\n{PAGE.begin}\nold\n{END}\n\nAfter.\n", encoding="utf-8")
    report = a_report()
    assert write_grounding(report, tmp_path) == page
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before.")
    assert text.endswith("After.\n")
    assert "| claims that the rows bear out | 100% of 3 |" in text
    kept = json.loads((tmp_path / "evaluation" / "grounding.json").read_text(encoding="utf-8"))
    assert GroundingReport.model_validate(kept) == report


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "grounding.md").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="add them"):
        write_grounding(a_report(), tmp_path)


def test_one_missing_in_many_is_not_rounded_to_all(capsys: pytest.CaptureFixture[str]) -> None:
    report = a_report()
    phase = report.phases[0].model_copy(update={"claims": 100_000, "supported": 99_999})
    worse = report.model_copy(update={"phases": (phase,)})
    print_grounding(worse, Console(width=200))
    assert "99.99% of 100,000" in capsys.readouterr().out
    assert not worse.is_clean


app = typer.Typer()
app.command()(eval_command)


def test_the_command_audits_and_writes_its_page(
    made_up: DemoFolders, tmp_path: Path, few: None
) -> None:
    asked = ["--brief", "--data", str(made_up.films), "--labs", str(made_up.labs)]
    answer = CliRunner().invoke(app, [*asked, "--out", str(tmp_path)])
    assert answer.exit_code == 0, answer.output
    assert "sentences with a diagnosis or advice" in answer.stdout
    assert PAGE.begin in (tmp_path / "grounding.md").read_text(encoding="utf-8")


def test_the_command_fails_where_a_sentence_does_not_hold(
    made_up: DemoFolders, monkeypatch: pytest.MonkeyPatch, few: None
) -> None:
    def lying(*args: Any, **options: Any) -> GroundingReport:
        report = a_report()
        phase = report.phases[0].model_copy(update={"supported": 2})
        return report.model_copy(update={"phases": (phase,)})

    monkeypatch.setattr(grounding, "audit_grounding", lying)
    asked = ["--brief", "--data", str(made_up.films), "--labs", str(made_up.labs)]
    answer = CliRunner().invoke(app, asked)
    assert isinstance(answer.exception, MmragError)
    assert answer.exception.exit_code == 1


def test_the_command_wants_results(made_up: DemoFolders) -> None:
    answer = CliRunner().invoke(app, ["--brief", "--data", str(made_up.films)])
    assert isinstance(answer.exception, InputError)
    assert "--labs" in str(answer.exception)
