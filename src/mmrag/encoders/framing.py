"""From a decoded film to the square that an open_clip image tower looks at, grey throughout.

Nothing here needs torch. The arithmetic is that of open_clip's own transform for the same
picture: Pillow resizes a grey image to the bytes it would give for each channel of a grey
picture turned to RGB, and towers take colour apart only where they normalise it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmrag.encoders.base import GreyImage
from mmrag.errors import BadFilm, EncoderError

LONGEST_RATIO = 32
"""Sides of a film may differ by this factor; beyond it, resizing would fill the memory."""

_MEAN = (0.48145466, 0.4578275, 0.40821073)
_STD = (0.26862954, 0.26130258, 0.27577711)
_FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "random": Image.Resampling.BICUBIC,
}


@dataclass(frozen=True, slots=True)
class Framing:
    """How a model wants its pictures.

    Attributes
    ----------
    side : int
        Side of the square, in pixels.
    resize_mode : str
        ``shortest`` fits the short side and cuts the middle out; ``squash`` ignores the
        ratio of the sides.
    interpolation : str
        ``bicubic`` or ``bilinear``, with Pillow's antialiasing.
    mean, std : tuple of float
        Of each colour, for pixels from 0 to 1.
    """

    side: int
    resize_mode: str
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, image_size: object, preprocess: Mapping[str, Any]) -> Framing:
        """Read the part of ``open_clip_config.json`` that speaks of pictures.

        Parameters
        ----------
        image_size : int or list of int
            ``vision_cfg.image_size``.
        preprocess : mapping
            ``preprocess_cfg``; what it leaves out is open_clip's default.

        Returns
        -------
        Framing

        Raises
        ------
        EncoderError
            When the model wants something that is not done here.
        """
        sides = list(image_size) if isinstance(image_size, list | tuple) else [image_size]
        side: Any = sides[0]
        mode = preprocess.get("resize_mode") or "shortest"
        interpolation = preprocess.get("interpolation") or "bicubic"
        square = isinstance(side, int) and side > 0 and set(sides) == {side}
        if not square or mode not in ("shortest", "squash") or interpolation not in _FILTERS:
            raise EncoderError(
                f"open_clip_config.json asks for pictures of {image_size} pixels, resized by "
                f"{mode!r} and {interpolation!r}: only squares, 'shortest' or 'squash', and "
                "'bicubic' or 'bilinear' can be made here"
            )
        return cls(
            side=side,
            resize_mode=mode,
            interpolation=interpolation,
            mean=_three(preprocess.get("mean") or _MEAN),
            std=_three(preprocess.get("std") or _STD),
        )

    def apply(self, film: GreyImage) -> NDArray[np.uint8]:
        """Frame one film.

        Parameters
        ----------
        film : ndarray
            Shape (height, width), dtype uint8.

        Returns
        -------
        ndarray
            Shape (1, side, side), dtype uint8.

        Raises
        ------
        BadFilm
            When the array is not a grey 8-bit image, or one of absurd proportions.
        """
        _refuse_unfit(film)
        image = Image.fromarray(film)
        if self.resize_mode == "squash":
            image = self._resized(image, self.side, self.side)
        else:
            image = self._middle(image)
        return np.asarray(image)[np.newaxis]

    def _middle(self, image: Image.Image) -> Image.Image:
        shortest = min(image.size)
        # whole numbers, cut off: as torchvision's Resize does it
        width, height = (int(self.side * side / shortest) for side in image.size)
        image = self._resized(image, width, height)
        left, top = round((width - self.side) / 2), round((height - self.side) / 2)
        return image.crop((left, top, left + self.side, top + self.side))

    def _resized(self, image: Image.Image, width: int, height: int) -> Image.Image:
        if image.size == (width, height):
            return image
        return image.resize((width, height), _FILTERS[self.interpolation])


def _three(values: object) -> tuple[float, ...]:
    numbers = tuple(values) if isinstance(values, list | tuple) else (values,) * 3
    return tuple(float(number) for number in numbers)


def _refuse_unfit(film: GreyImage) -> None:
    if film.ndim != 2 or film.dtype != np.uint8 or film.size == 0:
        raise BadFilm(
            f"a film must be a non-empty grey image of 8 bits, this is {film.dtype} of shape "
            f"{film.shape}: decode it to (height, width) uint8 first"
        )
    if max(film.shape) > LONGEST_RATIO * min(film.shape):
        raise BadFilm(f"{film.shape[1]} x {film.shape[0]} pixels are no film: one side is a sliver")
