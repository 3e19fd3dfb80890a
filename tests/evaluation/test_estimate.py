"""Intervals: patients are drawn whole, equals are averaged, differences are paired."""

from __future__ import annotations

import numpy as np
import pytest

from mmrag.evaluation.bench import lot
from mmrag.evaluation.estimate import estimate, mean, patient_weights, rankings
from mmrag.evaluation.questions import Question


def question(answer: np.ndarray) -> Question:
    return Question("name", "Mass", "lung mass", ("Mass",), answer)


def test_all_films_of_a_patient_come_and_go_together() -> None:
    patients = ["a", "a", "b", "c", "c", "c"]
    weights = patient_weights(patients, 200, lot("test"))
    assert (weights[:, 0] == 1).all()
    assert (weights[0] == weights[1]).all()
    assert (weights[3] == weights[5]).all()
    assert (weights[[0, 2, 3], 1:].sum(axis=0) == 3).all()
    assert len(np.unique(weights, axis=1).T) > 5


def test_equals_are_put_in_several_orders_and_others_in_one() -> None:
    tied, apart = np.array([1.0, 0, 0, 0]), np.array([4.0, 3, 2, 1])
    assert len(rankings([apart], 8, lot("t"))) == 1
    orders = rankings([tied], 8, lot("t"))
    assert len(orders) == 8
    assert {r.order[0] for r in orders} == {0}
    assert len({tuple(r.order) for r in orders}) > 1


def test_minus_infinity_is_left_out() -> None:
    (ranked, *_) = rankings([np.array([0.5, -np.inf, 0.7])], 1, lot("t"))
    assert ranked.returned == 2
    assert ranked.order.tolist() == [2, 0, 1]


def test_an_estimate_holds_its_value_and_pairs_its_differences() -> None:
    rng = np.random.default_rng(0)
    answer = rng.random(80) < 0.4
    weights = patient_weights([str(n // 2) for n in range(80)], 300, lot("t"))
    good, poor = answer + rng.normal(size=80), rng.normal(size=80)
    asked = question(answer)
    first = estimate(asked, rankings([good], 1, lot("t")), weights)
    second = estimate(asked, rankings([poor], 1, lot("t")), weights)
    whole = first.interval("AP")
    assert whole.low < whole.value < whole.high
    assert first.less(second, "AP").excludes_zero
    same = first.less(first, "AP")
    assert (same.value, same.low, same.high) == (0, 0, 0)
    assert mean([first, second]).interval("AP").value == pytest.approx(
        (first.interval("AP").value + second.interval("AP").value) / 2
    )


def test_a_resampling_without_an_answer_is_skipped() -> None:
    weights = np.array([[1.0, 0, 2], [1, 2, 0]])
    answered = estimate(
        question(np.array([True, False])), rankings([np.array([2.0, 1])], 1, lot("t")), weights
    )
    other = estimate(
        question(np.array([True, True])), rankings([np.array([2.0, 1])], 1, lot("t")), weights
    )
    assert np.isnan(answered.replicates["AP"][1])
    assert mean([answered, other]).replicates["AP"].tolist() == [1, 1, 1]
