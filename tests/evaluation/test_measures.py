"""Figures: the sweep equals ir-measures and plain definitions, copies count as copies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.errors import MmragError
from mmrag.evaluation.measures import (
    VIOLATION,
    Ranking,
    check_agreement,
    from_ir_measures,
    under_weights,
)

answers = st.lists(st.booleans(), min_size=1, max_size=60).filter(any)


def ranking(n: int, seed: int = 0, returned: int | None = None) -> Ranking:
    return Ranking(np.random.default_rng(seed).permutation(n), n if returned is None else returned)


def once(r: Ranking, answer: np.ndarray, **more: np.ndarray) -> dict[str, float]:
    figures = under_weights(r, answer, np.ones((len(answer), 1)), **more)
    return {name: float(values[0]) for name, values in figures.items()}


@given(answers, st.integers(0, 9), st.integers(0, 60))
def test_the_sweep_is_what_ir_measures_says(shown: list[bool], seed: int, returned: int) -> None:
    answer = np.array(shown)
    r = ranking(len(answer), seed, min(returned, len(answer)))
    own, theirs = once(r, answer), from_ir_measures(r, answer)
    assert set(theirs) == {"AP", "P@10", "nDCG@10", "R@20"}
    for name, value in theirs.items():
        assert own[name] == pytest.approx(value, abs=1e-12), name


@given(answers)
def test_a_perfect_order_is_perfect(shown: list[bool]) -> None:
    answer = np.array(shown)
    figures = once(Ranking(np.argsort(~answer, kind="stable"), len(answer)), answer)
    assert figures["AP"] == figures["nDCG@10"] == pytest.approx(1)
    assert figures["P@10"] == pytest.approx(min(10, answer.sum()) / 10)
    assert answer.all() or figures["AUC"] == pytest.approx(1)


@given(answers, st.integers(0, 9), st.integers(0, 9))
def test_renumbering_the_films_changes_nothing(shown: list[bool], seed: int, other: int) -> None:
    answer = np.array(shown)
    r = ranking(len(answer), seed)
    renumbered = np.random.default_rng(other).permutation(len(answer))
    moved = np.empty_like(answer)
    moved[renumbered] = answer
    again = once(Ranking(renumbered[r.order], r.returned), moved)
    assert again == pytest.approx(once(r, answer), nan_ok=True)


@given(answers, st.integers(0, 9))
def test_auc_is_the_chance_that_a_shown_film_comes_first(shown: list[bool], seed: int) -> None:
    answer = np.array([*shown, False])
    r = ranking(len(answer), seed)
    place = np.argsort(r.order)
    pairs = place[answer][:, None] < place[~answer][None, :]
    assert once(r, answer)["AUC"] == pytest.approx(pairs.mean())


@given(answers, st.integers(0, 9), st.lists(st.integers(0, 3), min_size=60, max_size=60))
def test_a_film_drawn_twice_stands_twice(shown: list[bool], seed: int, times: list[int]) -> None:
    answer, counts = np.array(shown), np.array(times[: len(shown)])
    r = ranking(len(answer), seed)
    weighted = under_weights(r, answer, counts[:, None].astype(float))
    copied = np.repeat(answer[r.order], counts[r.order])
    if not copied.any():
        assert np.isnan(weighted["AP"][0])
        return
    plain = once(Ranking(np.arange(len(copied)), len(copied)), copied)
    for name in ("P@10", "nDCG@10", "R@20", "AUC"):
        assert weighted[name][0] == pytest.approx(plain[name], nan_ok=True), name
    # copies of a film that answers do not vouch for each other
    assert weighted["AP"][0] <= plain["AP"] + 1e-12


def test_films_that_were_left_out_are_missed() -> None:
    answer = np.array([True, True, False, False])
    assert once(Ranking(np.arange(4), 1), answer)["AP"] == 0.5
    assert once(Ranking(np.arange(4), 0), answer)["AP"] == 0


def test_violations_are_counted_among_the_first_ten() -> None:
    answer = np.zeros(20, bool)
    answer[0] = True
    ruled_out = np.arange(20) >= 6
    figures = once(Ranking(np.arange(20), 20), answer, ruled_out=ruled_out)
    assert figures[VIOLATION] == pytest.approx(0.4)


def test_a_wrong_figure_is_never_printed() -> None:
    answer = np.array([True, False, True])
    r = ranking(3)
    figures = dict(under_weights(r, answer, np.ones((3, 1))))
    figures["AP"] = figures["AP"] + 1e-6
    with pytest.raises(MmragError, match="AP is"):
        check_agreement(r, answer, figures)
