"""Where in the clinical space each leg looks for a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mmrag.clinical.bearing import expectations
from mmrag.clinical.prompts import NORMAL
from mmrag.clinical.question import ClinicalQuery
from mmrag.fusion import Anchors, Matrix, Vector, normalize

EncodeTexts = Callable[[Sequence[str]], Matrix]

_POINTING = frozenset({"alike", "film", "image", "like", "one", "same", "similar", "this", "to"})
"""Words that point at a film that is shown and say nothing of it."""


def film_question(
    query: ClinicalQuery,
    anchors: Anchors,
    encode_texts: EncodeTexts,
    image: Vector | None = None,
) -> Vector:
    """Vector that the film leg compares with.

    Findings asked for add their anchors and findings ruled out take theirs away, so that a
    negated finding never attracts its own films. Words that compile to no finding go to the
    text encoder. A film that is shown takes the place of the findings: what the words say of
    findings is held against each film's evidence, what it looks like is not in words.

    Parameters
    ----------
    query : ClinicalQuery
    anchors : Anchors
    encode_texts : callable
        The encoder's text side.
    image : ndarray, optional
        ``V_pixel`` of a film to search with, shape (dimension,).

    Returns
    -------
    ndarray
        Unit vector, shape (dimension,), float32.
    """
    shown = _direction(query, anchors) if image is None else normalize(image)
    words = _words_left(query, image is not None)
    if shown is None:
        return _encode_one(words or query.text, encode_texts)
    return normalize(shown + _encode_one(words, encode_texts)) if words else shown


def _direction(query: ClinicalQuery, anchors: Anchors) -> Vector | None:
    """Sum the anchors; None where there are none, or they cancel out."""
    # "possible pneumonia" asks for films of pneumonia, as "pneumonia" does
    wanted = [*query.sought, *([NORMAL] if query.normal_chest else [])]
    terms = [anchors.by_finding[name] for name in wanted]
    terms += [-anchors.by_finding[name] for name in query.absent]
    direction = normalize(np.sum(terms, axis=0)) if terms else None
    return direction if direction is not None and direction.any() else None


def _words_left(query: ClinicalQuery, shown: bool) -> str | None:
    """Words for the text encoder, unless all they do is to point at the shown film."""
    words = (query.free_text or "").split()
    return None if shown and _POINTING.issuperset(map(str.lower, words)) else query.free_text


def lab_question(query: ClinicalQuery, encode_texts: EncodeTexts) -> Vector:
    """Vector that the laboratory leg compares with.

    A question that names laboratory states is embedded by them; one that names only
    findings is embedded by the states that bear on those findings, since panels are
    described by states and never by findings.

    Parameters
    ----------
    query : ClinicalQuery
    encode_texts : callable
        The encoder's text side.

    Returns
    -------
    ndarray
        Unit vector, shape (dimension,), float32.
    """
    return _encode_one(lab_words(query), encode_texts)


def lab_words(query: ClinicalQuery) -> str:
    """Words by which the laboratory leg asks."""
    if query.labs:
        return "; ".join(term.written or term.name for term in query.labs)
    states = [expected.state for expected in expectations(query.sought)]
    return "; ".join(states) or query.free_text or query.text


def _encode_one(text: str, encode_texts: EncodeTexts) -> Vector:
    vector: Vector = encode_texts([text])[0]
    return vector
