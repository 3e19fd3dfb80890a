"""Scores as probabilities, fitted on other patients."""

from __future__ import annotations

import numpy as np

from mmrag.evaluation.bench import Bench
from mmrag.evaluation.reliability import calibrated, reliability_of


def test_probabilities_rise_with_the_score_and_match_what_is_seen() -> None:
    rng = np.random.default_rng(5)
    scores = rng.normal(size=3000)
    answer = rng.random(3000) < 1 / (1 + np.exp(-(2 * scores - 1)))
    said = calibrated(scores, answer, [str(n) for n in range(3000)])
    assert np.corrcoef(scores, said)[0, 1] > 0.9
    assert abs(said.mean() - answer.mean()) < 0.01
    sure = said > 0.7
    assert abs(said[sure].mean() - answer[sure].mean()) < 0.06


def test_a_film_never_teaches_its_own_probability() -> None:
    rng = np.random.default_rng(6)
    scores, patients = rng.normal(size=200), [str(n // 2) for n in range(200)]
    answer = rng.random(200) < 0.3
    turned = answer.copy()
    turned[:2] = ~turned[:2]
    one, other = (calibrated(scores, each, patients) for each in (answer, turned))
    assert (one[:2] == other[:2]).all()
    assert (one != other).any()


def test_equal_scores_are_no_trouble() -> None:
    said = calibrated(np.zeros(50), np.arange(50) < 10, [str(n) for n in range(50)])
    assert np.isfinite(said).all()
    assert abs(said.mean() - 0.2) < 0.05


def test_both_conditions_are_tried(bench: Bench) -> None:
    blind, seeing = reliability_of(bench)
    assert (blind.condition, seeing.condition) == ("labels 0%", "labels 100%")
    for each in (blind, seeing):
        assert len(each.tenths) == 10
        assert each.brier < each.brier_of_base_rate
        assert [t.predicted for t in each.tenths] == sorted(t.predicted for t in each.tenths)
