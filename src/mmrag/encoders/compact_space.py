"""The compact encoder's space: which coordinate means what.

======== =====================================================================
0 - 13   one axis a finding; a film's coordinate is its squashed score for it
14       an axis that every film has and no text
15 - 127 what a film looks like beyond its findings
128 -    words of a text that name no finding
======== =====================================================================

The axis of a finding is its anchor, so the cosine between a finding's text and a film *is*
the film's score for that finding. The anchor of a normal chest is minus the sum of the
findings' anchors: the film that shows least of everything comes first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DIMENSION = 512

FINDINGS = (
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Effusion",
    "Emphysema",
    "Fibrosis",
    "Hernia",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pleural_Thickening",
    "Pneumonia",
    "Pneumothorax",
)
"""The findings in the order of their axes; the shipped weights depend on it."""

FILM_AXIS = len(FINDINGS)
LOOK = slice(FILM_AXIS + 1, 128)
WORDS = slice(128, DIMENSION)


def anchor(finding: str) -> NDArray[np.float64]:
    """Direction of a finding, shape (DIMENSION,), unit norm."""
    direction = np.zeros(DIMENSION)
    direction[FINDINGS.index(finding)] = 1.0
    return direction


def normal_anchor() -> NDArray[np.float64]:
    """Direction of a normal chest, shape (DIMENSION,), unit norm."""
    direction = np.zeros(DIMENSION)
    direction[: len(FINDINGS)] = -1.0 / np.sqrt(len(FINDINGS))
    return direction
