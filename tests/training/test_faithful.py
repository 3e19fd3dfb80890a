from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from training.faithful import HIDDEN, deletion, hide

from mmrag.encoders.base import GreyImage, Vectors
from mmrag.encoders.compact_space import DIMENSION, FINDINGS

SIDE = 96


class BrightSpot:
    """Sees effusion where a film is bright; its map points there, or at the other corner."""

    def __init__(self, honest: bool) -> None:
        self.honest = honest

    def encode_films(self, films: Sequence[GreyImage]) -> Vectors:
        vectors = np.zeros((len(films), DIMENSION), np.float32)
        vectors[:, FINDINGS.index("Effusion")] = [(film > 200).mean() for film in films]
        return vectors

    def heat_map(self, film: GreyImage, finding: str) -> NDArray[np.float32]:
        assert finding == "Effusion"
        places = film.reshape(8, SIDE // 8, 8, SIDE // 8)
        heat: NDArray[np.float32] = places.mean((1, 3)).astype(np.float32)
        return heat if self.honest else heat[::-1, ::-1].copy()


def spotted(count: int) -> list[GreyImage]:
    random = np.random.default_rng(7)
    films = []
    for _ in range(count):
        film = np.full((SIDE, SIDE), 60, np.uint8)
        down, across = random.integers(0, 24, 2)
        film[down : down + 12, across : across + 12] = 255
        films.append(film)
    return films


def test_a_map_that_points_at_the_reason_falls_most_where_it_points() -> None:
    told = deletion(spotted(12), BrightSpot(honest=True))
    assert told["films"] == 12
    assert told["peak"] > 2 * told["elsewhere"]
    assert told["larger"] > 0.8


def test_a_map_that_points_elsewhere_is_found_out() -> None:
    told = deletion(spotted(12), BrightSpot(honest=False))
    assert told["peak"] <= told["elsewhere"]


@pytest.mark.parametrize("place", [(0.5, 0.5), (0.0, 0.0), (1.0, 1.0), (0.99, 0.02)])
def test_hiding_changes_only_what_lies_around(place: tuple[float, float]) -> None:
    film = np.random.default_rng(2).integers(0, 256, (80, 120), dtype=np.uint8)
    before = film.copy()
    hidden = hide(film, place)
    assert (film == before).all()
    rows, columns = np.nonzero(hidden != film)
    assert rows.size > 0
    assert (np.abs(rows / 80 - place[1]) <= HIDDEN / 2 + 0.02).all()
    assert (np.abs(columns / 120 - place[0]) <= HIDDEN / 2 + 0.02).all()
