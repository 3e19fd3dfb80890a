"""Laboratory questions with an exact answer, and films and panels in one list."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mmrag import Engine
from mmrag.clinical.analytes import analytes
from mmrag.errors import SourceError
from mmrag.evaluation.balance import balance_of
from mmrag.evaluation.bench import Bench
from mmrag.evaluation.lab_exactness import judge_answers
from mmrag.evaluation.lab_truth import LabQuestion, answers, lab_questions, read_rows
from mmrag.records import LabReport
from mmrag.retrieval.results import LabHit, LabWhy, ObservationHit
from mmrag.sources.demo import DemoFolders
from mmrag.sources.synthea import SyntheaSource

PEOPLE = "Id,BIRTHDATE,GENDER\np,1950-02-28,F\nq,2016-02-29,M\n"
ROWS = """DATE,PATIENT,ENCOUNTER,CODE,DESCRIPTION,VALUE,UNITS
2010-02-28T10:00:00Z,p,e,777-3,Platelets,150,10*3/uL
2010-03-01T10:00:00Z,p,e,777-3,Platelets,149.9,10*3/uL
2021-03-01T01:00:00+02:00,q,e,777-3,Platelets,90,10*3/uL
2021-03-01T10:00:00Z,q,e,777-3,Platelets,90,/uL
2021-03-01T10:00:00Z,q,e,6690-2,Leukocytes,4,10*3/uL
2021-03-01T10:00:00Z,q,e,777-3,Platelets,many,10*3/uL
2021-03-01T10:00:00Z,unknown,e,777-3,Platelets,10,10*3/uL
"""


@pytest.fixture
def export(tmp_path: Path) -> Path:
    (tmp_path / "patients.csv").write_text(PEOPLE, encoding="utf-8")
    (tmp_path / "observations.csv").write_text(ROWS, encoding="utf-8")
    return tmp_path


def platelets(**asked: object) -> LabQuestion:
    return LabQuestion("platelets", ("777-3",), "10*3/uL", **asked)  # type: ignore[arg-type]


def numbers(folder: Path, **asked: object) -> list[float]:
    return sorted(result[3] for result in answers(platelets(**asked), read_rows(folder)))


def test_bounds_units_and_people_are_read_plainly(export: Path) -> None:
    assert numbers(export) == [90, 149.9, 150]
    assert numbers(export, below=150) == [90, 149.9]
    assert numbers(export, at_most=150) == [90, 149.9, 150]
    assert numbers(export, above=149.9) == [150]
    assert numbers(export, at_least=149.9) == [149.9, 150]
    assert numbers(export, sex="F") == [149.9, 150]
    # the 60th birthday itself is not over 60, and born on a leap day one turns five in March
    assert numbers(export, older=60) == [149.9]
    assert numbers(export, younger=5) == [90]


def test_a_folder_that_is_no_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="--labs"):
        read_rows(tmp_path)
    (tmp_path / "patients.csv").write_text("Id\n", encoding="utf-8")
    with pytest.raises(SourceError, match="BIRTHDATE, GENDER"):
        read_rows(tmp_path)


def test_every_question_has_a_bound_and_a_known_analyte() -> None:
    known = {code for each in analytes().values() for code in each.loinc}
    assert len(lab_questions()) >= 30
    for question in lab_questions():
        bounds = (question.above, question.below, question.at_least, question.at_most)
        assert any(bound is not None for bound in bounds), question.text
        assert set(question.codes) & known, question.text


def hit(value: float, *, matched: bool = True) -> LabHit:
    seen = ObservationHit(
        loinc="777-3", name="Platelets", value=value, unit="10*3/uL", matched=matched
    )
    return LabHit(
        rank=1,
        report=str(value),
        source="synthea",
        patient="synthea:p",
        effective_at=datetime(2010, 2, 28, 10, tzinfo=UTC),
        score=1,
        observations=(seen,),
        why=LabWhy(abnormal=0, similarity=0),
    )


def test_precision_and_recall_are_of_matched_results(export: Path, bench: Bench) -> None:
    asked, rows = [platelets(at_least=150)], read_rows(export)

    def judged(*hits: LabHit) -> tuple[float, float]:
        (answer,) = judge_answers(asked, rows, lambda _, __: hits, bench.encode_texts)
        return answer.precision, answer.recall

    assert judged(hit(150)) == (1, 1)
    assert judged(hit(150), hit(151)) == (0.5, 1)
    assert judged(hit(150, matched=False)) == (0, 0)
    assert judged() == (0, 0)


def test_nothing_right_and_nothing_returned_is_exact(export: Path, bench: Bench) -> None:
    asked = [platelets(above=1000)]
    (answer,) = judge_answers(asked, read_rows(export), lambda _, __: (), bench.encode_texts)
    assert (answer.true, answer.precision, answer.recall, answer.embedded) == (0, 1, 1, None)


def test_the_leg_over_made_up_blood_is_exact_and_not_drowned(
    engine: Engine, made_up: DemoFolders, bench: Bench
) -> None:
    def ask(text: str, k: int) -> tuple[LabHit, ...]:
        return engine.search(text, films=0, labs=k).labs

    judged = judge_answers(lab_questions(), read_rows(made_up.labs), ask, bench.encode_texts)
    assert any(answer.true for answer in judged)
    assert all(answer.precision == answer.recall == 1 for answer in judged), judged
    panels = [p for p in SyntheaSource(made_up.labs).read() if isinstance(p, LabReport)]
    shared, legs = balance_of(bench.evidence(bench.collection.told), panels, ask)
    assert 0 <= shared.balance <= legs.balance <= 1
    assert legs.drowned < 1
