from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.encoders.preprocess import to_tensor
from mmrag.errors import BadFilm

SIDE = 288


@given(st.integers(1, 700), st.integers(1, 700), st.integers(0, 255))
def test_an_even_film_stays_even_at_any_size(height: int, width: int, grey: int) -> None:
    tensor = to_tensor(np.full((height, width), grey, np.uint8), SIDE)
    assert tensor.shape == (1, 1, SIDE, SIDE)
    assert tensor.dtype == np.uint8
    assert (tensor == grey).all()


def test_a_film_of_the_right_size_is_left_alone() -> None:
    film = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), dtype=np.uint8)
    assert (to_tensor(film, SIDE)[0, 0] == film).all()


def test_sides_are_not_swapped() -> None:
    film = np.zeros((400, 600), np.uint8)
    film[:, :300] = 200
    tensor = to_tensor(film, SIDE)[0, 0]
    assert tensor[:, :100].min() == 200
    assert tensor[:, -100:].max() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((4, 4), np.uint16),
        np.zeros((4, 4), np.float32),
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_anything_but_a_grey_film_is_refused_in_one_line(wrong: np.ndarray) -> None:
    with pytest.raises(BadFilm, match="decode it to") as caught:
        to_tensor(wrong, SIDE)
    assert "\n" not in str(caught.value)
