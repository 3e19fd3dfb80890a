"""A film that somebody sent: measured before it is decoded, and gone afterwards."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from mmrag.errors import BadFilm

MAX_PIXELS = 40_000_000
"""Largest film that is taken: decoding one takes well under a second and some 200 MB."""

_NAME = "the film"


@contextmanager
def film_file(content: bytes) -> Iterator[Path]:
    """Lay a film down as a file for as long as it is needed.

    Parameters
    ----------
    content : bytes
        As it was sent; what it calls itself has no part in this.

    Yields
    ------
    pathlib.Path

    Raises
    ------
    BadFilm
        When it is no PNG or JPEG, too large, or cannot be read; no path is named.
    """
    _measure(content)
    with tempfile.TemporaryDirectory(prefix="mmrag-film-") as folder:
        path = Path(folder) / "film"
        path.write_bytes(content)
        try:
            yield path
        except BadFilm as error:
            raise BadFilm(str(error).replace(str(path), _NAME)) from error


def _measure(content: bytes) -> None:
    try:
        with Image.open(io.BytesIO(content), formats=["PNG", "JPEG"]) as image:
            pixels = image.width * image.height
    except Image.DecompressionBombError:
        pixels = MAX_PIXELS + 1
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise BadFilm(f"{_NAME}: not a PNG or JPEG image: send one of these") from error
    if pixels > MAX_PIXELS:
        raise BadFilm(f"{_NAME}: more than {MAX_PIXELS:,} pixels: send it smaller")
