from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training.metrics import area_under_roc, average_precision, precision_at

RANKINGS = st.lists(st.tuples(st.booleans(), st.integers(0, 3)), min_size=2, max_size=6).filter(
    lambda rows: 0 < sum(truth for truth, _ in rows) < len(rows)
)


def parted(rows: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([t for t, _ in rows]), np.array([float(s) for _, s in rows])


@given(RANKINGS)
def test_area_counts_pairs(rows: list[tuple[bool, int]]) -> None:
    pairs = [(a, b) for t, a in rows if t for u, b in rows if not u]
    expected = np.mean([1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs])
    assert area_under_roc(*parted(rows)) == pytest.approx(expected)


@given(RANKINGS, st.integers(1, 6))
def test_precision_is_the_mean_over_orders_of_equal_scores(
    rows: list[tuple[bool, int]], depth: int
) -> None:
    depth = min(depth, len(rows))
    orders = [p for p in permutations(rows) if [s for _, s in p] == sorted((s for _, s in p))[::-1]]
    expected = np.mean([np.mean([t for t, _ in order[:depth]]) for order in orders])
    assert precision_at(*parted(rows), depth) == pytest.approx(expected)


def test_average_precision_by_hand() -> None:
    truth = np.array([True, False, True, False])
    assert average_precision(truth, np.array([4.0, 3.0, 2.0, 1.0])) == pytest.approx(
        (1 / 1 + 2 / 3) / 2
    )
    assert average_precision(truth, np.zeros(4)) == pytest.approx(0.5)
