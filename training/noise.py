"""What a text-mined label is worth: how often experts agree with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CAUTION = 8.0
"""Films' worth of the mean over all findings that join the count of a finding's own films."""


def chance_of_truth(labels: NDArray[np.bool_], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Chance that an expert sees a finding where the text-mined label denies or states it.

    Counted finding by finding, and drawn towards the mean over all findings where films are
    few.

    Parameters
    ----------
    labels, truth : ndarray
        Shape (n, findings), bool: labels and experts' reads of the same films.

    Returns
    -------
    ndarray
        Shape (2, findings): row 0 where the label denies, row 1 where it states.
    """
    rows = []
    for stated in (False, True):
        said = labels == stated
        right = (said & truth).sum(axis=0)
        mean = right.sum() / max(said.sum(), 1)
        rows.append((right + CAUTION * mean) / (said.sum(axis=0) + CAUTION))
    return np.stack(rows)
