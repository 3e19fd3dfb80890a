"""Filters on the films' labels, given what is meant rather than what was typed."""

from __future__ import annotations

import numpy as np

from mmrag.evaluation.methods.base import Evidence, Scores
from mmrag.evaluation.methods.plain import pixels_only
from mmrag.evaluation.questions import Question

_CLEAR_OF_A_COSINE = 4.0


def label_filter(evidence: Evidence, question: Question) -> Scores:
    """Films whose labels fit, then all the others: both in any order.

    A filter would leave the others out; they follow, so that its average precision can be
    compared with that of methods which order every film.
    """
    return np.array([_fits(names, question) for names in evidence.labels], np.float64)


def label_filter_then_pixels(evidence: Evidence, question: Question) -> Scores:
    """Films whose labels fit, then all the others: both by their pixels."""
    fits = label_filter(evidence, question)
    return _CLEAR_OF_A_COSINE * fits + pixels_only(evidence, question)


def _fits(names: tuple[str, ...] | None, question: Question) -> bool:
    if names is None:
        return False
    if question.kind == "normal":
        return not names
    return set(question.present) <= set(names) and not set(question.absent) & set(names)
