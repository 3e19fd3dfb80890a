"""Words that name what is stored, and words that name nothing."""

from __future__ import annotations

import pytest

from mmrag import Engine
from mmrag.retrieval.called import called_by_most
from mmrag.retrieval.results import SearchResult

RESULTS = [
    ("1", "Tobacco smoking status NHIS"),
    ("2", "Drugs of abuse 5 panel - Urine by Screen method"),
    ("3", "Total score [DAST-10]"),
    ("4", "Oxygen saturation in Arterial blood"),
    ("5", "pH of Urine by Test strip"),
]
CONDITIONS = [("a", "Diabetes mellitus type 2"), ("b", "Prediabetes"), ("c", "Childhood asthma")]


def asked(engine: Engine, question: str) -> SearchResult:
    return engine.search(question, films=0, labs=1000)


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("Tobacco", "1"),
        ("smoking", "1"),
        ("drug screens", "2"),
        ("urine", "25"),
        ("oxygen in the blood", "4"),
        ("total score of the blood", ""),
        ("weather forecast", ""),
        ("zxcv", ""),
        ("", ""),
    ],
)
def test_results_are_called_by_what_tells_them_apart(words: str, codes: str) -> None:
    called, _ = called_by_most(words, RESULTS)
    assert "".join(code for code, _ in called) == codes


@pytest.mark.parametrize(
    ("words", "codes"), [("diabetes", "a"), ("type 2 diabetes", "a"), ("asthma", "c"), ("the", "")]
)
def test_conditions_are_called_by_all_of_the_words(words: str, codes: str) -> None:
    called, by_all = called_by_most(words, CONDITIONS)
    assert "".join(code for code, _ in called if by_all) == codes


@pytest.mark.parametrize("question", ["weather forecast", "zxcv qwer", "blood"])
def test_words_that_call_nothing_find_no_panel(labs: Engine, question: str) -> None:
    result = asked(labs, question)
    assert result.labs == ()
    assert result.coverage.labs.qualifying == 0
    note = "no stored result or condition is called by the words of the question"
    assert result.coverage.labs.note == note
    assert f"No panel is shown: {note}." in [c.text for c in labs.brief(question).claims]


def test_a_result_that_no_table_knows_is_found_by_its_name(labs: Engine) -> None:
    result = asked(labs, "tobacco")
    assert result.labs
    for hit in result.labs:
        told = [o.name for o in hit.observations if o.matched]
        assert told
        assert all("Tobacco" in name for name in told)
    note = "'tobacco' is read as the name of a result: Tobacco smoking status NHIS"
    assert result.coverage.labs.note == note
    claims = labs.brief("tobacco").claims
    assert f"{note}." in [claim.text for claim in claims]


def test_words_of_a_stored_condition_choose_its_patients(labs: Engine) -> None:
    result = asked(labs, "women with diabetes")
    diabetic = asked(labs, "glucose in women with diabetes")
    assert result.labs
    assert {hit.sex for hit in result.labs} == {"F"}
    assert {h.patient for h in diabetic.labs} >= {h.patient for h in result.labs}
    assert (result.coverage.labs.note or "").startswith(
        "'diabetes' is read as a condition of the patient: "
    )


def test_a_patient_is_enough_beside_words_that_say_nothing(labs: Engine) -> None:
    assert asked(labs, "women with zxcv").labs
