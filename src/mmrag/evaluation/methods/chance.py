"""Any order: what every other method has to beat."""

from __future__ import annotations

import numpy as np

from mmrag.evaluation.methods.base import Evidence, Scores
from mmrag.evaluation.questions import Question


def chance(evidence: Evidence, question: Question) -> Scores:  # noqa: ARG001 - asks nothing
    """Leave every film equal, so that their order is drawn by lot."""
    return np.zeros(len(evidence.films))
