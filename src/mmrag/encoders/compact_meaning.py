"""What free words say of the findings, where no table of terms knows them.

Each word of a vocabulary has learnt log-odds of each finding (`training.words`): "water" and
"fluid" speak for an effusion, "shrunken" for atelectasis. A text's log-odds are the sum over its
words by the square root of their weights, so that a long sentence is surer than a short one, but
not as sure as if every word were a witness of its own. A word outside the vocabulary says nothing,
unless it is a slip of the pen for one that says much.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmrag.clinical.spelling import Speller
from mmrag.encoders.compact_space import FINDINGS
from mmrag.encoders.compact_words import STOP_WORDS
from mmrag.errors import EncoderError

SHIPPED = Path(__file__).with_name("data") / "compact_words.npz"

CLASSES = (*FINDINGS, "Other")
"""What a text may mean; the last is none of the findings."""

STEPS = 256
"""Steps to a whole, of log-odds and of weights: sums are whole numbers on every machine."""

NONE_MEANT = 0.5
"""A text that means none of the findings with this probability is said to mean none."""


SUREST = 0.25
"""A text whose likeliest finding has less is about something else: a few words of the
vocabulary that say little must not draw a question anywhere."""


SPEAKING = 2000
"""Words that say most of all; a misspelt word is mended towards these alone."""


@dataclass(frozen=True)
class _Table:
    place: Mapping[str, int]
    log_odds: NDArray[np.int64]
    weights: NDArray[np.int64]


def meant(words: Iterable[str]) -> dict[str, float]:
    """Tell which findings a text means.

    Parameters
    ----------
    words : iterable of str
        Folded (`mmrag.clinical.words`), of a text that names no finding.

    Returns
    -------
    dict of str to float
        Probability of each of `FINDINGS`, adding up to less than 1; empty where the text means
        none of them, or holds too little to tell.

    Raises
    ------
    EncoderError
        When the table is missing or damaged.
    """
    table = _table()
    known = (word if word in table.place else _speller().mend(word) for word in words)
    rows = sorted({table.place[word] for word in known if word in table.place} - _stop_rows())
    if not rows:
        return {}
    length = np.sqrt(table.weights[rows].sum() / STEPS)
    log_odds = (table.log_odds[rows].sum(axis=0) / length + table.log_odds[-1]) / STEPS
    share = np.exp(log_odds - log_odds.max())
    share /= share.sum()
    if share[-1] >= NONE_MEANT or share[:-1].max() < SUREST:
        return {}
    return dict(zip(FINDINGS, share.tolist(), strict=False))


@cache
def table_hash() -> str:
    """SHA-256 of the table."""
    return hashlib.sha256(SHIPPED.read_bytes()).hexdigest()


@cache
def _stop_rows() -> frozenset[int]:
    place = _table().place
    return frozenset(place[word] for word in STOP_WORDS if word in place)


@cache
def _speller() -> Speller:
    table = _table()
    says = np.ptp(table.log_odds[:-1], axis=1)
    loudest = np.argsort(-says, kind="stable")[:SPEAKING]
    words = list(table.place)
    return Speller(words[row] for row in loudest)


@cache
def _table() -> _Table:
    mend = f"{SHIPPED}: missing or damaged: install med-multimodal-rag again"
    try:
        expected = SHIPPED.with_name(SHIPPED.name + ".sha256").read_text("ascii").split()[0]
        whole = table_hash() == expected
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise EncoderError(mend) from error
    if not whole:
        raise EncoderError(mend)
    with np.load(SHIPPED, allow_pickle=False) as archive:
        words, log_odds, weights = (archive[name] for name in ("words", "log_odds", "weights"))
    place = {word: row for row, word in enumerate(words.tolist())}
    return _Table(place, log_odds.astype(np.int64), weights.astype(np.int64))
