from __future__ import annotations

import builtins
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmrag.encoders import open_encoder
from mmrag.encoders.base import Encoder, GreyImage, Vectors
from mmrag.encoders.openclip_hub import BIOMEDCLIP
from mmrag.encoders.openvino_towers import cpu_has_bf16
from mmrag.errors import EncoderError, InputError, MissingExtra
from mmrag.settings import Settings
from tests.encoders.made_models import SMALL, made_folder

TEXTS = [
    "pleural effusion",
    "leukocytosis; thrombocytopenia; haemoglobin normal",
    "no acute cardiopulmonary abnormality " * 12,
    "β-Blocker, Ödem",
    "x",
]
ALIKE = 0.99999


def least_cosine(first: Vectors, second: Vectors) -> float:
    return float(np.sum(first * second, axis=1).min())


@pytest.fixture
def settings(small_model: Path, small_encoders: Path) -> Settings:
    return Settings(encoders=small_encoders, biomedclip=small_model, precision="fp32")


def _with(settings: Settings, **changes: Any) -> Settings:
    return settings.model_copy(update=changes)


def _plain_vectors(folder: Path, films: list[GreyImage]) -> tuple[Vectors, Vectors]:
    """The loop that open_clip's own pages show: one by one, padded, with its transform."""
    from mmrag.encoders.openclip_load import import_open_clip, load_model

    open_clip = import_open_clip()
    import torch
    from open_clip.transform import PreprocessCfg, image_transform_v2
    from PIL import Image

    from mmrag.encoders.openclip_folder import read_folder

    model = load_model(read_folder(folder, ""))
    tokenize = open_clip.get_tokenizer(f"local-dir:{folder}")
    preprocess = image_transform_v2(PreprocessCfg(size=224), is_train=False)
    with torch.inference_mode():
        images = [
            model.encode_image(
                preprocess(Image.fromarray(film).convert("RGB"))[None], normalize=True
            )
            for film in films
        ]
        texts = [model.encode_text(tokenize([text]), normalize=True) for text in TEXTS]
    return torch.cat(images).numpy(), torch.cat(texts).numpy()


def test_every_runtime_gives_the_vectors_of_the_plain_loop(
    settings: Settings, small_model: Path, made_films: list[GreyImage], no_network: None
) -> None:
    films, texts = _plain_vectors(small_model, made_films[:9])
    fingerprints = set()
    for runtime in ("openvino", "onnxruntime", "torch"):
        encoder = open_encoder("biomedclip", _with(settings, runtime=runtime))
        assert isinstance(encoder, Encoder)
        assert encoder.dimension == SMALL["embed_dim"]
        assert least_cosine(encoder.encode_films(made_films[:9]), films) > ALIKE
        assert least_cosine(encoder.encode_texts(TEXTS), texts) > ALIKE
        fingerprints.add(encoder.fingerprint)
    assert len(fingerprints) == 1


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime", "torch"])
def test_vectors_do_not_depend_on_their_batch(
    settings: Settings, made_films: list[GreyImage], runtime: str
) -> None:
    encoder = open_encoder("biomedclip", _with(settings, runtime=runtime))
    alone = np.concatenate([encoder.encode_films([film]) for film in made_films[:32]])
    assert least_cosine(encoder.encode_films(made_films[:32]), alone) > ALIKE
    assert least_cosine(encoder.encode_films(made_films[:7]), alone[:7]) > ALIKE
    alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    assert least_cosine(encoder.encode_texts(TEXTS), alone) > ALIKE
    assert least_cosine(encoder.encode_texts(TEXTS[::-1]), alone[::-1]) > ALIKE


def test_bin_weights_load_too(settings: Settings, no_network: None) -> None:
    folder = made_folder(SMALL, "small", "bin")
    wanted = open_encoder("biomedclip", _with(settings, runtime="torch")).encode_texts(TEXTS)
    got = open_encoder("biomedclip", _with(settings, biomedclip=folder, runtime="torch"))
    assert least_cosine(got.encode_texts(TEXTS), wanted) > ALIKE


def _fill_hub_cache(cache: Path, repository: str, files: list[Path]) -> None:
    page = cache / f"models--{repository.replace('/', '--')}"
    snapshot = page / "snapshots" / ("c" * 40)
    snapshot.mkdir(parents=True)
    (page / "refs").mkdir()
    (page / "refs" / "main").write_text("c" * 40)
    for file in files:
        (snapshot / file.name).symlink_to(file)


def test_loads_from_the_hubs_cache_offline(
    settings: Settings, small_model: Path, tmp_path: Path, no_network: None
) -> None:
    _fill_hub_cache(tmp_path / "hub", BIOMEDCLIP, list(small_model.iterdir()))
    here = _with(settings, biomedclip=None, encoders=tmp_path / "none", runtime="torch")
    wanted = open_encoder("biomedclip", _with(settings, runtime="torch"))
    assert open_encoder("biomedclip", here).fingerprint == wanted.fingerprint


def test_finds_the_tokenizer_where_open_clip_left_it(
    settings: Settings, small_model: Path, tmp_path: Path, no_network: None
) -> None:
    files = {file.name: file for file in small_model.iterdir()}
    weights = [files["open_clip_config.json"], files["open_clip_model.safetensors"]]
    _fill_hub_cache(tmp_path / "hub", BIOMEDCLIP, weights)
    config = json.loads(files["open_clip_config.json"].read_text())
    page = config["model_cfg"]["text_cfg"]["hf_tokenizer_name"]
    _fill_hub_cache(tmp_path / "hub", page, [files["vocab.txt"], files["tokenizer_config.json"]])
    here = _with(settings, biomedclip=None, encoders=tmp_path / "none", runtime="torch")
    wanted = open_encoder("biomedclip", _with(settings, runtime="torch")).encode_texts(TEXTS)
    assert least_cosine(open_encoder("biomedclip", here).encode_texts(TEXTS), wanted) > ALIKE


def test_without_weights_or_network_it_says_what_to_put_where(
    settings: Settings, tmp_path: Path, no_network: None
) -> None:
    here = _with(settings, biomedclip=None, encoders=tmp_path / "none")
    with pytest.raises(EncoderError) as caught:
        open_encoder("biomedclip", here)
    message = str(caught.value)
    assert "\n" not in message
    assert "mmrag encoder fetch biomedclip DIR" in message
    assert "MMRAG_BIOMEDCLIP=DIR" in message


def test_a_named_folder_that_is_incomplete_never_asks_the_hub(
    settings: Settings, tmp_path: Path, no_network: None
) -> None:
    with pytest.raises(EncoderError, match=r"open_clip_config.json missing.*encoder fetch"):
        open_encoder("biomedclip", _with(settings, biomedclip=tmp_path, encoders=tmp_path / "e"))


def test_damaged_weights_are_named(
    settings: Settings, small_model: Path, tmp_path: Path, no_network: None
) -> None:
    shutil.copytree(small_model, tmp_path / "model")
    weights = tmp_path / "model" / "open_clip_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100_000])
    here = _with(settings, biomedclip=tmp_path / "model", encoders=tmp_path / "e")
    with pytest.raises(EncoderError, match=r"open_clip_model.safetensors: damaged or cut off"):
        open_encoder("biomedclip", here)


def test_weights_of_another_architecture_are_refused(
    settings: Settings, small_model: Path, tmp_path: Path, no_network: None
) -> None:
    shutil.copytree(small_model, tmp_path / "model")
    config = tmp_path / "model" / "open_clip_config.json"
    config.write_text(config.read_text().replace("vit_tiny_patch16_224", "vit_small_patch16_224"))
    here = _with(settings, biomedclip=tmp_path / "model", encoders=tmp_path / "e")
    with pytest.raises(EncoderError, match="belongs to another model"):
        open_encoder("biomedclip", here)


def test_the_first_use_exports_and_the_next_finds_it(
    settings: Settings, small_encoders: Path, tmp_path: Path, no_network: None
) -> None:
    here = _with(settings, encoders=tmp_path)
    first = open_encoder("biomedclip", here)
    manifest = tmp_path / "biomedclip" / "export.json"
    written = manifest.stat().st_mtime_ns
    assert open_encoder("biomedclip", here).fingerprint == first.fingerprint
    assert manifest.stat().st_mtime_ns == written


def test_other_weights_are_exported_anew(
    settings: Settings, small_model: Path, small_encoders: Path, tmp_path: Path
) -> None:
    shutil.copytree(small_encoders / "biomedclip", tmp_path / "encoders" / "biomedclip")
    shutil.copytree(small_model, tmp_path / "model")
    here = _with(settings, encoders=tmp_path / "encoders", biomedclip=tmp_path / "model")
    before = open_encoder("biomedclip", here).fingerprint
    weights = tmp_path / "model" / "open_clip_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert open_encoder("biomedclip", here).fingerprint != before


def test_exported_towers_work_from_a_copy(
    settings: Settings, small_encoders: Path, tmp_path: Path, no_network: None
) -> None:
    shutil.copytree(small_encoders / "biomedclip", tmp_path / "copy")
    here = _with(settings, biomedclip=tmp_path / "copy", encoders=tmp_path / "none")
    assert (
        open_encoder("biomedclip", here).fingerprint
        == open_encoder("biomedclip", settings).fingerprint
    )


def test_bf16_is_a_space_of_its_own_on_openvino_and_torch(
    settings: Settings, made_films: list[GreyImage]
) -> None:
    if not cpu_has_bf16():
        pytest.skip("this CPU has no bf16")
    full = open_encoder("biomedclip", settings)
    fast = open_encoder("biomedclip", _with(settings, precision=None))
    torch = open_encoder("biomedclip", _with(settings, precision="bf16", runtime="torch"))
    assert fast.fingerprint == torch.fingerprint != full.fingerprint
    assert fast.fingerprint.precision == "bf16"
    for encoder in (fast, torch):
        films = encoder.encode_films(made_films[:8])
        assert 0.999 < least_cosine(films, full.encode_films(made_films[:8])) < 1
        assert least_cosine(encoder.encode_texts(TEXTS), full.encode_texts(TEXTS)) > 0.999


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"runtime": "onnxruntime", "precision": "bf16"}, "runs fp32 only"),
        ({"runtime": "torch", "precision": "int8"}, "not in int8"),
        ({"precision": "int8"}, r"not calibrated for int8.*mmrag encoder calibrate"),
    ],
)
def test_what_a_runtime_cannot_do_is_said(
    settings: Settings, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(EncoderError, match=complaint):
        open_encoder("biomedclip", _with(settings, **changes))


def test_a_folder_is_a_name_too(
    settings: Settings, small_model: Path, made_films: list[GreyImage], no_network: None
) -> None:
    by_folder = open_encoder(str(small_model), settings)
    assert by_folder.fingerprint.name == "open_clip"
    wanted = open_encoder("biomedclip", settings).encode_films(made_films[:3])
    assert least_cosine(by_folder.encode_films(made_films[:3]), wanted) > ALIKE


def test_a_folder_that_is_none_is_said(settings: Settings) -> None:
    with pytest.raises(EncoderError, match="there is no such folder"):
        open_encoder("no/such/model", settings)
    with pytest.raises(InputError, match="biomedclip"):
        open_encoder("resnet", settings)


def test_open_clips_own_text_tower_runs_on_torch(
    full_extra: None, settings: Settings, tmp_path: Path, made_films: list[GreyImage]
) -> None:
    folder = _plain_clip(tmp_path / "clip")
    here = _with(settings, runtime="torch", encoders=tmp_path / "e")
    encoder = open_encoder(str(folder), here)
    assert encoder.dimension == 48
    texts = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    assert least_cosine(encoder.encode_texts(TEXTS), texts) > ALIKE
    assert encoder.encode_films(made_films[:2]).shape == (2, 48)
    with pytest.raises(EncoderError, match="MMRAG_RUNTIME=torch"):
        open_encoder(str(folder), _with(here, runtime="openvino"))


def _plain_clip(folder: Path) -> Path:
    from mmrag.encoders.openclip_load import import_open_clip

    open_clip = import_open_clip()
    from safetensors.torch import save_file

    cfg = {
        "embed_dim": 48,
        "vision_cfg": {"image_size": 64, "layers": 2, "width": 64, "patch_size": 16},
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 64,
            "heads": 1,
            "layers": 2,
        },
    }
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": cfg}))
    save_file(open_clip.CLIP(**cfg).state_dict(), folder / "open_clip_model.safetensors")
    return folder


def test_the_fast_path_imports_no_torch(
    settings: Settings, small_model: Path, small_encoders: Path, tmp_path: Path
) -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*_): raise OSError('the network is off')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "import numpy as np\n"
        "from mmrag.encoders import open_encoder\n"
        "encoder = open_encoder('biomedclip')\n"
        "encoder.encode_films([np.zeros((300, 280), np.uint8)])\n"
        "encoder.encode_texts(['leukocytosis', 'pleural effusion'])\n"
        "heavy = {'torch', 'transformers', 'open_clip', 'timm', 'huggingface_hub'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    for runtime in ("openvino", "onnxruntime"):
        environment = {
            "MMRAG_BIOMEDCLIP": str(small_model),
            "MMRAG_ENCODERS": str(small_encoders),
            "MMRAG_RUNTIME": runtime,
            "HOME": str(tmp_path),
        }
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("package", "extra"),
    [
        ("tokenizers", "biomedclip-fast"),
        ("ftfy", "biomedclip-fast"),
        ("openvino", "biomedclip-fast"),
    ],
)
def test_a_missing_package_of_the_fast_path_names_its_extra(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, package: str, extra: str
) -> None:
    monkeypatch.setattr(builtins, "__import__", _without(package))
    from mmrag.encoders import openvino_towers

    openvino_towers._core.cache_clear()
    with pytest.raises(MissingExtra, match=rf"{package} .*\[{extra}\]"):
        open_encoder("biomedclip", _with(settings, runtime="openvino")).encode_texts(TEXTS)


@pytest.mark.parametrize("package", ["torch", "open_clip", "timm", "transformers"])
def test_a_missing_package_to_load_with_names_its_extra(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: str
) -> None:
    monkeypatch.setattr(builtins, "__import__", _without(package))
    with pytest.raises(MissingExtra, match=rf"{package} .*\[biomedclip\]"):
        open_encoder("biomedclip", _with(settings, encoders=tmp_path))


def _without(package: str) -> Any:
    """An import statement on a machine that lacks a package."""
    real = builtins.__import__

    def guarded(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == package:
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
        return real(name, *args, **kwargs)

    return guarded
