"""Weighing films: what must hold whatever the parameters are."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmrag.evidence import NAMES, EvidenceModel, Weighing, probability
from mmrag.evidence.history import shipped_persistence
from mmrag.records import LabelsBy

N = len(NAMES)
BY: tuple[LabelsBy, ...] = get_args(LabelsBy)
numbers = st.floats(-3, 3, allow_nan=False)
square = arrays(np.float64, (N, N), elements=numbers)
vector = arrays(np.float64, N, elements=numbers)
scores = arrays(np.float64, (5, N), elements=st.floats(-1, 1))
findings = st.lists(st.sampled_from(NAMES[:-1]), unique=True, max_size=3).map(tuple)
labels = st.lists(st.none() | findings, min_size=5, max_size=5)


@st.composite
def models(draw: st.DrawFn) -> EvidenceModel:
    return EvidenceModel(
        name="made",
        centre=draw(vector),
        scale=np.abs(draw(vector)) + 0.1,
        base_rate=np.full(N, 0.2),
        unlabelled=Weighing(draw(vector), draw(square)),
        labelled=Weighing(draw(vector), draw(square), draw(st.none() | square)),
        similarity=0.1,
        history_rate=shipped_persistence().rate,
    )


@given(models(), scores, labels, st.integers(0, N - 1), st.floats(0, 1))
def test_a_higher_own_score_never_lowers_its_finding(
    model: EvidenceModel,
    seen: np.ndarray,
    told: list[tuple[str, ...] | None],
    own: int,
    more: float,
) -> None:
    for weighing in (model.unlabelled, model.labelled):
        weighing.pixels[own, own] = abs(weighing.pixels[own, own])
    higher = seen.copy()
    higher[:, own] += more
    before, after = (probability(model.weigh(each, told).log_odds) for each in (seen, higher))
    assert (after[:, own] >= before[:, own] - 1e-6).all()


@given(models(), scores, labels, st.permutations(range(5)))
def test_the_order_of_films_changes_nothing(
    model: EvidenceModel, seen: np.ndarray, told: list[tuple[str, ...] | None], order: list[int]
) -> None:
    straight = model.weigh(seen, told)
    mixed = model.weigh(seen[order], [told[row] for row in order])
    np.testing.assert_allclose(mixed.log_odds, straight.log_odds[order], atol=1e-4)
    np.testing.assert_allclose(mixed.pixels_only, straight.pixels_only[order], atol=1e-4)


@given(models(), scores, labels)
def test_an_unlabelled_film_is_its_pixels(
    model: EvidenceModel, seen: np.ndarray, told: list[tuple[str, ...] | None]
) -> None:
    weighed = model.weigh(seen, told)
    blind = np.array([names is None for names in told])
    assert (weighed.log_odds[blind] == weighed.pixels_only[blind]).all()
    assert (weighed.pixels_only == model.weigh(seen, [None] * 5).log_odds).all()


@given(arrays(np.float64, 7, elements=st.floats(-1000, 1000)))
def test_probabilities_are_those_of_the_log_odds(log_odds: np.ndarray) -> None:
    said = probability(log_odds)
    assert ((said >= 0) & (said <= 1)).all()
    for odds, p in zip(log_odds, said, strict=True):
        assert math.isclose(p, 1 / (1 + math.exp(-max(odds, -700))), abs_tol=1e-12)


@given(models(), scores, labels, st.lists(st.sampled_from(BY), min_size=5, max_size=5))
def test_a_read_is_what_radiologists_said_and_moves_no_other_film(
    model: EvidenceModel,
    seen: np.ndarray,
    told: list[tuple[str, ...] | None],
    by: list[LabelsBy],
) -> None:
    weighed, noisy = model.weigh(seen, told, by), model.weigh(seen, told)
    read = np.array(
        [who == "radiologists" and names is not None for who, names in zip(by, told, strict=True)]
    )
    assert (weighed.log_odds[~read] == noisy.log_odds[~read]).all()
    assert (weighed.pixels_only == noisy.pixels_only).all()
    for film in np.flatnonzero(read):
        said = np.array([name in (told[film] or ("No Finding",)) for name in NAMES])
        chance = probability(weighed.log_odds[film])
        np.testing.assert_allclose(chance[said], 0.97, atol=1e-6)
        assert (chance[~said] < model.base_rate[~said] / 10).all()
