"""Settings: ``MMRAG_*`` variables, read in one place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

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
    fusion : {"soft", "hard"}
        Whether a new store's film vectors follow the evidence for each finding or the labels
        as they are (``MMRAG_FUSION``); an existing store keeps its own, too.
    encoders : pathlib.Path
        Folder of exported encoders (``MMRAG_ENCODERS``); all homes share it.
    evidence : pathlib.Path
        Folder of evidence parameters that ``mmrag evidence fit`` wrote for other encoders than
        the shipped one (``MMRAG_EVIDENCE``); all homes share it.
    biomedclip : pathlib.Path or None
        Folder of BiomedCLIP's weights, or of its exported towers (``MMRAG_BIOMEDCLIP``).
    precision : str or None
        Arithmetic of open_clip models (``MMRAG_PRECISION``); None takes bf16 where the
        machine has it, and fp32 elsewhere. int8 needs a calibration.
    runtime : str or None
        What runs open_clip models (``MMRAG_RUNTIME``); None takes torch where it finds a
        graphics card, else OpenVINO where it is installed, else ONNX Runtime.
    audit_query : {"full", "hash", "none"}
        What the audit log keeps of a question's words (``MMRAG_AUDIT_QUERY``).
    ingest_roots : tuple of pathlib.Path
        Folders below which the service may ingest (``MMRAG_INGEST_ROOTS``, separated as in
        ``PATH``); none by default.
    requests_per_minute : int
        What the service answers each token (``MMRAG_REQUESTS_PER_MINUTE``); a browser or
        program of this machine is not counted.
    writer_url, writer_model : str or None
        Base of an OpenAI-compatible API and the language model that it is asked for
        (``MMRAG_WRITER_URL``, ``MMRAG_WRITER_MODEL``).
    writer_key : pydantic.SecretStr or None
        Its key (``MMRAG_WRITER_KEY``); never printed.
    writer_timeout : float
        Seconds that the language model's whole answer may take (``MMRAG_WRITER_TIMEOUT``).
    writer_identifiers : bool
        Whether identifiers of patients, films and panels and days may leave this host for it
        (``MMRAG_WRITER_IDENTIFIERS``).
    """

    model_config = SettingsConfigDict(
        env_prefix="MMRAG_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("mmrag")))
    dsn: str | None = None
    encoder: str = "compact"
    w_pixel: Weight = 0.7
    w_label: Weight = 0.3
    fusion: Literal["soft", "hard"] = "hard"
    encoders: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("mmrag")) / "encoders"
    )
    evidence: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("mmrag")) / "evidence"
    )
    biomedclip: Path | None = None
    precision: Literal["fp32", "bf16", "int8"] | None = None
    runtime: Literal["openvino", "onnxruntime", "torch"] | None = None
    audit_query: Literal["full", "hash", "none"] = "full"
    ingest_roots: Annotated[tuple[Path, ...], NoDecode] = ()
    requests_per_minute: Annotated[int, Field(ge=1)] = 120
    writer_url: str | None = None
    writer_model: str | None = None
    writer_key: SecretStr | None = None
    writer_timeout: Annotated[float, Field(gt=0.0, le=3600.0)] = 120.0
    writer_identifiers: bool = False

    @field_validator("ingest_roots", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            [part for part in value.split(os.pathsep) if part] if isinstance(value, str) else value
        )
