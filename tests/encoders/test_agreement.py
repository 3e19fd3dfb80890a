from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from mmrag.encoders.agreement import LEAST_COSINE, Agreement, mean_removed_cosine, overlap


def test_removing_the_mean_shows_what_a_cosine_hides() -> None:
    rng = np.random.default_rng(0)
    common = 10 * np.ones(32)
    reference = (common + rng.normal(size=(50, 32))).astype(np.float32)
    unrelated = (common + rng.normal(size=(50, 32))).astype(np.float32)
    assert mean_removed_cosine(reference, reference) == pytest.approx(1)
    assert abs(mean_removed_cosine(reference, unrelated)) < 0.2


def test_overlap_counts_shared_neighbours() -> None:
    scores = np.arange(40, dtype=np.float32)[np.newaxis]
    assert overlap(scores, scores) == 1
    assert overlap(scores, -scores) == 0
    shifted = np.roll(scores, 5, axis=1)
    assert overlap(scores, shifted) == pytest.approx(0.5)


def test_a_film_is_no_neighbour_of_itself() -> None:
    own = 100 * np.eye(30, dtype=np.float32)
    others = np.tile(np.arange(30, dtype=np.float32), (30, 1))
    assert overlap(others + own, others, apart=True) == 1


GOOD = {
    "films": 60,
    "film_cosine": 0.995,
    "text_cosine": 0.992,
    "film_overlap": 0.9,
    "text_overlap": 0.85,
}


@pytest.mark.parametrize(
    ("changes", "of_films", "of_texts"),
    [
        ({}, 0, 0),
        ({"film_cosine": 0.98}, 1, 0),
        ({"text_cosine": 0.914}, 0, 1),
        ({"text_cosine": 0.98, "text_overlap": 0.7}, 0, 2),
        ({"film_cosine": 0.5, "film_overlap": 0.5, "text_overlap": 0.5}, 2, 1),
        ({"film_cosine": float("nan")}, 1, 0),
    ],
)
def test_what_lies_below_its_limit_is_named(
    changes: dict[str, float], of_films: int, of_texts: int
) -> None:
    agreement = Agreement(**(GOOD | changes))  # type: ignore[arg-type]
    assert len(agreement.film_shortcomings) == of_films
    assert len(agreement.text_shortcomings) == of_texts
    assert all("at least" in line for line in agreement.film_shortcomings)


def test_the_limit_costs_less_than_a_quarter_of_a_hundredth_of_auc() -> None:
    normal, root = NormalDist(), 2**0.5
    separation = root * normal.inv_cdf(0.80)
    left = normal.cdf(LEAST_COSINE * separation / root)
    assert 0.7975 < left < 0.798


def test_noise_weakens_scores_by_the_mean_removed_cosine() -> None:
    rng = np.random.default_rng(0)
    exact = rng.normal(size=(400, 512))
    other = exact + 0.2 * rng.normal(size=exact.shape)
    unit = [(v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32)
            for v in (exact, other)]  # fmt: skip
    question = rng.normal(size=512)
    scores = [vectors @ question for vectors in unit]
    correlation = np.corrcoef(scores)[0, 1]
    assert correlation == pytest.approx(mean_removed_cosine(*unit), abs=0.01)
