"""The picture of where a finding is seen."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from mmrag.brief.heat import SCALE_HEIGHT, draw_heat, heated

FILM = np.tile(np.linspace(20, 200, 160, dtype=np.uint8), (120, 1))
GAP = 2


def drawn(
    heat: NDArray[np.float32], film: NDArray[np.uint8] = FILM, size: int = 500
) -> NDArray[np.uint8]:
    return heated(film, heat, size)


def corner(row: int, column: int, value: float = 5.0) -> NDArray[np.float32]:
    heat = np.full((9, 9), -2.0, np.float32)
    heat[row, column] = value
    return heat


def test_colour_is_where_the_heat_is_and_the_rest_stays_grey() -> None:
    picture = drawn(corner(8, 0)).astype(int)
    spread = picture.max(axis=2) - picture.min(axis=2)
    assert spread[110, 5] > 40  # below at the left
    assert spread[:60, 80:].max() <= 1
    np.testing.assert_allclose(picture[:60, 80:, 0], FILM[:60, 80:], atol=1)


def test_the_film_stays_visible_under_the_most_heat() -> None:
    picture = drawn(np.ones((3, 3), np.float32)).astype(int)
    lightness = picture[:120].mean(axis=2)
    assert lightness[60, 159] - lightness[60, 0] > 50


def test_a_film_that_speaks_against_it_everywhere_has_no_colour() -> None:
    picture = drawn(np.full((9, 9), -1.0, np.float32))[:120]
    assert (picture.max(axis=2) == picture.min(axis=2)).all()


def test_more_heat_is_more_colour() -> None:
    scale = drawn(corner(0, 0))[-1].astype(int)
    chroma = scale.max(axis=1) - scale.min(axis=1)
    assert (np.diff(chroma) >= 0).all()
    assert chroma[0] == 0
    assert chroma[-1] > 100


@pytest.mark.parametrize("grey", [0, 90, 255])
def test_heat_is_seen_on_dark_and_on_bright_films(grey: int) -> None:
    film = np.full((90, 90), grey, np.uint8)
    picture = drawn(corner(4, 4), film).astype(int)
    assert np.abs(picture[45, 45] - grey).max() > 60


def test_a_line_marks_half_of_the_most() -> None:
    film = np.full((90, 90), 90, np.uint8)
    picture = drawn(corner(4, 4), film)[:90]
    line = (picture == (213, 94, 0)).all(axis=2)
    assert line[45, :45].sum() == line[45, 45:].sum() == 1
    assert not line[:20].any()


@pytest.mark.parametrize("size", [40, 500])
def test_the_picture_is_the_film_with_a_scale_below(size: int) -> None:
    picture = drawn(corner(4, 4), size=size)
    width = min(size, 160)
    assert picture.shape[1] == width
    assert picture.shape[0] == width * 120 // 160 + GAP + SCALE_HEIGHT


@given(
    arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 12)),
           elements=st.floats(width=32)),
    arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))),
)  # fmt: skip
def test_any_heat_over_any_film_is_drawn(
    heat: NDArray[np.float32], film: NDArray[np.uint8]
) -> None:
    assert drawn(heat, film, size=30).shape[2] == 3


def test_the_picture_is_a_small_file_that_keeps_its_colours() -> None:
    content = draw_heat(FILM, corner(8, 0), 500)
    picture = Image.open(io.BytesIO(content))
    assert picture.format == "JPEG"
    exact = heated(FILM, corner(8, 0), 500).astype(int)
    assert np.abs(np.asarray(picture.convert("RGB")).astype(int) - exact).mean() < 3
    assert len(content) < 20_000
