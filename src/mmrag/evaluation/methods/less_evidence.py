"""The product with less evidence, or with more: what each step is worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mmrag.evaluation.learnt import Weigher
from mmrag.evaluation.methods.base import Evidence, Scores
from mmrag.evaluation.methods.product import as_searched
from mmrag.evaluation.questions import Question
from mmrag.evidence import NAMES, EvidenceModel
from mmrag.evidence.fit import OWN_SCORE
from mmrag.evidence.model import Weighing

PLAIN_LABEL = 2.0
"""What the own label counts in a plain sum, where a standard deviation of the score counts 1."""

NEAREST = 30
"""Films whose evidence is added to a film's own."""

NEAREST_WEIGHT = 0.5
"""What their mean counts beside the film's own."""


def own_label_only(evidence: Evidence, question: Question) -> Scores:
    """Let a finding's own label alone speak of it, fitted anew."""
    return _by(evidence.learnt.own_label, evidence, question)


def without_cross_pixels(evidence: Evidence, question: Question) -> Scores:
    """Let a finding's own score alone speak of it, fitted anew."""
    return _by(evidence.learnt.own_pixels, evidence, question)


def unequal_terms(evidence: Evidence, question: Question) -> Scores:
    """Leave evidence of films without labels as it was fitted."""
    return _by(evidence.learnt.unequal, evidence, question)


def without_history(evidence: Evidence, question: Question) -> Scores:
    """Do not hear the labels of a patient's other films, fitted anew."""
    return _by(evidence.learnt.no_history, evidence, question)


def hard_plain_sum(evidence: Evidence, question: Question) -> Scores:
    """Add the own standard score and twice the own label: no noise model, nothing fitted."""
    models = tuple(_plain(model) for model in evidence.learnt.full.models)
    return _by(replace(evidence.learnt.full, models=models), evidence, question)


def with_neighbours(evidence: Evidence, question: Question) -> Scores:
    """Add half of the mean evidence of the nearest films, by pixels, of other patients."""
    full = evidence.learnt.full
    log_odds = evidence.weighed(full, NEAREST_WEIGHT * _nearest(evidence))
    return as_searched(evidence, question, log_odds, full.whole)


def _by(weigher: Weigher, evidence: Evidence, question: Question) -> Scores:
    return as_searched(evidence, question, evidence.weighed(weigher), weigher.whole)


def _plain(model: EvidenceModel) -> EvidenceModel:
    own = np.eye(len(NAMES))
    uses_pixels = model.unlabelled.pixels.any()
    pixels = own * (OWN_SCORE if uses_pixels else 0.0)
    prior = np.log(model.base_rate) - np.log1p(-model.base_rate)
    return replace(
        model,
        unlabelled=Weighing(prior, pixels),
        labelled=Weighing(prior, pixels, PLAIN_LABEL * own),
        heard=None,
    )


def _nearest(evidence: Evidence) -> NDArray[np.float64]:
    """Share of each film (column) in the neighbourhood of each (row), shape (films, films)."""
    patients = np.asarray(evidence.patients)
    others = patients[:, None] != patients
    likeness = np.where(others, evidence.pixels @ evidence.pixels.T, -np.inf)
    order = np.argsort(-likeness, axis=1, kind="stable")[:, :NEAREST]
    shares = np.zeros(likeness.shape)
    near = np.take_along_axis(others, order, axis=1)
    np.put_along_axis(shares, order, near / np.maximum(near.sum(axis=1, keepdims=True), 1), axis=1)
    return shares
