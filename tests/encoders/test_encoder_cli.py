from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from mmrag import encoder_cli
from mmrag.cli import main
from mmrag.encoder_cli import encoder_app
from mmrag.encoders.base import GreyImage
from mmrag.encoders.openclip_folder import file_sha256
from mmrag.errors import InputError


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(encoder_app, [str(argument) for argument in arguments])


def _error(*arguments: str | Path) -> Exception:
    exception = _run(*arguments).exception
    assert isinstance(exception, Exception)
    return exception


def test_check_without_weights_exits_3_and_says_how_to_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMRAG_ENCODERS", str(tmp_path))
    monkeypatch.setenv("MMRAG_BIOMEDCLIP", str(tmp_path / "none"))
    result = _run("check")
    assert result.exit_code == 3
    assert "mmrag encoder fetch biomedclip" in result.output
    assert result.output.endswith("not usable yet\n")


def test_a_name_that_is_no_model_is_refused() -> None:
    error = _error("check", "resnet")
    assert isinstance(error, InputError)
    assert "biomedclip" in str(error)


def test_check_without_any_extra_lists_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("huggingface_hub", "openvino", "torch"):
        monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setenv("MMRAG_ENCODERS", str(tmp_path))
    monkeypatch.delenv("MMRAG_BIOMEDCLIP", raising=False)
    result = _run("check")
    assert result.exit_code == 3
    assert "weights: huggingface_hub is not installed\n    run pip install" in result.output
    assert "[biomedclip]" in result.output
    assert result.output.endswith("not usable yet\n")


def test_calibrating_what_is_not_exported_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMRAG_ENCODERS", str(tmp_path))
    assert "no exported towers here: run mmrag encoder export" in str(_error("calibrate", tmp_path))


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("MMRAG_PRECISION", "fp8", "MMRAG_PRECISION: Input should be 'fp32', 'bf16' or 'int8'"),
        ("MMRAG_RUNTIME", "cuda", "MMRAG_RUNTIME: Input should be 'openvino'"),
    ],
)
def test_a_wrong_setting_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    complaint: str,
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr(sys, "argv", ["mmrag", "encoder", "check"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    err = capsys.readouterr().err
    assert complaint in err
    assert err.count("\n") == 1


def test_a_folder_without_films_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small_encoders: Path
) -> None:
    monkeypatch.setenv("MMRAG_ENCODERS", str(small_encoders))
    assert "no PNG or JPEG films" in str(_error("calibrate", tmp_path))


def test_broken_films_are_left_out(tmp_path: Path, made_films: list[GreyImage]) -> None:
    Image.fromarray(made_films[0]).save(tmp_path / "whole.png")
    (tmp_path / "broken.png").write_bytes((tmp_path / "whole.png").read_bytes()[:500])
    assert len(list(encoder_cli._films_in(tmp_path))) == 1


def test_fetch_prints_the_hash_of_what_came(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def hub(repository: str, into: Path) -> Path:
        asked.append((repository, into))
        return small_model

    monkeypatch.setattr(encoder_cli, "download", hub)
    result = _run("fetch", "biomedclip", tmp_path)
    assert result.exit_code == 0
    assert asked == [("microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224", tmp_path)]
    assert file_sha256(small_model / "open_clip_model.safetensors") in result.output
    assert f"MMRAG_BIOMEDCLIP={tmp_path}" in result.output


def test_export_then_check(
    small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMRAG_ENCODERS", str(tmp_path))
    monkeypatch.setenv("MMRAG_BIOMEDCLIP", str(small_model))
    exported = _run("export", "--json")
    assert exported.exit_code == 0
    assert min(json.loads(exported.output)["least_cosine"].values()) > 0.99999
    checked = _run("check", "--json")
    assert checked.exit_code == 0
    assert json.loads(checked.output)["usable"]
