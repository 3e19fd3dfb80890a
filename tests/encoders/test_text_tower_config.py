from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmrag.encoders.text_tower_config import Shapes, text_tower_config
from mmrag.errors import EncoderError

E = "text.transformer.embeddings."
L = "text.transformer.encoder.layer."
SHAPES: Shapes = {
    "visual.head.proj.weight": (512, 768),
    E + "word_embeddings.weight": (30_522, 768),
    E + "position_embeddings.weight": (512, 768),
    E + "token_type_embeddings.weight": (2, 768),
    L + "0.intermediate.dense.weight": (3072, 768),
    **{f"{L}{n}.attention.self.query.weight": (768, 768) for n in range(12)},
}


def test_reads_bert_base_off_its_weights(tmp_path: Path) -> None:
    config = text_tower_config(tmp_path, SHAPES)
    assert config["num_hidden_layers"] == config["num_attention_heads"] == 12
    assert (config["hidden_size"], config["intermediate_size"]) == (768, 3072)
    assert (config["vocab_size"], config["max_position_embeddings"]) == (30_522, 512)


def test_a_written_config_wins(tmp_path: Path) -> None:
    written = {"model_type": "roberta", "hidden_size": 5}
    (tmp_path / "config.json").write_text(json.dumps(written))
    assert text_tower_config(tmp_path, SHAPES) == written


def test_a_config_of_something_else_does_not(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"library": "open_clip"}')
    assert text_tower_config(tmp_path, SHAPES)["model_type"] == "bert"


def test_another_tower_needs_its_config(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"config.json is missing.*hf_model_name"):
        text_tower_config(tmp_path, {"text.transformer.wte.weight": (5, 5)})


def test_a_damaged_config_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(EncoderError, match=r"config.json: damaged"):
        text_tower_config(tmp_path, SHAPES)
