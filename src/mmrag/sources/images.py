"""One image file to one grey film, and a small picture of it for a page.

PNG, JPEG and DICOM are told apart by their first bytes, never by the file's ending. Sizes are
checked in the header, before any pixel is decoded.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps, JpegImagePlugin, PngImagePlugin

from mmrag.errors import BadFilm
from mmrag.sources.dicom_pixels import decode_dicom, is_dicom

MAX_PIXELS = 100_000_000
"""Largest film; a chest radiograph at the finest detectors' 0.1 mm has about 16 million."""

MAX_BYTES = 256 * 2**20
"""Largest image file: the largest film in 16 bit, uncompressed, and some."""

MIN_SIDE = 16
"""Shortest side of a film; on fewer pixels nothing of a chest can be told."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_OTHER_FORMATS = (
    (b"GIF8", "a GIF", "save it as PNG"),
    (b"BM", "a BMP", "save it as PNG"),
    (b"II*\x00", "a TIFF", "save it as PNG"),
    (b"MM\x00*", "a TIFF", "save it as PNG"),
    (b"RIFF", "a WebP", "save it as PNG"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000", "save it as PNG"),
    (b"%PDF", "a PDF", "save its image as PNG"),
    (b"<", "a web page or XML", "download the image again"),
    (b"version https://git-lfs", "a Git LFS pointer", "run git lfs pull"),
)

# Pillow signals a damaged file by whichever of these its decoder happens to meet.
_DECODING_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, EOFError, OverflowError,
    struct.error, zlib.error, MemoryError, Image.DecompressionBombError,
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFilm:
    """The pixels of one film and the identity of the file they came from.

    Attributes
    ----------
    pixels : ndarray
        Shape (height, width), dtype uint8, 0 = black.
    sha256 : str
        Hash of the file's bytes, in hexadecimal.
    """

    pixels: NDArray[np.uint8]
    sha256: str

    @property
    def width(self) -> int:
        """Columns of the decoded image."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows of the decoded image."""
        return int(self.pixels.shape[0])


def file_sha256(path: Path) -> str:
    """Hash a film's bytes without decoding them.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    str
        SHA-256 in hexadecimal; the same as `DecodedFilm.sha256`.

    Raises
    ------
    BadFilm
        When the file cannot be read, is empty or is larger than `MAX_BYTES`.
    """
    return hashlib.sha256(_read_bytes(path)).hexdigest()


def read_film(path: Path) -> DecodedFilm:
    """Read a PNG, JPEG or DICOM file as one grey film.

    Grey files stay grey. Colour is reduced to luma (ITU-R BT.601, which leaves grey stored as
    colour unchanged), transparent parts become black, and 16-bit files are brought to 8 bit
    by `_window_16_bit`. A JPEG's orientation mark is obeyed. A DICOM film comes as it is meant
    to be seen (`mmrag.sources.dicom_pixels`).

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    DecodedFilm

    Raises
    ------
    BadFilm
        When the file cannot be read, is empty, damaged, cut short, none of these, animated, or
        larger than `MAX_PIXELS` or `MAX_BYTES`, smaller than `MIN_SIDE`, or of one grey all over.
    """
    content = _read_bytes(path)
    try:
        grey = _decode(path, content)
    except _DECODING_ERRORS as error:
        detail = " ".join(str(error).split()) or type(error).__name__
        raise BadFilm(
            f"{path}: the image is damaged or cut short ({detail}): copy or download it again"
        ) from error
    _refuse_few_pixels(path, grey)
    _refuse_one_grey(path, grey)
    return DecodedFilm(grey, hashlib.sha256(content).hexdigest())


def thumbnail(path: Path, size: int) -> bytes:
    """Make a small picture of a film.

    Parameters
    ----------
    path : pathlib.Path
    size : int
        Longest side in pixels; a smaller film keeps its size.

    Returns
    -------
    bytes
        A grey JPEG.

    Raises
    ------
    BadFilm
        As `read_film`.
    """
    image = Image.fromarray(read_film(path).pixels)
    image.thumbnail((size, size), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def film_png(path: Path) -> bytes:
    """Write a film as an 8-bit grey PNG, upright, as the encoder sees it.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    bytes

    Raises
    ------
    BadFilm
        As `read_film`.
    """
    buffer = io.BytesIO()
    Image.fromarray(read_film(path).pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _refuse_few_pixels(path: Path, grey: NDArray[np.uint8]) -> None:
    height, width = grey.shape
    if min(height, width) < MIN_SIDE:
        raise BadFilm(
            f"{path}: {width} x {height} pixels show no chest, a side needs {MIN_SIDE}: "
            "give the film itself"
        )


def _refuse_one_grey(path: Path, grey: NDArray[np.uint8]) -> None:
    if grey.min() == grey.max():
        raise BadFilm(
            f"{path}: every pixel has the same grey, {int(grey.min())} of 255, and nothing is "
            "shown: export the film again"
        )


def _read_bytes(path: Path) -> bytes:
    try:
        if not path.exists():
            raise BadFilm(f"{path}: no such file: check the path")
        if not path.is_file():
            raise BadFilm(f"{path}: not a file: give one image")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BadFilm(
                f"{path}: the file has {size / 2**20:,.0f} MiB, more than the "
                f"{MAX_BYTES // 2**20} MiB allowed: save the film smaller"
            )
        content = path.read_bytes()
    except OSError as error:
        raise BadFilm(
            f"{path}: cannot be read ({error.strerror}): check its permissions"
        ) from error
    if not content:
        raise BadFilm(f"{path}: the file is empty: copy or download it again")
    return content


def _decode(path: Path, content: bytes) -> NDArray[np.uint8]:
    if is_dicom(content):
        return decode_dicom(path, content, MAX_PIXELS)
    image = _open(path, content)
    if image.width * image.height > MAX_PIXELS:
        raise BadFilm(
            f"{path}: {image.width} x {image.height} pixels are more than the "
            f"{MAX_PIXELS:,} allowed: save the film smaller"
        )
    if getattr(image, "n_frames", 1) > 1:
        raise BadFilm(f"{path}: holds several frames: save the film as a single image")
    if isinstance(image, PngImagePlugin.PngImageFile):
        # Decoding alone ignores checksums, so a flipped bit would pass as a finding.
        image.verify()
        image = _open(path, content)
    image.load()
    if len(content) > 24 and content.startswith(_PNG) and content[24] == 16:
        return _grey_of_16_bit_png(path, image)
    oriented = ImageOps.exif_transpose(image)
    return _grey_of_8_bit(image if oriented is None else oriented)


def _open(path: Path, content: bytes) -> ImageFile.ImageFile:
    # The plug-ins are called by name because Image.open would try every format it knows,
    # and would warn about sizes that are checked here.
    if content.startswith(_PNG):
        return PngImagePlugin.PngImageFile(io.BytesIO(content))
    if content.startswith(_JPEG):
        return JpegImagePlugin.JpegImageFile(io.BytesIO(content))
    for mark, what, mend in _OTHER_FORMATS:
        if content.startswith(mark):
            raise BadFilm(f"{path}: this is {what}, not a PNG or JPEG image: {mend}")
    raise BadFilm(f"{path}: not a PNG or JPEG image: replace or remove the file")


def _grey_of_8_bit(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode == "L" and "transparency" not in image.info:
        return np.asarray(image, dtype=np.uint8)
    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA"):
        return _over_black(image)
    if image.mode == "P":
        image = image.convert("RGB")
    return np.asarray(image.convert("L"), dtype=np.uint8)


def _over_black(image: Image.Image) -> NDArray[np.uint8]:
    layered = image if image.mode in ("RGBA", "LA") else image.convert("RGBA")
    alpha = np.asarray(layered.getchannel("A"), dtype=np.uint16)
    opaque = (
        layered.convert("RGB").convert("L") if layered.mode == "RGBA" else layered.getchannel(0)
    )
    grey = np.asarray(opaque, dtype=np.uint16)
    return ((grey * alpha + 127) // 255).astype(np.uint8)


def _grey_of_16_bit_png(path: Path, image: Image.Image) -> NDArray[np.uint8]:
    if image.mode.startswith("I"):
        return _window_16_bit(np.asarray(image))
    # Pillow keeps only the upper byte of 16-bit colour: 12-bit data would come out black.
    grey = _grey_of_8_bit(image)
    if int(grey.max()) < 64:
        raise BadFilm(
            f"{path}: 16-bit colour with fewer than 8 bits in use: save the film as 16-bit grey"
        )
    return grey


def _window_16_bit(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Bring 16-bit grey to 8 bit by the number of bits in use.

    Detectors deliver 10, 12 or 14 bits in 16-bit files. The depth is the smallest of 8, 10,
    12, 14 and 16 bits that holds all but the brightest thousandth of the pixels (burnt-in
    letters are often brighter than any tissue); that depth is scaled to 0..255 and the
    rest clipped. A film widened from 8 to 16 bit comes back unchanged.
    """
    counts = np.asarray(values).astype(np.float32)
    bright = float(np.percentile(counts, 99.9))
    depth = next(bits for bits in (8, 10, 12, 14, 16) if bright < 2**bits)
    scaled = counts * np.float32(255.0 / (2**depth - 1))
    grey: NDArray[np.uint8] = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return grey
