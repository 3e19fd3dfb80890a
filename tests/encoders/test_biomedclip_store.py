"""The store takes vectors of another length, and never those of another space."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmrag import Engine
from mmrag.encoders.openvino_towers import cpu_has_bf16
from mmrag.errors import SpaceMismatch
from mmrag.sources.demo import DemoFolders
from tests.encoders.made_models import SMALL


def test_one_store_never_mixes_two_precisions(
    small_encoders: Path,
    made_up: DemoFolders,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MMRAG_ENCODERS", str(small_encoders))
    monkeypatch.setenv("MMRAG_PRECISION", "fp32")
    home = tmp_path / "home"
    with Engine.open(home, encoder="biomedclip") as engine:
        report = engine.ingest("nih", made_up.films)
        assert report.films.added > 0
        engine.ingest("synthea", made_up.labs)
        assert len(engine.search("pleural effusion", films=5, labs=2).films) == 5
        assert engine.status().space is not None
        assert str(SMALL["embed_dim"]) in " ".join(
            f"{name} {v}" for name, v in engine.status().lines()
        )
    with Engine.open(home, encoder="compact") as engine, pytest.raises(SpaceMismatch):
        engine.search("pleural effusion")
    if not cpu_has_bf16():
        return
    monkeypatch.setenv("MMRAG_PRECISION", "bf16")
    with Engine.open(home, encoder="biomedclip") as engine, pytest.raises(SpaceMismatch) as caught:
        engine.search("pleural effusion")
    for name in ("biomedclip", "fp32", "bf16"):
        assert name in str(caught.value)
