from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmrag.clinical.prompts import anchor_prompts
from mmrag.encoders.base import Fingerprint, Vectors
from mmrag.encoders.remembered_prompts import RememberedPrompts

PROMPT = anchor_prompts()["Effusion"][0][0]
OTHER = anchor_prompts()["Mass"][1][0]


class CountingEncoder:
    def __init__(self) -> None:
        self.encoded = 0

    def __call__(self, texts: Sequence[str]) -> Vectors:
        self.encoded += len(texts)
        return np.stack([_vector(text) for text in texts])


def _vector(text: str) -> Vectors:
    return np.random.default_rng(len(text) + 1000 * ord(text[2])).random(6, np.float32)


def _prompts(folder: Path, weights: str = "a" * 64) -> RememberedPrompts:
    return RememberedPrompts(folder, Fingerprint("x", weights, "fp32"), 6)


def test_the_set_is_encoded_once_for_all_processes(tmp_path: Path) -> None:
    encode = CountingEncoder()
    first = _prompts(tmp_path).vectors([PROMPT, OTHER], encode)
    count = encode.encoded
    again = _prompts(tmp_path).vectors([OTHER, PROMPT], encode)
    assert encode.encoded == count
    assert np.array_equal(first, again[::-1])
    assert np.array_equal(first[0], _vector(PROMPT))


def test_another_space_does_not_see_them(tmp_path: Path) -> None:
    encode = CountingEncoder()
    _prompts(tmp_path).vectors([PROMPT], encode)
    count = encode.encoded
    _prompts(tmp_path, "b" * 64).vectors([PROMPT], encode)
    assert encode.encoded == 2 * count


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    encode = CountingEncoder()
    wanted = _prompts(tmp_path).vectors([PROMPT], encode)
    (file,) = tmp_path.iterdir()
    for damage in (b"", b"no vectors", file.read_bytes()[:-40]):
        file.write_bytes(damage)
        assert np.array_equal(_prompts(tmp_path).vectors([PROMPT], encode), wanted)


def test_a_folder_that_cannot_be_made_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    vectors = _prompts(tmp_path / "file").vectors([PROMPT], CountingEncoder())
    assert np.array_equal(vectors[0], _vector(PROMPT))


def test_knows_what_is_a_prompt(tmp_path: Path) -> None:
    assert PROMPT in _prompts(tmp_path)
    assert "leukocytosis; thrombocytopenia" not in _prompts(tmp_path)
