from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mmrag.clinical.prompts import anchor_prompts
from mmrag.encoders.base import Encoder, GreyImage
from mmrag.encoders.framing import Framing
from mmrag.encoders.openclip_encoder import FILM_BATCH, OpenClipEncoder
from mmrag.encoders.openclip_identity import Identity
from mmrag.encoders.towers import Features, Ids, Pixels
from mmrag.errors import BadFilm

IDENTITY = Identity("made", 4, 32, Framing.of(16, {}), "w" * 64, "t" * 64)
PROMPTS = anchor_prompts()["Effusion"][0]


class SumTowers:
    """Says the sums of what it is shown, and remembers how much that was."""

    def __init__(self) -> None:
        self.film_batches: list[int] = []
        self.texts_seen = 0

    def films(self, pixels: Pixels) -> Features:
        self.film_batches.append(len(pixels))
        quarters = pixels.reshape(len(pixels), 4, -1).astype(np.float32)
        sums: Features = quarters.sum(2) + 1
        return sums

    def texts(self, ids: Ids) -> Features:
        self.texts_seen += len(ids)
        powers = [np.sum(ids.astype(np.float64) ** p, axis=1) for p in (1, 2, 3, 0.5)]
        return np.stack(powers, axis=1).astype(np.float32)


class LetterTokens:
    pad = 0

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        return [[ord(letter) for letter in text[:32]] or [1] for text in texts]


@pytest.fixture
def towers() -> SumTowers:
    return SumTowers()


@pytest.fixture
def encoder(towers: SumTowers, tmp_path: Path) -> OpenClipEncoder:
    return OpenClipEncoder(IDENTITY, "fp32", towers, LetterTokens, tmp_path)


def test_is_an_encoder(encoder: OpenClipEncoder) -> None:
    assert isinstance(encoder, Encoder)
    assert encoder.dimension == 4


def test_films_keep_their_order_across_batches(
    encoder: OpenClipEncoder, towers: SumTowers, made_films: list[GreyImage]
) -> None:
    vectors = encoder.encode_films(made_films)
    assert towers.film_batches == [FILM_BATCH] * 4 + [1]
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    for film, vector in zip(made_films, vectors, strict=True):
        assert np.array_equal(encoder.encode_films([film])[0], vector)


def test_equal_texts_are_encoded_once(encoder: OpenClipEncoder, towers: SumTowers) -> None:
    texts = ["leukocytosis", "anaemia", "leukocytosis", "x" * 30, "anaemia"]
    vectors = encoder.encode_texts(texts)
    assert towers.texts_seen == 3
    assert np.array_equal(vectors[0], vectors[2])
    for text, vector in zip(texts, vectors, strict=True):
        assert np.array_equal(encoder.encode_texts([text])[0], vector)


def test_prompts_are_encoded_once_and_mix_with_other_texts(
    encoder: OpenClipEncoder, towers: SumTowers, tmp_path: Path
) -> None:
    mixed = encoder.encode_texts([PROMPTS[0], "leukocytosis", PROMPTS[1], PROMPTS[0]])
    assert np.array_equal(mixed[0], mixed[3])
    second = SumTowers()
    again = OpenClipEncoder(IDENTITY, "fp32", second, LetterTokens, tmp_path)
    assert np.array_equal(again.encode_texts(list(PROMPTS[:2])), mixed[[0, 2]])
    assert second.texts_seen == 0


def test_nothing_in_nothing_out(encoder: OpenClipEncoder) -> None:
    assert encoder.encode_films([]).shape == (0, 4)
    assert encoder.encode_texts([]).shape == (0, 4)


def test_a_bad_film_stops_its_batch(encoder: OpenClipEncoder, made_films: list[GreyImage]) -> None:
    with pytest.raises(BadFilm):
        encoder.encode_films([*made_films[:3], np.zeros((3, 3, 3), np.uint8)])
