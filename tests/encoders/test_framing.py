from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmrag.encoders.base import GreyImage
from mmrag.encoders.framing import LONGEST_RATIO, Framing
from mmrag.errors import BadFilm, EncoderError

FRAMING = Framing.of(224, {})


@given(st.integers(1, 90), st.integers(1, 90))
def test_any_film_becomes_a_grey_square(height: int, width: int) -> None:
    film = np.full((height, width), 77, np.uint8)
    if max(height, width) > LONGEST_RATIO * min(height, width):
        with pytest.raises(BadFilm, match="sliver"):
            FRAMING.apply(film)
        return
    framed = FRAMING.apply(film)
    assert framed.shape == (1, 224, 224)
    assert framed.dtype == np.uint8
    assert (framed == 77).all()


@pytest.mark.parametrize(
    "film",
    [
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((4, 4), np.uint16),
        np.zeros((0, 4), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_what_is_no_grey_film_is_refused(film: Any) -> None:
    with pytest.raises(BadFilm, match="grey image of 8 bits"):
        FRAMING.apply(film)


@pytest.mark.parametrize(
    ("size", "preprocess"),
    [
        ([224, 336], {}),
        ("224", {}),
        (0, {}),
        (224, {"resize_mode": "longest"}),
        (224, {"interpolation": "nearest"}),
    ],
)
def test_what_cannot_be_done_is_refused(size: object, preprocess: dict[str, Any]) -> None:
    with pytest.raises(EncoderError, match="only squares"):
        Framing.of(size, preprocess)


@pytest.mark.parametrize("mode", ["shortest", "squash"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_frames_as_open_clip_does(
    full_extra: None, made_films: list[GreyImage], mode: str, interpolation: str
) -> None:
    from mmrag.encoders.openclip_load import import_open_clip
    from mmrag.encoders.torch_towers import scale_and_shift

    import_open_clip()
    from open_clip.transform import PreprocessCfg, image_transform_v2

    options = {"resize_mode": mode, "interpolation": interpolation}
    framing = Framing.of(224, options)
    transform = image_transform_v2(PreprocessCfg(size=224, **options), is_train=False)
    scale, shift = scale_and_shift(framing)
    odd = [np.arange(h * w, dtype=np.uint8).reshape(h, w) for h, w in [(224, 224), (225, 1023)]]
    for film in made_films[:12] + odd:
        theirs = transform(Image.fromarray(film).convert("RGB")).numpy()
        ours = (framing.apply(film)[np.newaxis] * scale.numpy() + shift.numpy())[0]
        # the bytes are the same; the rest is the order of two roundings in float32
        assert np.abs(ours - theirs).max() < 2e-6
