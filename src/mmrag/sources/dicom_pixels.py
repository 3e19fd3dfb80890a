"""The pixels of a DICOM film as they are meant to be seen: grey, air black, bone white.

The steps are those of the standard's grey scale pipeline (DICOM PS3.3, C.11.1 and C.11.2, and
PS3.4, N.2): stored values, modality transformation, values of interest, and inversion where
the photometric interpretation is MONOCHROME1.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mmrag.errors import BadFilm, MissingExtra

if TYPE_CHECKING:
    from pydicom import Dataset

EXTRA = "dicom"
CODECS = "gdcm"
"""What the extra brings besides pydicom and Pillow: JPEG Lossless and JPEG-LS."""

_MARK, _OFFSET = b"DICM", 128
HEAD = _OFFSET + len(_MARK)
"""How many bytes tell a DICOM file."""

_GREY = ("MONOCHROME1", "MONOCHROME2")

Values = NDArray[np.float32]


def is_dicom(content: bytes) -> bool:
    """Whether a file begins as DICOM files do (PS3.10, 7.1)."""
    return content[_OFFSET:HEAD] == _MARK


def load_pydicom() -> ModuleType:
    """Import pydicom, which is an extra.

    Raises
    ------
    MissingExtra
    """
    try:
        import pydicom
    except ModuleNotFoundError as error:
        raise MissingExtra("pydicom", EXTRA) from error
    # Real files bend the rules of their value types; what matters here is checked here.
    warnings.filterwarnings("ignore", module=r"pydicom\b")
    module: ModuleType = pydicom
    return module


def decode_dicom(path: Path, content: bytes, max_pixels: int) -> NDArray[np.uint8]:
    """Decode a DICOM file.

    Parameters
    ----------
    path : pathlib.Path
        For messages.
    content : bytes
        The whole file.
    max_pixels : int
        Largest image that is decoded.

    Returns
    -------
    ndarray
        Shape (rows, columns), dtype uint8, 0 = black.

    Raises
    ------
    BadFilm
        When pydicom or a codec is not installed, or when the file holds no single grey image,
        or a damaged or too large one.
    """
    try:
        pydicom = load_pydicom()
    except MissingExtra as error:
        raise BadFilm(f"{path}: this is a DICOM file, and {error}") from error
    try:
        dataset = pydicom.dcmread(io.BytesIO(content))
        _check_image(path, dataset, max_pixels)
        _check_codec(path, dataset)
        return _as_seen(dataset)
    except BadFilm:
        raise
    # pydicom and its codecs signal a damaged file by whatever they happen to meet
    except Exception as error:
        detail = " ".join(str(error).split())[:160] or type(error).__name__
        raise BadFilm(
            f"{path}: the DICOM file is damaged or cut short ({detail}): copy it again"
        ) from error


def _check_image(path: Path, dataset: Dataset, max_pixels: int) -> None:
    if "PixelData" not in dataset:
        raise BadFilm(
            f"{path}: a DICOM file without an image, or cut short before its end: copy it again, "
            "or leave it out"
        )
    if int(dataset.get("NumberOfFrames") or 1) > 1:
        raise BadFilm(f"{path}: holds several frames: export the film as a single image")
    if dataset.get("PhotometricInterpretation") not in _GREY:
        raise BadFilm(f"{path}: a colour image, not a radiograph: leave it out")
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    if rows * columns > max_pixels:
        raise BadFilm(
            f"{path}: {columns} x {rows} pixels are more than the {max_pixels:,} allowed: "
            "save the film smaller"
        )


def _check_codec(path: Path, dataset: Dataset) -> None:
    from pydicom.pixels import get_decoder

    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated:
        return
    mend = "export the film uncompressed"
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        decoder = None
    if decoder is not None:
        if decoder.is_available and not _is_deep_extended(dataset):
            return
        if any(lacking.startswith(CODECS) for lacking in decoder.missing_dependencies):
            mend = f"run pip install 'med-multimodal-rag[{EXTRA}]', or {mend}"
    raise BadFilm(f"{path}: no installed codec reads {syntax.name}: {mend}")


def _is_deep_extended(dataset: Dataset) -> bool:
    """Whether it is JPEG Extended in 12 bit, which codecs announce and then do not read."""
    extended = dataset.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.51"
    return extended and int(dataset.BitsStored) > 8


def _as_seen(dataset: Dataset) -> NDArray[np.uint8]:
    from pydicom.pixels import apply_modality_lut

    stored = dataset.pixel_array
    values = np.asarray(apply_modality_lut(stored, dataset), np.float32)
    shades = _of_interest(values, dataset)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        shades = 1 - shades
    seen: NDArray[np.uint8] = np.rint(shades * 255).astype(np.uint8)
    return seen


def _of_interest(values: Values, dataset: Dataset) -> Values:
    """Bring values to 0..1 by the file's first table or window, or by what is there.

    Without either an image of 8 stored bits is taken as it is, and a deeper one is stretched
    from its darkest to its brightest thousandth.
    """
    from pydicom.pixels import apply_voi

    if dataset.get("VOILUTSequence"):
        depth = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
        table = apply_voi(np.rint(values).astype(np.int64), dataset, index=0)
        return np.asarray(table, np.float32) / np.float32(2**depth - 1)
    centre, width = _first(dataset, "WindowCenter"), _first(dataset, "WindowWidth")
    if centre is not None and width is not None and width >= 1:
        return _window(values, centre, width, str(dataset.get("VOILUTFunction") or "LINEAR"))
    if int(dataset.BitsStored) <= 8 and "RescaleSlope" not in dataset:
        return _clipped(values / np.float32(2 ** int(dataset.BitsStored) - 1))
    low, high = (float(np.percentile(values, share)) for share in (0.1, 99.9))
    return _clipped((values - low) / np.float32(max(high - low, 1e-6)))


def _window(values: Values, centre: float, width: float, function: str) -> Values:
    """Window as PS3.3 C.11.2.1.2 and C.11.2.1.3 define the three functions."""
    if function == "SIGMOID":
        return np.asarray(1 / (1 + np.exp(-4 * (values - centre) / width)), np.float32)
    if function == "LINEAR_EXACT":
        return _clipped((values - centre) / width + np.float32(0.5))
    span = max(width - 1, 1e-6)
    return _clipped((values - (centre - 0.5)) / np.float32(span) + np.float32(0.5))


def _clipped(shades: Values) -> Values:
    return np.asarray(np.clip(shades, 0, 1), np.float32)


def _first(dataset: Dataset, name: str) -> float | None:
    """Read the first of one or several numbers; None where there is none."""
    value = dataset.get(name)
    if value is None or value == "":
        return None
    return float(np.atleast_1d(np.asarray(value, np.float64))[0])
