"""Other ways to make one vector of a film: centred, and with soft labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmrag.evaluation.methods.base import Evidence, Scores
from mmrag.evaluation.methods.plain import plain_fusion
from mmrag.evaluation.questions import Question
from mmrag.evidence import NAMES, probability
from mmrag.fusion import fuse, normalize


def centred_fusion(evidence: Evidence, question: Question) -> Scores:
    """Fuse as the plain formula does, once the films' mean is taken off their pixels."""
    pixels = evidence.pixels.astype(np.float64)
    return plain_fusion(replace(evidence, pixels=normalize(pixels - pixels.mean(axis=0))), question)


def soft_label_fusion(evidence: Evidence, question: Question) -> Scores:
    """Fuse with the findings' anchors by how far each is more probable than on average."""
    base = evidence.learnt.full.whole.base_rate
    above = np.maximum(probability(evidence.log_odds) - base, 0.0)
    labels = [
        evidence.anchors.soft_label_vector(dict(zip(NAMES, row.tolist(), strict=True)))
        for row in above
    ]
    vectors = [
        fuse(pixel, label, evidence.weights)
        for pixel, label in zip(evidence.pixels, labels, strict=True)
    ]
    return np.asarray(np.stack(vectors) @ evidence.encode_texts([question.text])[0], np.float64)
