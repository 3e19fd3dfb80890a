"""Film and blood of one person under two names: ``mmrag link``, and every answer after it."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mmrag import Brief, Engine, Settings
from mmrag.cli import main
from mmrag.retrieval.results import SearchResult
from mmrag.sources.demo import write_demo

Run = Callable[..., tuple[int, str, str]]
QUESTION = "pneumonia with leukocytes above 11"


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Made-up films of source ``demo``; blood of the same people in a source ``ward``."""
    folder = tmp_path_factory.mktemp("apart")
    made = write_demo(folder, films=24, patients=8)
    (made.labs / "mmrag-source.toml").write_text('name = "ward"\nmade_up = true\n')
    with Engine.open(settings=Settings(home=folder / "home", dsn=None)) as engine:
        engine.ingest("nih", made.films)
        engine.ingest("synthea", made.labs)
        yield engine


@pytest.fixture(scope="module")
def pairs(apart: Engine) -> list[tuple[str, str]]:
    """The same number in both sources is the same person."""
    films = apart.search("chest", films=1000, labs=0).films
    numbers = sorted({film.patient.partition(":")[2] for film in films if film.patient})
    return [(f"demo:{number}", f"ward:{number}") for number in numbers]


@pytest.fixture
def table(tmp_path: Path, pairs: list[tuple[str, str]]) -> Path:
    file = tmp_path / "same people.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([("film_patient", "lab_patient"), *pairs])
    return file


@pytest.fixture
def linked(apart: Engine, table: Path) -> Iterator[Engine]:
    """The same store with all links, which are taken back afterwards."""
    report = apart.link(table, declared_by="a test")
    assert report.problems == ()
    yield apart
    apart.link(table, remove=True)
    assert apart.links() == []


@pytest.fixture
def mmrag(
    apart: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run one command in this process over that store."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("MMRAG_HOME", str(apart.status().location))
        monkeypatch.delenv("MMRAG_DSN", raising=False)
        monkeypatch.setattr(sys, "argv", ["mmrag", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return run


def one_person(result: SearchResult) -> set[str]:
    """Persons of whom a film and a panel are shown."""
    persons = result.persons
    films = {persons.name(film.patient) for film in result.films if film.patient}
    return films & {persons.name(lab.patient) for lab in result.labs}


def test_without_links_they_are_different_people(apart: Engine) -> None:
    brief = apart.brief(QUESTION)
    assert brief.linkage == "cohort"
    assert brief.links == ()
    assert not any(film.why.constraints for film in brief.films)
    assert "come from different people" in " ".join(claim.text for claim in brief.claims)


def test_linked_they_are_one_patient_in_every_answer(linked: Engine) -> None:
    brief = linked.brief(QUESTION)
    assert (brief.linkage, brief.dropped) == ("same-patient", 0)
    shared = one_person(brief)
    assert shared
    said = [c for c in brief.claims if "has film" in c.text]
    assert {claim.patient for claim in said} == shared
    number = said[0].patient and said[0].patient.partition(":")[2]
    assert f"patient demo:{number} (declared to be one person with ward:{number})" in said[0].text
    assert said[0].value("linked") == [f"ward:{number}"]
    assert {link.declared_by for link in brief.links} == {"a test"}
    assert "come from different people" not in " ".join(claim.text for claim in brief.claims)


def test_no_claim_of_one_patient_mixes_people(linked: Engine) -> None:
    brief = linked.brief(QUESTION, films=30, labs=60)
    owner = {f"film:{film.id}": film.patient for film in brief.films}
    owner |= {f"lab:{lab.report}": lab.patient for lab in brief.labs}
    for claim in brief.claims:
        if claim.patient is not None:
            persons = brief.persons.patients(claim.patient)
            assert {owner.get(r, claim.patient) for r in claim.records if r[0] in "fl"} <= persons


def test_a_link_that_is_taken_back_takes_the_claims_with_it(apart: Engine, table: Path) -> None:
    apart.link(table)
    brief = apart.brief(QUESTION)
    apart.link(table, remove=True)
    again = apart.replay(brief)
    assert not again.holds
    assert apart.search(QUESTION).linkage == "cohort"


def test_films_come_first_whose_patient_has_the_blood_that_is_asked(
    apart: Engine, table: Path
) -> None:
    before = apart.search(QUESTION, films=1000, labs=1000)
    apart.link(table)
    after = apart.search(QUESTION, films=1000, labs=1000, explain=True)
    apart.link(table, remove=True)
    meeting = {lab.patient.partition(":")[2] for lab in before.labs}
    places = {film.id: film.rank for film in before.films}
    assert {film.id for film in after.films} == places.keys()  # nothing is lost
    for film in after.films:
        favoured = film.patient is not None and film.patient.partition(":")[2] in meeting
        assert bool(film.why.constraints) == favoured
        assert film.why.patient == (0.05 if favoured else 0.0)
        parts = film.why.pixel + film.why.label + film.why.text + film.why.patient
        assert parts == pytest.approx(film.score, abs=1e-9)
    for kind in (True, False):
        of_kind = [places[f.id] for f in after.films if bool(f.why.constraints) == kind]
        assert of_kind
        assert of_kind == sorted(of_kind)
    assert after.films[0].why.constraints == ("leukocytes above 11 10*3/uL",)
    by_pixels = sorted(after.films, key=lambda film: -film.why.without_labels)
    ranks = [film.why.rank_without_labels or 0 for film in by_pixels]
    assert ranks == sorted(ranks)


def test_a_question_of_films_alone_favours_nobody(linked: Engine) -> None:
    assert not any(film.why.patient for film in linked.search("pneumonia").films)


def test_everything_of_a_person_stands_in_the_timeline(
    linked: Engine, pairs: list[tuple[str, str]]
) -> None:
    film_patient, lab_patient = pairs[0]
    by_film, by_lab = linked.timeline(film_patient), linked.timeline(lab_patient)
    assert by_film is not None
    assert by_lab is not None
    assert (by_film.linked, by_lab.linked) == ((lab_patient,), (film_patient,))
    assert (by_film.films, by_film.panels) == (by_lab.films, by_lab.panels)
    assert by_film.films
    assert by_film.panels


def test_the_documents_of_a_linked_brief(linked: Engine) -> None:
    from mmrag.brief import render

    brief = linked.brief(QUESTION)
    (shared, *_) = sorted(one_person(brief))
    bundle = json.loads(render(brief, "fhir"))
    stubs = {
        resource["identifier"][0]["value"]: resource
        for resource in (entry["resource"] for entry in bundle["entry"])
        if resource["resourceType"] == "Patient" and "link" in resource
    }
    assert shared.partition(":")[2] in stubs
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    assert all(link["type"] == "seealso" for stub in stubs.values() for link in stub["link"])
    assert all(link["other"]["reference"] in urls for s in stubs.values() for link in s["link"])
    assert "declared to be one person with" in " ".join(render(brief, "text").split())
    assert Brief.model_validate_json(render(brief, "json")).links == brief.links


def test_the_command_links_lists_and_takes_back(mmrag: Run, table: Path) -> None:
    table.write_text(table.read_text() + "demo:404,ward:1\n")
    code, out, _ = mmrag("link", str(table), "--by", "Dr. House")
    assert code == 0
    assert out.splitlines()[0] == "same people.csv: 8 linked"
    assert "no film of demo:404 is stored" in " ".join(out.split())
    _, out, _ = mmrag("link", str(table), "--json")
    report = json.loads(out)
    assert (report["added"], report["unchanged"], len(report["problems"])) == (0, 8, 1)
    _, out, _ = mmrag("link", "--list")
    assert len(out.splitlines()) == 8
    assert "demo:90000001 = ward:90000001 (same people.csv, row 2, by Dr. House, 2" in out
    _, out, _ = mmrag("link", "--list", "--json")
    assert json.loads(out)["links"][0]["declared_by"] == "Dr. House"
    _, out, _ = mmrag("status")
    assert "8 declared" in out
    _, out, _ = mmrag("search", QUESTION)
    assert "the same patient's blood is as asked, leukocytes above 11" in " ".join(out.split())
    _, out, _ = mmrag("link", str(table), "--remove")
    assert out.splitlines()[0] == "same people.csv: 8 taken back"
    code, _, err = mmrag("link", "--list")
    assert (code, err) == (0, "no links: mmrag link FILE.csv\n")
    _, out, _ = mmrag("status", "--json")
    assert json.loads(out)["links"] == 0


@pytest.mark.parametrize("arguments", [(), ("x.csv", "--list")])
def test_one_file_or_the_list(mmrag: Run, arguments: tuple[str, ...]) -> None:
    code, _, err = mmrag("link", *arguments)
    assert code == 2
    assert err == "mmrag: give one file of pairs, or --list: mmrag link FILE.csv\n"


def test_a_file_that_is_not_there_or_no_table(mmrag: Run, tmp_path: Path) -> None:
    code, _, err = mmrag("link", str(tmp_path / "gone.csv"))
    assert code == 2
    assert err.startswith("mmrag: gone.csv: cannot be read")
    picture = tmp_path / "film.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    code, _, err = mmrag("link", str(picture))
    assert code == 2
    assert len(err.splitlines()) == 1


def test_real_films_and_real_blood_by_a_table(shared_data: Path, tmp_path: Path) -> None:
    table = tmp_path / "links.csv"
    right = ("covid:28", "synthea:f1c3b051-0dad-2a6c-afd9-d31d4f05e552")  # 40 in 2010; born 1970
    not_born = ("covid:109", "synthea:0631752e-5548-7414-3303-3c1fb7ab9b7b")  # 70; born 2007
    too_old = ("covid:17", "synthea:e8d8c51a-bce2-23e4-2964-6e486fcad902")  # 54 in 2020; 1957
    other_sex = ("covid:101", "synthea:e8d8c51a-bce2-23e4-2964-6e486fcad902")
    cut_off = ("covid:28", "synthea:f1c3b051")
    rows = (right, not_born, too_old, other_sex, cut_off)
    table.write_text("film_patient,lab_patient\n" + "".join(f"{a},{b}\n" for a, b in rows))
    with Engine.open(settings=Settings(home=tmp_path / "home", dsn=None)) as engine:
        engine.ingest("covid", shared_data / "covid")
        engine.ingest("synthea", shared_data / "synthea" / "csv")
        report = engine.link(table)
        assert (report.added, engine.status().links) == (1, 1)
        born, between, sex, near = (line.message for line in report.problems)
        assert "in 1956 or before, being 70 years old" in born
        assert "between 1965 and 1967" in between
        assert "covid:101 is female" in sex
        assert f"({right[1]}?)" in near

        question = "pneumonia with haemoglobin above 10 in a man"
        brief = engine.brief(question, films=200, labs=300)
        assert (brief.linkage, brief.dropped) == ("same-patient", 0)
        (claim,) = [c for c in brief.claims if c.patient == right[0] and "has film" in c.text]
        assert claim.text.startswith(
            f"Patient {right[0]} (declared to be one person with {right[1]})"
        )
        assert "2010-05-04" in claim.text
        assert "days later" in claim.text
        favoured = {film.patient for film in brief.films if film.why.constraints}
        assert favoured == {right[0]}  # nobody of covid has a haemoglobin

        engine.link(table, remove=True)
        plain = engine.search(question, films=200, labs=300)
        assert plain.linkage == "cohort"
        assert {film.id for film in plain.films} == {film.id for film in brief.films}


def test_nothing_stored_nothing_linked(tmp_path: Path, table: Path) -> None:
    from mmrag.errors import InputError

    with Engine.open(settings=Settings(home=tmp_path / "empty", dsn=None)) as engine:
        assert engine.links() == []
        with pytest.raises(InputError, match="nothing is stored yet"):
            engine.link(table)
    assert not (tmp_path / "empty").exists()
