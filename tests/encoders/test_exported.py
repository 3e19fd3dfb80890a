from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmrag.encoders.exported import (
    INT8,
    INT8_REPORT,
    MANIFEST,
    Calibrated,
    Exported,
    WeightsSeen,
    is_exported,
    read_calibrated,
    read_exported,
)
from mmrag.encoders.framing import Framing
from mmrag.encoders.openclip_folder import file_sha256
from mmrag.encoders.openclip_identity import Identity
from mmrag.errors import EncoderError


@pytest.fixture
def exported(tmp_path: Path) -> Exported:
    tower = tmp_path / "film.onnx"
    tower.write_bytes(b"a tower")
    made = Exported(
        path=tmp_path,
        identity=Identity("biomedclip", 512, 256, Framing.of(224, {}), "w" * 64, "t" * 64),
        tokenizer="tokenizer.json",
        pad=0,
        seen=WeightsSeen("somewhere", 5, 6),
        files={tower.name: file_sha256(tower)},
        measured={"film": 1.0},
    )
    made.write()
    return made


def test_reads_what_was_written(exported: Exported) -> None:
    assert is_exported(exported.path)
    assert read_exported(exported.path) == exported
    assert exported.damaged() == []


def test_notices_a_damaged_file(exported: Exported) -> None:
    (exported.path / "film.onnx").write_bytes(b"a towel")
    assert exported.damaged() == ["film.onnx"]


def test_names_a_missing_file(exported: Exported) -> None:
    (exported.path / "film.onnx").unlink()
    with pytest.raises(EncoderError, match=r"film.onnx missing: run mmrag encoder export again"):
        read_exported(exported.path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"layout": 1}', '{"layout": 99}'])
def test_a_damaged_manifest_says_how_to_mend_it(exported: Exported, content: str) -> None:
    (exported.path / MANIFEST).write_text(content)
    with pytest.raises(EncoderError, match="run mmrag encoder export again"):
        read_exported(exported.path)


def report_of(**changes: str) -> dict[str, str]:
    return {"sha256": "c" * 64, "text_tower": "int8", "rest": "bf16"} | changes


def test_int8_needs_a_calibration(exported: Exported) -> None:
    with pytest.raises(EncoderError, match="mmrag encoder calibrate"):
        read_calibrated(exported)
    report = exported.path / INT8 / INT8_REPORT
    report.parent.mkdir()
    for content in ("{}", "[]", "no JSON", json.dumps(report_of(rest="fp8"))):
        report.write_text(content)
        with pytest.raises(EncoderError, match="damaged"):
            read_calibrated(exported)
    report.write_text(json.dumps(report_of()))
    assert read_calibrated(exported) == Calibrated("c" * 64, "int8", "bf16")
