"""One real server for the tests that need several stores, and encoders of somebody else's."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mmrag import Settings
from tests.store.conftest import Server, server, short_folder  # noqa: F401

FOREIGN = """
import hashlib, os, time
import numpy as np
from mmrag.encoders.base import Fingerprint

class _Tiles:
    seen = 0

    def __init__(self):
        self.fingerprint = Fingerprint(self.name, self.name[0] * 64, "fp32")

    def encode_films(self, films):
        if type(self).seen and "STALL" in os.environ:
            time.sleep(600)
        type(self).seen += len(films)
        rows = [[part.mean() for part in np.array_split(film.ravel(), self.dimension)]
                for film in films]
        return self._unit(np.array(rows))

    def encode_texts(self, texts):
        digests = [hashlib.sha256(text.encode()).digest()[: self.dimension] for text in texts]
        return self._unit(np.array([list(digest) for digest in digests], float) - 127.5)

    def _unit(self, rows):
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

class Narrow(_Tiles):
    name, dimension = "narrow", 6

class Wide(_Tiles):
    name, dimension = "wide", 9
"""


@pytest.fixture
def foreign_encoders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that registers ``narrow`` and ``wide``, of 6 and 9 numbers, as pip leaves it."""
    site = tmp_path / "site"
    metadata = site / "foreign_tiles-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "foreign_tiles.py").write_text(FOREIGN)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign-tiles\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[mmrag.encoders]\nnarrow = foreign_tiles:Narrow\nwide = foreign_tiles:Wide\n"
    )
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))
    return site


@pytest.fixture
def new_store(server: Server) -> Callable[[], Settings]:  # noqa: F811
    """Settings of an empty database, as often as they are asked for."""
    return lambda: Settings(dsn=server.dsn(server.new_database()))
