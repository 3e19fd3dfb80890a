"""Exported towers on OpenVINO: bf16 where the CPU has it, int8 after calibration, or fp32."""

from __future__ import annotations

import threading
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmrag.encoders.exported import (
    COMPILED,
    FILM_TOWER,
    INT8,
    INT8_FILM_TOWER,
    INT8_TEXT_TOWER,
    MEND,
    TEXT_TOWER,
)
from mmrag.encoders.openclip_identity import Precision, Rest
from mmrag.encoders.towers import Features, Ids, Pixels
from mmrag.errors import EncoderError, MissingExtra

_HINT = {"fp32": "f32", "bf16": "bf16"}


class OpenVinoTowers:
    """Both towers on OpenVINO.

    Compiled towers are kept in the folder, so that only the first start is slow.

    Parameters
    ----------
    folder : pathlib.Path
        A folder of exported towers.
    precision : str
        ``fp32``, ``bf16`` or ``int8``.
    rest : str
        Arithmetic of what is not int8 inside int8 towers.
    text_precision : str, optional
        Of the text tower, where it differs from that of the image tower.
    """

    def __init__(
        self,
        folder: Path,
        precision: Precision,
        rest: Rest = "fp32",
        text_precision: Precision | None = None,
    ) -> None:
        self._folder = folder
        self._precision = precision
        self._text_precision = text_precision or precision
        self._rest = rest
        self._turn = threading.Lock()

    def films(self, pixels: Pixels) -> Features:
        """Run the image tower on framed films."""
        with self._turn:
            features: Features = self._film(pixels)[0]
            return features.copy()

    def texts(self, ids: Ids) -> Features:
        """Run the text tower on token ids."""
        with self._turn:
            features: Features = self._text(ids)[0]
            return features.copy()

    @cached_property
    def _film(self) -> Any:
        return self._compile(self._precision, FILM_TOWER, INT8_FILM_TOWER)

    @cached_property
    def _text(self) -> Any:
        return self._compile(self._text_precision, TEXT_TOWER, INT8_TEXT_TOWER)

    def _compile(self, precision: Precision, full: str, int8: str) -> Any:
        arithmetic, file = precision, self._folder / full
        if precision == "int8":
            arithmetic, file = self._rest, self._folder / INT8 / int8
        settings = {
            "INFERENCE_PRECISION_HINT": _HINT[arithmetic],
            "PERFORMANCE_HINT": "LATENCY",
            "CACHE_DIR": str(self._folder / COMPILED),
        }
        try:
            return _core().compile_model(str(file), "CPU", settings)
        except RuntimeError as error:
            raise EncoderError(
                f"{file}: cannot be loaded, it is missing or damaged: {MEND}"
            ) from error


def openvino_is_installed() -> bool:
    """Whether OpenVINO is installed; imports nothing."""
    return find_spec("openvino") is not None


def cpu_has_bf16() -> bool:
    """Whether this CPU multiplies in bf16 itself; False without OpenVINO."""
    if not openvino_is_installed():
        return False
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def best_rest() -> Rest:
    """Arithmetic that this CPU is best at beside int8."""
    return "bf16" if cpu_has_bf16() else "fp32"


@cache
def _core() -> Any:
    try:
        import openvino
    except ModuleNotFoundError as error:
        raise MissingExtra("openvino", "biomedclip-fast") from error
    return openvino.Core()
