from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mmrag.clinical.question import ClinicalQuery, FindingTerm
from mmrag.evidence import NAMES, EvidenceModel, evidence_model_for
from mmrag.retrieval.film_score import (
    FOUND,
    RULED_OUT,
    above_average,
    answers,
    clauses_of,
    film_order,
    film_scores,
    fulfilment,
    ruled_out,
    score_parts,
    standing,
)
from mmrag.store import EVIDENCE, Clause, FilmOrder

MODEL = evidence_model_for("none", "")
TERMS = {
    "effusion": FindingTerm(finding="Effusion"),
    "no pneumothorax": FindingTerm(finding="Pneumothorax", assertion="absent"),
    "maybe pneumonia": FindingTerm(finding="Pneumonia", assertion="uncertain"),
    "mass of a group": FindingTerm(finding="Mass", group="lesion"),
    "nodule of a group": FindingTerm(finding="Nodule", group="lesion"),
    "no edema of a group": FindingTerm(finding="Edema", assertion="absent", group="opacity"),
}
QUESTIONS = st.builds(
    lambda names, exclusive, normal, words: ClinicalQuery(
        text="x",
        findings=tuple(TERMS[name] for name in names),
        exclusive=exclusive,
        normal_chest=normal,
        free_text=words,
    ),
    st.lists(st.sampled_from(sorted(TERMS)), unique=True),
    st.booleans(),
    st.booleans(),
    st.none() | st.just("sternal wires"),
)
PROBABILITIES = st.lists(st.floats(0.0, 1.0, width=32), min_size=15, max_size=15)


def asked(*names: str, exclusive: bool = False, normal: bool = False) -> ClinicalQuery:
    terms = tuple(TERMS[name] for name in names)
    return ClinicalQuery(text="x", findings=terms, exclusive=exclusive, normal_chest=normal)


def known(**probabilities: float) -> NDArray[np.float32]:
    return np.array([probabilities.get(name, 0.1) for name in EVIDENCE], np.float32)


def test_store_and_evidence_number_the_findings_alike() -> None:
    assert EVIDENCE == NAMES


def test_with_one_and_without_another() -> None:
    order = film_order(asked("effusion", "no pneumothorax"), MODEL)
    assert fulfilment(order, known(Effusion=0.8, Pneumothorax=0.25)) == pytest.approx(0.6)


def test_any_of_a_group_answers() -> None:
    order = film_order(asked("mass of a group", "nodule of a group"), MODEL)
    assert clauses_of(asked("mass of a group", "nodule of a group")) == (
        Clause(("Mass", "Nodule")),
    )
    assert fulfilment(order, known(Mass=0.5, Nodule=0.5)) == pytest.approx(0.75)


def test_none_of_a_group_that_is_ruled_out() -> None:
    assert clauses_of(asked("no edema of a group", "no pneumothorax")) == (
        Clause(("Edema",), present=False),
        Clause(("Pneumothorax",), present=False),
    )


def test_a_possibility_counts_for_less_than_what_is_sure() -> None:
    order = film_order(asked("effusion", "maybe pneumonia"), MODEL)
    sure_effusion = known(Effusion=0.9, Pneumonia=0.3)
    sure_pneumonia = known(Effusion=0.3, Pneumonia=0.9)
    assert fulfilment(order, sure_effusion) > fulfilment(order, sure_pneumonia)
    alone = film_order(asked("maybe pneumonia"), MODEL)
    assert standing(alone, sure_pneumonia) > standing(alone, sure_effusion)


def test_only_rules_out_every_other_finding() -> None:
    query = asked("effusion", exclusive=True)
    assert set(ruled_out(query)) == {*EVIDENCE} - {"Effusion", "No Finding"}
    order = film_order(query, MODEL)
    assert fulfilment(order, known(Effusion=0.8)) > fulfilment(order, known(Effusion=0.8, Mass=0.6))


def test_a_normal_chest_is_one_without_findings() -> None:
    order = film_order(asked(normal=True), MODEL)
    assert fulfilment(order, known(**{"No Finding": 0.7})) == pytest.approx(0.7)


def test_an_average_film_stands_in_the_middle_whatever_is_asked() -> None:
    for query in (asked("effusion"), asked("effusion", "maybe pneumonia", "no pneumothorax")):
        assert standing(film_order(query, MODEL), MODEL.base_rate) == pytest.approx(0.5)


def test_words_that_name_no_finding_leave_the_vector_more_to_say() -> None:
    plain = film_order(asked("effusion"), MODEL)
    wordy = film_order(asked("effusion").model_copy(update={"free_text": "wires"}), MODEL)
    nothing = film_order(ClinicalQuery(text="x", free_text="wires"), MODEL)
    assert plain.similarity < wordy.similarity < nothing.similarity == 1.0


@given(QUESTIONS, PROBABILITIES, st.floats(-1, 1), st.floats(-1, 1))
def test_a_score_rises_with_evidence_and_with_likeness(
    query: ClinicalQuery, before: list[float], cosine: float, other: float
) -> None:
    order = film_order(query, MODEL)
    base = np.array(before)
    low, high = sorted((cosine, other))
    one, two = film_scores(order, np.stack([base, base]), np.array([low, high]))
    assert -1e-9 <= one <= two <= 1 + 1e-9
    for clause in order.clauses:
        for name in clause.names:
            raised = base.copy()
            raised[EVIDENCE.index(name)] = 1.0
            lower, upper = film_scores(order, np.stack([base, raised]), np.array([low, low]))
            if name in query.sought and name in query.absent:
                continue
            assert (upper >= lower) if clause.present else (upper <= lower)


@given(QUESTIONS, PROBABILITIES, PROBABILITIES, st.floats(-1, 1), st.floats(-1, 1))
def test_the_parts_add_up_to_the_score(
    query: ClinicalQuery,
    full: list[float],
    alone: list[float],
    cosine: float,
    pixel_cosine: float,
) -> None:
    order = film_order(query, MODEL)
    score = float(film_scores(order, np.array([full]), np.array([cosine]))[0])
    parts = score_parts(order, score, np.array(alone), pixel_cosine)
    assert parts.pixel + parts.label + parts.text == pytest.approx(score, abs=1e-12)
    unlabelled = film_scores(order, np.array([alone]), np.array([pixel_cosine]))[0]
    assert parts.without_labels == pytest.approx(unlabelled, abs=1e-12)


def test_a_film_without_labels_owes_nothing_to_them() -> None:
    order = film_order(asked("effusion"), MODEL)
    film = known(Effusion=0.4)
    score = float(film_scores(order, film[np.newaxis], np.array([0.2]))[0])
    assert score_parts(order, score, film, 0.2).label == pytest.approx(0.0, abs=1e-12)


def test_with_and_without_the_same_finding_are_opposite_orders() -> None:
    random = np.random.default_rng(0)
    films, cosines = random.uniform(size=(40, 15)), random.uniform(-1, 1, 40)
    absent = ClinicalQuery(
        text="x", findings=(FindingTerm(finding="Effusion", assertion="absent"),)
    )
    with_it = film_scores(film_order(asked("effusion"), MODEL), films, cosines)
    without = film_scores(film_order(absent, MODEL), films, -cosines)
    top = set(np.argsort(-with_it)[:10]) & set(np.argsort(-without)[:10])
    assert not top


def test_what_the_evidence_rules_out_does_not_answer() -> None:
    order = film_order(asked("effusion"), MODEL)
    rate = MODEL.base_rate[EVIDENCE.index("Effusion")]
    far = rate / (1 - rate) / 40
    films = np.stack([known(Effusion=far / (1 + far)), known(Effusion=rate)])
    assert answers(order, films).tolist() == [False, True]
    assert RULED_OUT < FOUND < 0.5
    assert answers(FilmOrder(), films).all()


def test_a_shown_film_asks_for_what_it_shows() -> None:
    rates = dict(zip(EVIDENCE, MODEL.base_rate.tolist(), strict=True))
    shown = rates | {"Effusion": 0.9, "Pneumothorax": 0.6}
    order = film_order(ClinicalQuery(text=""), MODEL, shown)
    assert [name for name, _ in order.alike] == ["Effusion", "Pneumothorax"]
    assert sum(weight for _, weight in order.alike) <= 1
    scores = film_scores(order, np.stack([known(), known(Effusion=0.9)]), np.zeros(2))
    assert scores[1] > scores[0]


def test_words_beside_a_shown_film_decide_what_they_name() -> None:
    shown = dict.fromkeys(EVIDENCE, 0.9)
    order = film_order(asked("effusion", "no pneumothorax"), MODEL, shown)
    assert {"Effusion", "Pneumothorax", "No Finding"}.isdisjoint(dict(order.alike))
    assert order.logic > 0
    assert order.likeness > 0
    assert order.similarity > 0


def test_a_shown_film_like_any_other_asks_for_no_finding() -> None:
    rates = dict(zip(EVIDENCE, MODEL.base_rate.tolist(), strict=True))
    assert above_average(rates, MODEL) == {}
    assert film_order(ClinicalQuery(text=""), MODEL, rates).similarity == 1.0


def test_the_share_of_similarity_is_the_models() -> None:
    assert isinstance(MODEL, EvidenceModel)
    assert film_order(asked("effusion"), MODEL).similarity == pytest.approx(MODEL.similarity)
