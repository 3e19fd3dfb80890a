"""Downloads from a hub that really answers, and what is left when it stops answering."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmrag.encoders.openclip_folder import file_sha256
from mmrag.encoders.openclip_hub import BIOMEDCLIP
from tests.encoders.made_hub import MadeHub, made_hub

WEIGHTS = "open_clip_model.safetensors"
ELSEWHERE = "someone/clip"


@pytest.fixture
def page(small_model: Path, tmp_path: Path) -> Path:
    """A page as the hub shows it: weights in two formats, pictures and more beside them."""
    folder = tmp_path / "page"
    shutil.copytree(small_model, folder)
    shutil.copy(folder / WEIGHTS, folder / "open_clip_pytorch_model.bin")
    (folder / "example.png").write_bytes(b"a picture")
    (folder / "README.md").write_text("the model's card")
    return folder


@pytest.fixture
def bare_page(page: Path, tmp_path: Path) -> Path:
    """A page that leaves the tokenizer to another page."""
    folder = tmp_path / "bare"
    folder.mkdir()
    for name in ("open_clip_config.json", WEIGHTS):
        shutil.copy(page / name, folder)
    (folder / "example.png").write_bytes(b"a picture")
    return folder


@pytest.fixture
def hub(page: Path, bare_page: Path) -> Iterator[MadeHub]:
    config = json.loads((bare_page / "open_clip_config.json").read_text("utf-8"))
    tokenizer = config["model_cfg"]["text_cfg"]["hf_tokenizer_name"]
    with made_hub({BIOMEDCLIP: page, ELSEWHERE: bare_page, tokenizer: page}) as running:
        yield running


def _mmrag(hub: MadeHub, folder: Path, *command: str, **more: str) -> tuple[int, str, str]:
    variables = hub.environment(folder / "hf") | {"MMRAG_ENCODERS": str(folder / "encoders")}
    done = subprocess.run(
        [sys.executable, "-m", "mmrag", *command],
        cwd=folder,
        env=os.environ | variables | more,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_fetch_takes_what_is_needed_and_says_its_hash(
    hub: MadeHub, page: Path, tmp_path: Path
) -> None:
    code, out, err = _mmrag(hub, tmp_path, "encoder", "fetch", "biomedclip", "DIR", "--json")
    assert code == 0, err
    assert json.loads(out)["sha256"] == file_sha256(page / WEIGHTS)
    assert sorted(file.name for file in (tmp_path / "DIR").iterdir() if file.is_file()) == [
        "README.md",
        "open_clip_config.json",
        WEIGHTS,
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.txt",
    ]
    code, out, _ = _mmrag(hub, tmp_path, "encoder", "check", MMRAG_BIOMEDCLIP="DIR")
    assert code == 0, out


def test_a_download_that_is_cut_off_goes_on(hub: MadeHub, tmp_path: Path) -> None:
    hub.cut_after = 100_000
    code, out, err = _mmrag(hub, tmp_path, "encoder", "fetch", "biomedclip", "DIR")
    assert (code, out) == (3, "")
    assert err.count("\n") == 1
    assert err.startswith(f"mmrag: {BIOMEDCLIP} cannot be downloaded (")
    assert "run the same command again" in err
    code, out, _ = _mmrag(hub, tmp_path, "encoder", "check", MMRAG_BIOMEDCLIP="DIR")
    assert code == 3
    assert "missing" in out
    assert "mmrag encoder fetch biomedclip DIR" in out
    hub.cut_after = None
    hub.sent.clear()
    code, _, err = _mmrag(hub, tmp_path, "encoder", "fetch", "biomedclip", "DIR")
    assert code == 0, err
    assert WEIGHTS in hub.sent
    assert "open_clip_config.json" not in hub.sent


def test_a_page_that_is_none_is_said_in_one_line(hub: MadeHub, tmp_path: Path) -> None:
    code, _, err = _mmrag(hub, tmp_path, "encoder", "fetch", "hf-hub:no/such", "DIR")
    assert code == 3
    assert err.count("\n") == 1
    assert "check the name" in err


def test_what_was_downloaded_once_is_found_without_a_network(hub: MadeHub, tmp_path: Path) -> None:
    code = (
        "from mmrag.encoders import open_encoder\n"
        f"print(open_encoder('hf-hub:{ELSEWHERE}').encode_texts(['effusion', 'x']).shape)\n"
    )
    variables = hub.environment(tmp_path / "hf") | {"MMRAG_RUNTIME": "torch"}
    for offline in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | variables | {"HF_HUB_OFFLINE": offline},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == "(2, 96)"
        assert (WEIGHTS in hub.sent) == (offline == "0")
        hub.sent.clear()
