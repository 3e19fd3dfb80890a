"""The architecture of BiomedCLIP itself, with random numbers for weights."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mmrag.encoders import open_encoder
from mmrag.encoders.base import Encoder, GreyImage, Vectors
from mmrag.encoders.exported import read_exported
from mmrag.encoders.onnx_export import LEAST_COSINE
from mmrag.settings import Settings

TEXTS = ["pleural effusion", "no acute cardiopulmonary abnormality " * 60, "leukocytosis"]


def least_cosine(first: Vectors, second: Vectors) -> float:
    return float(np.sum(first * second, axis=1).min())


@pytest.fixture(scope="module")
def encoders() -> Iterator[Path]:
    """Where the towers are exported to: most of a gigabyte, removed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def open_here(
    full_model: Path, encoders: Path, monkeypatch: pytest.MonkeyPatch, no_network: None
) -> None:
    """What a user sets who has the weights in a folder and no network."""
    monkeypatch.setenv("MMRAG_BIOMEDCLIP", str(full_model))
    monkeypatch.setenv("MMRAG_ENCODERS", str(encoders))
    monkeypatch.setenv("MMRAG_PRECISION", "fp32")


def _open(monkeypatch: pytest.MonkeyPatch, runtime: str) -> Encoder:
    monkeypatch.setenv("MMRAG_RUNTIME", runtime)
    return open_encoder("biomedclip")


def test_loads_exports_and_agrees_with_torch(
    open_here: None,
    monkeypatch: pytest.MonkeyPatch,
    encoders: Path,
    made_films: list[GreyImage],
) -> None:
    by_torch = _open(monkeypatch, "torch")
    assert by_torch.dimension == 512
    films, texts = by_torch.encode_films(made_films[:3]), by_torch.encode_texts(TEXTS)
    for runtime in ("openvino", "onnxruntime"):
        encoder = _open(monkeypatch, runtime)
        assert encoder.fingerprint == by_torch.fingerprint
        assert least_cosine(encoder.encode_films(made_films[:3]), films) > LEAST_COSINE
        assert least_cosine(encoder.encode_texts(TEXTS), texts) > LEAST_COSINE
    exported = read_exported(Settings().encoders / "biomedclip")
    assert min(exported.measured.values()) > LEAST_COSINE


def test_vectors_do_not_depend_on_their_batch(
    open_here: None, monkeypatch: pytest.MonkeyPatch, made_films: list[GreyImage]
) -> None:
    encoder = _open(monkeypatch, "openvino")
    of_32 = encoder.encode_films(made_films[:32])
    assert least_cosine(encoder.encode_films(made_films[:7]), of_32[:7]) > LEAST_COSINE
    assert least_cosine(encoder.encode_films(made_films[5:6]), of_32[5:6]) > LEAST_COSINE
    together = encoder.encode_texts(TEXTS)
    alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    assert least_cosine(alone, together) > LEAST_COSINE
