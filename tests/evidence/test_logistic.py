"""Regression towards known weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.evidence.logistic import intercept, logistic, ridge_logistic


def one(inputs: np.ndarray, shown: np.ndarray, mean: float, penalty: float) -> tuple[float, float]:
    weights, base = ridge_logistic(
        inputs[None, :, None], shown[None], np.array([[mean]]), np.array([[penalty]])
    )
    return float(weights[0, 0]), float(base[0])


def test_many_films_teach_the_truth() -> None:
    rng = np.random.default_rng(2)
    inputs = rng.normal(size=20_000)
    shown = rng.random(20_000) < logistic(1.7 * inputs - 1.0)
    weight, base = one(inputs, shown, 0.0, 1.0)
    assert weight == pytest.approx(1.7, abs=0.1)
    assert base == pytest.approx(-1.0, abs=0.1)


def test_a_firm_hand_leaves_the_weights_and_meets_the_share() -> None:
    rng = np.random.default_rng(3)
    inputs, shown = rng.normal(size=200), rng.random(200) < 0.3
    weight, base = one(inputs, shown, 1.5, 1e9)
    assert weight == pytest.approx(1.5, abs=1e-4)
    assert logistic(1.5 * inputs + base).mean() == pytest.approx(shown.mean(), abs=1e-6)


def test_parted_films_stay_finite() -> None:
    inputs = np.linspace(-1, 1, 40)
    weight, base = one(inputs, inputs > 0, 1.0, 3.0)
    assert np.isfinite([weight, base]).all()
    assert weight > 1


def test_side_by_side_is_one_by_one() -> None:
    rng = np.random.default_rng(4)
    inputs, shown = rng.normal(size=(3, 90, 4)), rng.random((3, 90)) < 0.4
    mean, penalty = rng.normal(size=(3, 4)), 0.5 + rng.random((3, 4))
    together, bases = ridge_logistic(inputs, shown, mean, penalty)
    for row in range(3):
        part = slice(row, row + 1)
        alone, base = ridge_logistic(inputs[part], shown[part], mean[part], penalty[part])
        np.testing.assert_allclose(together[part], alone, atol=1e-5)
        np.testing.assert_allclose(bases[part], base, atol=1e-5)


@given(
    st.lists(st.floats(-20, 20), min_size=1, max_size=50),
    st.floats(0, 1),
)
def test_an_intercept_meets_its_share(log_odds: list[float], share: float) -> None:
    values = np.array(log_odds)
    edge = 0.5 / (len(values) + 1)
    said = logistic(values + intercept(values, share)).mean()
    assert said == pytest.approx(np.clip(share, edge, 1 - edge), abs=1e-6)
