"""The configuration of a BERT text tower, read off its weights.

open_clip's files name the text tower's page on the hub and leave its configuration there.
Every number of it but one shows in the shapes of the weights.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmrag.errors import EncoderError

HEAD_WIDTH = 64
"""Width of one attention head in every published BERT (Devlin et al. 2019, section 3)."""

_TOWER = "text.transformer."
_EMBEDDINGS = _TOWER + "embeddings."
_LAYER = re.compile(re.escape(_TOWER) + r"encoder\.layer\.(\d+)\.attention\.self\.query\.weight")

Shapes = Mapping[str, tuple[int, ...]]


def text_tower_config(folder: Path, shapes: Shapes) -> dict[str, Any]:
    """Find the text tower's configuration without asking the hub.

    Parameters
    ----------
    folder : pathlib.Path
        A ``config.json`` of the text tower in it is taken as it is.
    shapes : mapping of str to tuple of int
        Shape of each of the model's weights.

    Returns
    -------
    dict
        What transformers calls a model's config.

    Raises
    ------
    EncoderError
        When there is no ``config.json`` and the tower is no BERT.
    """
    written = folder / "config.json"
    if written.is_file():
        try:
            config = json.loads(written.read_text("utf-8"))
        except ValueError as error:
            raise EncoderError(f"{written}: damaged: copy it again or remove it") from error
        if isinstance(config, dict) and "model_type" in config:
            return config
    return _bert_config(folder, shapes)


def _bert_config(folder: Path, shapes: Shapes) -> dict[str, Any]:
    layers = [name for name in shapes if _LAYER.fullmatch(name)]
    try:
        vocabulary, width = shapes[f"{_EMBEDDINGS}word_embeddings.weight"]
        positions, _ = shapes[f"{_EMBEDDINGS}position_embeddings.weight"]
        kinds, _ = shapes[f"{_EMBEDDINGS}token_type_embeddings.weight"]
        inner, _ = shapes[f"{_TOWER}encoder.layer.0.intermediate.dense.weight"]
    except KeyError as error:
        raise EncoderError(
            f"{folder}: the text tower is no BERT and its config.json is missing: copy that file "
            "from the page that open_clip_config.json names as hf_model_name"
        ) from error
    return {
        "model_type": "bert",
        "vocab_size": vocabulary,
        "hidden_size": width,
        "num_hidden_layers": len(layers),
        "num_attention_heads": max(1, width // HEAD_WIDTH),
        "intermediate_size": inner,
        "max_position_embeddings": positions,
        "type_vocab_size": kinds,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    }
