from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mmrag.encoders import encoder_check
from mmrag.encoders.biomedclip import Model, model_named
from mmrag.encoders.encoder_check import Finding, check
from mmrag.settings import Settings


def _named(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings}


def _biomedclip(settings: Settings) -> Model:
    model = model_named("biomedclip", settings)
    assert model is not None
    return model


def test_all_is_well(small_model: Path, small_encoders: Path) -> None:
    settings = Settings(encoders=small_encoders, biomedclip=small_model)
    findings, usable = check(_biomedclip(settings), settings)
    assert usable
    assert all(finding.fine and not finding.mend for finding in findings)
    assert "sha256" in _named(findings)["weights"].state


def test_missing_weights_say_what_to_do(full_extra: None, tmp_path: Path) -> None:
    settings = Settings(encoders=tmp_path, biomedclip=tmp_path / "none")
    findings, usable = check(_biomedclip(settings), settings)
    assert not usable
    weights = _named(findings)["weights"]
    assert "no such folder" in weights.state
    assert weights.mend.startswith("on a machine with a network run mmrag encoder fetch")


def test_a_damaged_tower_is_found(small_model: Path, small_encoders: Path, tmp_path: Path) -> None:
    shutil.copytree(small_encoders / "biomedclip", tmp_path / "biomedclip")
    with (tmp_path / "biomedclip" / "text.onnx").open("r+b") as tower:
        tower.seek(-1, 2)
        tower.write(b"!")
    settings = Settings(encoders=tmp_path, biomedclip=small_model)
    findings, _ = check(_biomedclip(settings), settings)
    towers = _named(findings)["exported towers"]
    assert "damaged: text.onnx" in towers.state
    assert towers.mend == "run mmrag encoder export again"


def test_missing_packages_name_their_extra(
    monkeypatch: pytest.MonkeyPatch, full_extra: None, tmp_path: Path
) -> None:
    monkeypatch.setattr(encoder_check, "FAST", ("tokenizers", "no-such-package"))
    settings = Settings(encoders=tmp_path, biomedclip=tmp_path)
    findings, usable = check(_biomedclip(settings), settings)
    assert not usable
    fast = _named(findings)["packages of the fast path"]
    assert fast.state == "missing: no-such-package"
    assert fast.mend == "pip install 'med-multimodal-rag[biomedclip-fast]'"
