"""Exported towers on ONNX Runtime, in fp32."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mmrag.encoders.exported import FILM_TOWER, MEND, TEXT_TOWER
from mmrag.encoders.towers import Features, Ids, Pixels
from mmrag.errors import EncoderError

if TYPE_CHECKING:
    import onnxruntime


class OnnxTowers:
    """Both towers on ONNX Runtime.

    Parameters
    ----------
    folder : pathlib.Path
        A folder of exported towers.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _film(self) -> onnxruntime.InferenceSession:
        return _open(self._folder / FILM_TOWER)

    @cached_property
    def _text(self) -> onnxruntime.InferenceSession:
        return _open(self._folder / TEXT_TOWER)

    def films(self, pixels: Pixels) -> Features:
        """Run the image tower on framed films."""
        features: Features = self._film.run(None, {"pixels": pixels})[0]
        return features

    def texts(self, ids: Ids) -> Features:
        """Run the text tower on token ids."""
        features: Features = self._text.run(None, {"ids": ids})[0]
        return features


def _open(file: Path) -> onnxruntime.InferenceSession:
    import onnxruntime  # its threads must not be there before a tower is

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime's own errors share no base class
        raise EncoderError(f"{file}: cannot be loaded, it is missing or damaged: {MEND}") from error
