"""Where in the clinical space each leg looks for a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mmrag.clinical.bearing import expectations
from mmrag.clinical.prompts import NORMAL
from mmrag.clinical.question import ClinicalQuery
from mmrag.fusion import Anchors, Matrix, Vector, normalize

EncodeTexts = Callable[[Sequence[str]], Matrix]


def film_question(
    query: ClinicalQuery,
    anchors: Anchors,
    encode_texts: EncodeTexts,
    image: Vector | None = None,
) -> Vector:
    """Vector that the film leg compares with.

    Findings asked for add their anchors and findings ruled out take theirs away, so that a
    negated finding never attracts its own films. Words that compile to no finding go to the
    text encoder. A film given with the question counts as much as its words.

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
    words = _words(query, anchors, encode_texts)
    if image is None:
        return words if words is not None else _encode_one(query.text, encode_texts)
    return normalize(image) if words is None else normalize(normalize(image) + words)


def _words(query: ClinicalQuery, anchors: Anchors, encode_texts: EncodeTexts) -> Vector | None:
    # "possible pneumonia" asks for films of pneumonia, as "pneumonia" does
    wanted = [*query.sought, *([NORMAL] if query.normal_chest else [])]
    terms = [anchors.by_finding[name] for name in wanted]
    terms += [-anchors.by_finding[name] for name in query.absent]
    direction = normalize(np.sum(terms, axis=0)) if terms else None
    if direction is not None and direction.any():
        return direction
    if query.free_text:
        return _encode_one(query.free_text, encode_texts)
    return None


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
