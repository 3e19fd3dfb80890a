"""Settings: ``MMRAG_*`` variables, read in one place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    """

    model_config = SettingsConfigDict(env_prefix="MMRAG_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("mmrag")))
    dsn: str | None = None
    encoder: str = "compact"
    w_pixel: Weight = 0.7
    w_label: Weight = 0.3
