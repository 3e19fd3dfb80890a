"""The compact encoder's text side: findings by their anchors, all other words by their letters.

A text is parted into what it says of findings, read by `mmrag.clinical`, and the rest. The
two parts lie in subspaces at right angles, so the words beside a finding never change the
order in which films answer it. A text that names no finding and no laboratory analyte lies near
the findings that its words mean (`mmrag.encoders.compact_meaning`), if they mean any.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from mmrag.clinical.assertion import assess
from mmrag.clinical.lexicon import NORMAL, Mention, mentions_of
from mmrag.clinical.prompts import NORMAL as NO_FINDING
from mmrag.clinical.prompts import anchor_prompts
from mmrag.clinical.question import Assertion
from mmrag.clinical.words import Word, words_of
from mmrag.encoders.base import Vectors
from mmrag.encoders.compact_analytes import Named, known_names, named_analytes
from mmrag.encoders.compact_meaning import meant, table_hash
from mmrag.encoders.compact_space import DIMENSION, WORDS, anchor, normal_anchor
from mmrag.encoders.compact_words import direction, weighted_tokens

VERSION = 2
"""Raised whenever the code of the text side changes a vector."""

WORDS_SHARE = 0.1
"""Share of the squared norm that goes to words beside a finding."""

_WEIGHTS: Mapping[Assertion, float] = {"present": 1.0, "uncertain": 0.5, "absent": -1.0}
_TABLES = ("findings.toml", "assertion.toml")


def encode(texts: Sequence[str]) -> Vectors:
    """Encode texts.

    A finding adds its anchor, half of it when left open, and takes it away when denied; a
    phrase for a normal chest adds the normal anchor. A text with nothing to hold on to
    (empty, or stop words alone) gets one fixed direction among the words.

    Parameters
    ----------
    texts : sequence of str

    Returns
    -------
    ndarray
        Shape (len(texts), DIMENSION), float32, unit norm.
    """
    vectors = np.empty((len(texts), DIMENSION), np.float32)
    for row, text in enumerate(texts):
        vectors[row] = _encode(text)
    return vectors


def tables_hash() -> str:
    """SHA-256 of the tables and the version that determine the text side.

    Of the analytes only the names count, so that a new reference range leaves a store valid.
    """
    digest = hashlib.sha256(f"compact text {VERSION}".encode())
    for name in _TABLES:
        content = (resources.files("mmrag.clinical") / name).read_bytes()
        # a checkout may have changed the line ends; the meaning is the same
        digest.update(content.replace(b"\r\n", b"\n"))
    digest.update(repr(known_names()).encode())
    digest.update(table_hash().encode())
    return digest.hexdigest()


def _encode(text: str) -> NDArray[np.float64]:
    words = words_of(text)
    known = _prompts().get(_key(words))
    if known is not None:
        return known
    mentions = mentions_of(text, words)
    named = named_analytes(words)
    if mentions or named:
        findings = _findings_part(text, mentions, about_laboratory=bool(named))
    else:
        findings = _meant_part(meant(word.folded for word in words))
    free = [w for w in words if not any(m.start <= w.start < m.end for m in mentions)]
    return _join(findings, _words_part(free, named))


def _findings_part(
    text: str, mentions: Sequence[Mention], *, about_laboratory: bool
) -> NDArray[np.float64] | None:
    weights: dict[str, float] = {}
    for mention, assertion in zip(mentions, assess(text, mentions), strict=True):
        # "unremarkable" beside a blood count says nothing of the chest
        if mention.finding == NORMAL and about_laboratory:
            continue
        weight = _WEIGHTS["absent" if mention.via == "denial" else assertion]
        weights[mention.finding] = max(weight, weights.get(mention.finding, -1.0))
    if not weights:
        return None
    total = np.zeros(DIMENSION)
    for finding, weight in weights.items():
        total += weight * (normal_anchor() if finding == NORMAL else anchor(finding))
    return _unit(total)


def _meant_part(meant_findings: Mapping[str, float]) -> NDArray[np.float64] | None:
    if not meant_findings:
        return None
    return _unit(np.sum([p * anchor(name) for name, p in meant_findings.items()], axis=0))


def _words_part(words: Sequence[Word], named: Sequence[Named]) -> NDArray[np.float64] | None:
    counts = weighted_tokens(words, named)
    if not counts.any():
        return None
    part = np.zeros(DIMENSION)
    part[WORDS] = counts
    return _unit(part)


def _join(
    findings: NDArray[np.float64] | None, words: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    if findings is None:
        return _nothing() if words is None else words
    if words is None:
        return findings
    joined: NDArray[np.float64] = (
        np.sqrt(1.0 - WORDS_SHARE) * findings + np.sqrt(WORDS_SHARE) * words
    )
    return joined


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = vector / np.sqrt(np.sum(vector * vector))
    return scaled


@cache
def _nothing() -> NDArray[np.float64]:
    fixed = np.zeros(DIMENSION)
    fixed[WORDS] = direction("nothing", "")
    return _unit(fixed)


@cache
def _prompts() -> Mapping[tuple[str, ...], NDArray[np.float64]]:
    """Prompts of the findings, known by heart.

    They describe one finding each, partly in words that also belong to others, for encoders
    that were trained on sentences; here their direction is the finding's own.
    """
    known: dict[tuple[str, ...], NDArray[np.float64]] = {}
    for name, (positive, negative) in anchor_prompts().items():
        if name == NO_FINDING:
            known |= {_key(words_of(prompt)): normal_anchor() for prompt in positive}
            continue
        known |= {_key(words_of(prompt)): anchor(name) for prompt in positive}
        known |= {_key(words_of(prompt)): -anchor(name) for prompt in negative}
    return known


def _key(words: Sequence[Word]) -> tuple[str, ...]:
    return tuple(word.folded for word in words)
