from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mmrag.encoders.compact_heat import Maps, heat_maps

NOTHING = np.zeros((2, 4, 4), np.float32)


def lopsided(pixels: NDArray[np.uint8]) -> Maps:
    """Scores that say the same of two films only where left and right don't matter."""
    grid = pixels[0, 0].reshape(4, 8, 4, 8).mean((1, 3)).astype(np.float32)
    weight = np.linspace(0.5, 1.5, 4, dtype=np.float32)
    return np.stack([grid * weight, 2 - grid])


@pytest.fixture
def pixels() -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (1, 1, 32, 32), dtype=np.uint8)


def test_the_mean_stays_the_score_of_the_film(pixels: NDArray[np.uint8]) -> None:
    usual = np.random.default_rng(4).normal(size=(2, 4, 4)).astype(np.float32)
    usual -= usual.mean((1, 2), keepdims=True)
    heat = heat_maps(lopsided, pixels, usual)
    assert heat.dtype == np.float32
    assert heat.mean((1, 2)) == pytest.approx(lopsided(pixels).mean((1, 2)), rel=1e-5)


def test_the_film_and_its_mirror_image_show_the_same_places(pixels: NDArray[np.uint8]) -> None:
    def centred(heat: Maps) -> Maps:
        level: Maps = heat.mean((1, 2), keepdims=True)
        return heat - level

    heat = heat_maps(lopsided, pixels, NOTHING)
    mirrored = heat_maps(lopsided, np.ascontiguousarray(pixels[..., ::-1]), NOTHING)
    assert np.allclose(centred(heat)[..., ::-1], centred(mirrored), atol=1e-3)


def test_what_is_usual_stands_out_nowhere(pixels: NDArray[np.uint8]) -> None:
    plain = heat_maps(lopsided, pixels, NOTHING)
    usual = plain - plain.mean((1, 2), keepdims=True)
    heat = heat_maps(lopsided, pixels, usual)
    assert np.ptp(heat, axis=(1, 2)).max() < 1e-3
