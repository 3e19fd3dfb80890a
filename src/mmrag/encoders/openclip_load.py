"""A model folder to an open_clip model in torch, with no network whatever happens."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from mmrag.encoders.openclip_folder import ModelFolder
from mmrag.encoders.text_tower_config import text_tower_config
from mmrag.errors import EncoderError, MissingExtra

EXTRA = "biomedclip"


def import_open_clip() -> Any:
    """Import open_clip.

    Raises
    ------
    MissingExtra
        When a package is missing.
    """
    try:
        from mmrag.encoders.torchvision_import import import_torchvision

        import_torchvision()
        import open_clip
        import timm  # noqa: F401  open_clip finds out too late that it needs it
        import transformers  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "open_clip", EXTRA) from error
    return open_clip


def load_model(folder: ModelFolder) -> Any:
    """Load a model's towers in fp32 on the CPU, ready for inference.

    Parameters
    ----------
    folder : ModelFolder

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    EncoderError
        When the weights are damaged or of another architecture.
    MissingExtra
        When torch or open_clip is not installed.
    """
    open_clip = import_open_clip()
    try:
        if "hf_model_name" not in folder.text_cfg:
            model = open_clip.create_model(f"local-dir:{folder.path}")
        else:
            model = _load_with_text_tower(open_clip, folder)
    except EncoderError:
        raise
    except Exception as error:  # torch, safetensors and pickle each raise their own
        reason = next(iter(str(error).splitlines()), type(error).__name__)[:160]
        raise EncoderError(
            f"{folder.weights}: cannot be loaded ({reason}): the file is damaged or belongs to "
            "another model, copy it again"
        ) from error
    return model.eval().requires_grad_(False)


def pad_id(model: Any) -> int:
    """Id that the text tower looks away from."""
    config = getattr(getattr(model, "text", None), "config", None)
    return int(getattr(config, "pad_token_id", 0) or 0)


def _load_with_text_tower(open_clip: Any, folder: ModelFolder) -> Any:
    config = text_tower_config(folder.path, _shapes(folder.weights))
    with tempfile.TemporaryDirectory(prefix="mmrag-tower-") as tower:
        (Path(tower) / "config.json").write_text(json.dumps(config), "utf-8")
        # open_clip asks the hub for the tower's name; a folder of that name asks nobody
        text_cfg = dict(folder.text_cfg) | {"hf_model_name": tower, "hf_model_pretrained": False}
        return open_clip.create_model(f"local-dir:{folder.path}", text_cfg=text_cfg)


def _shapes(weights: Path) -> dict[str, tuple[int, ...]]:
    if weights.suffix == ".safetensors":
        from safetensors import safe_open

        with safe_open(weights, framework="np") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    import torch

    state = torch.load(weights, map_location="meta", weights_only=True)
    state = state.get("state_dict", state)
    return {name.removeprefix("module."): tuple(value.shape) for name, value in state.items()}
