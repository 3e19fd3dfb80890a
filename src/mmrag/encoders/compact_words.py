"""Words and word pieces as fixed directions: what the text tower knows of free text.

Every token owns a direction of random signs drawn from its own hash. Nothing is learnt, so an
unknown word is as good as any other, a misspelt one shares most of its pieces with the right
one, and the same text gives the same vector on every machine: the sums are whole numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mmrag.clinical.words import Word
from mmrag.encoders.compact_space import WORDS

Counts = NDArray[np.int64]

SIZE = WORDS.stop - WORDS.start

_COMMON = """
    a an and any are as at be been but by can do does find for from has have i in into is it its
    me my of on or please show showing shows some such than that the their them there these they
    this those to was we were what when where which who whose will with you your
"""
STOP_WORDS = frozenset(_COMMON.split())

WHOLE_WORD = 2
PIECE = 1
NEIGHBOURS = 1
"""Weight of two words side by side, by which "low platelets" differs from "low leukocytes"."""

STATED_ANALYTE = 6
NAMED_ANALYTE = 3

_PIECE_LENGTH = 3


def weighted_tokens(words: Iterable[Word], analytes: Iterable[tuple[str, str | None]]) -> Counts:
    """Add up the directions of a text's tokens.

    Parameters
    ----------
    words : iterable of Word
        Words that stand for no finding.
    analytes : iterable of (str, str or None)
        Keys of the analytes that the text names, each with its state where it has one.

    Returns
    -------
    ndarray
        Shape (SIZE,), int64; all 0 where nothing but stop words is left.
    """
    kept = [word.folded for word in words if word.folded not in STOP_WORDS]
    tokens = {("word", word): WHOLE_WORD for word in kept}
    tokens |= {("piece", piece): PIECE for word in kept for piece in _pieces(word)}
    tokens |= {("pair", f"{first} {second}"): NEIGHBOURS for first, second in pairwise(kept)}
    for key, state in analytes:
        tokens["analyte", key] = NAMED_ANALYTE
        if state is not None:
            tokens["analyte", f"{key} {state}"] = STATED_ANALYTE
    total = np.zeros(SIZE, np.int64)
    for (kind, text), weight in tokens.items():
        total += weight * direction(kind, text)
    return total


@lru_cache(maxsize=65536)
def direction(kind: str, text: str) -> NDArray[np.int8]:
    """Signs of one token, shape (SIZE,), each -1 or 1."""
    digest = hashlib.shake_128(f"{kind}:{text}".encode()).digest(SIZE // 8)
    bits = np.unpackbits(np.frombuffer(digest, np.uint8))
    signs = 2 * bits.astype(np.int8) - 1
    signs.setflags(write=False)
    return signs


def _pieces(word: str) -> Iterable[str]:
    if any(character.isdigit() for character in word):
        return
    framed = f"<{word}>"
    for start in range(len(framed) - _PIECE_LENGTH + 1):
        yield framed[start : start + _PIECE_LENGTH]
