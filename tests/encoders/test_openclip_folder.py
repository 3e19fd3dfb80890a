from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mmrag.encoders.openclip_folder import CONFIG, WEIGHTS, read_folder
from mmrag.errors import EncoderError

MODEL_CFG: dict[str, Any] = {
    "embed_dim": 640,
    "vision_cfg": {"image_size": 224},
    "text_cfg": {"hf_model_name": "a/b", "hf_tokenizer_name": "a/b", "context_length": 256},
}


_HEADER = json.dumps(
    {"__metadata__": {}, "w": {"dtype": "U8", "shape": [5000], "data_offsets": [0, 5000]}}
).encode()
SAFETENSORS = struct.pack("<Q", len(_HEADER)) + _HEADER + bytes(5000)


def _zip() -> bytes:
    """What torch saves: an archive whose table stands at its end."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.pkl", bytes(8000))
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    _write_config(tmp_path, MODEL_CFG)
    (tmp_path / WEIGHTS[2]).write_bytes(bytes(5000))
    (tmp_path / "tokenizer.json").write_text("{}")
    return tmp_path


def _write_config(folder: Path, model_cfg: dict[str, Any]) -> None:
    (folder / CONFIG).write_text(json.dumps({"model_cfg": model_cfg}))


def test_reads_what_determines_vectors(folder: Path) -> None:
    read = read_folder(folder, "")
    assert (read.dimension, read.context, read.framing.side) == (640, 256, 224)
    assert read.framing.interpolation == "bicubic"
    assert read.weights.name == WEIGHTS[2]


def test_takes_the_weights_that_open_clip_takes(folder: Path) -> None:
    (folder / WEIGHTS[0]).write_bytes(SAFETENSORS)
    assert read_folder(folder, "").weights.name == "open_clip_model.safetensors"


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="no such folder: fetch it"):
        read_folder(tmp_path / "none", "fetch it")


@pytest.mark.parametrize("gone", [CONFIG, WEIGHTS[2], "tokenizer.json"])
def test_a_missing_file_is_named_with_the_mend(folder: Path, gone: str) -> None:
    (folder / gone).unlink()
    with pytest.raises(EncoderError, match=rf"{gone}.* missing: fetch it"):
        read_folder(folder, "fetch it")


def test_all_missing_files_are_named_at_once(folder: Path) -> None:
    (folder / WEIGHTS[2]).unlink()
    (folder / "tokenizer.json").unlink()
    with pytest.raises(EncoderError, match=r"weights .* and tokenizer.json missing"):
        read_folder(folder, "")


def test_the_tokenizer_may_lie_elsewhere(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "tokenizer.json").rename(elsewhere / "vocab.txt")
    assert read_folder(folder, "", elsewhere).tokenizer == elsewhere / "vocab.txt"


def test_a_git_lfs_pointer_is_recognised(folder: Path) -> None:
    (folder / WEIGHTS[2]).write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(EncoderError, match="git lfs pull"):
        read_folder(folder, "")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"model_cfg": {}}', '{"model_cfg": 3}'])
def test_a_damaged_config_is_refused(folder: Path, content: str) -> None:
    (folder / CONFIG).write_text(content)
    with pytest.raises(EncoderError, match="damaged"):
        read_folder(folder, "")


def test_a_captioning_model_is_refused(folder: Path) -> None:
    _write_config(folder, MODEL_CFG | {"multimodal_cfg": {}})
    with pytest.raises(EncoderError, match="one image and one text tower"):
        read_folder(folder, "")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (WEIGHTS[0], SAFETENSORS[:-1]),
        (WEIGHTS[0], SAFETENSORS + b"more"),
        (WEIGHTS[0], bytes(5000)),
        (WEIGHTS[0], b"{" * 5000),
        (WEIGHTS[2], _zip()[:-2000]),
    ],
)
def test_half_a_download_is_noticed(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    said = f"{name}: damaged or cut off .*: remove it, and fetch it again"
    with pytest.raises(EncoderError, match=said):
        read_folder(folder, "fetch it again")


def test_whole_archives_pass(folder: Path) -> None:
    (folder / WEIGHTS[2]).write_bytes(_zip())
    assert read_folder(folder, "").weights.name == WEIGHTS[2]
