"""Cosine with the question's words as the text encoder reads them: no question is compiled."""

from __future__ import annotations

import numpy as np

from mmrag.evaluation.methods.base import Evidence, Scores
from mmrag.evaluation.questions import Question
from mmrag.fusion import Vector


def pixels_only(evidence: Evidence, question: Question) -> Scores:
    """Cosine of the words and the pixels."""
    return np.asarray(evidence.pixels @ _words(evidence, question), np.float64)


def plain_fusion(evidence: Evidence, question: Question) -> Scores:
    """Cosine of the words and ``Normalize(w_pixel*V_pixel + w_label*V_label)``."""
    return np.asarray(evidence.fused @ _words(evidence, question), np.float64)


def label_text_only(evidence: Evidence, question: Question) -> Scores:
    """Cosine of the words and ``V_label``; an unlabelled film is at right angles to all."""
    words = _words(evidence, question)
    vectors = evidence.label_vectors
    return np.array([0.0 if label is None else float(label @ words) for label in vectors])


def _words(evidence: Evidence, question: Question) -> Vector:
    vector: Vector = evidence.encode_texts([question.text])[0]
    return vector
