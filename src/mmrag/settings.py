"""Settings: ``MMRAG_*`` variables, read in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Weight = Annotated[float, Field(ge=0.0, le=1.0)]


class Settings(BaseSettings):
    """Everything that can be set from outside.

    Attributes
    ----------
    home : pathlib.Path
        Folder of the embedded database (``MMRAG_HOME``).
    dsn : str or None
        Connection string of another PostgreSQL; replaces the embedded one (``MMRAG_DSN``).
    encoder : str
        Name of the encoder (``MMRAG_ENCODER``).
    w_pixel, w_label : float
        Fusion weights for a new store (``MMRAG_W_PIXEL``, ``MMRAG_W_LABEL``); an existing
        store keeps its own until ``mmrag refuse`` changes them.
    encoders : pathlib.Path
        Folder of exported encoders (``MMRAG_ENCODERS``); all homes share it.
    biomedclip : pathlib.Path or None
        Folder of BiomedCLIP's weights, or of its exported towers (``MMRAG_BIOMEDCLIP``).
    precision : str or None
        Arithmetic of open_clip models (``MMRAG_PRECISION``); None takes bf16 where the
        machine has it, and fp32 elsewhere. int8 needs a calibration.
    runtime : str or None
        What runs open_clip models (``MMRAG_RUNTIME``); None takes torch where it finds a
        graphics card, else OpenVINO where it is installed, else ONNX Runtime.
    """

    model_config = SettingsConfigDict(env_prefix="MMRAG_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("mmrag")))
    dsn: str | None = None
    encoder: str = "compact"
    w_pixel: Weight = 0.7
    w_label: Weight = 0.3
    encoders: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("mmrag")) / "encoders"
    )
    biomedclip: Path | None = None
    precision: Literal["fp32", "bf16", "int8"] | None = None
    runtime: Literal["openvino", "onnxruntime", "torch"] | None = None
