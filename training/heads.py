"""One linear head a finding, standardised on patients that training did not see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Heads:
    """Linear scores of pooled features.

    Attributes
    ----------
    weights : ndarray
        Shape (features, findings), float64.
    offsets : ndarray
        Shape (findings,), float64.
    """

    weights: NDArray[np.float64]
    offsets: NDArray[np.float64]

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Score films, shape (n, features) to (n, findings)."""
        return features @ self.weights + self.offsets


def standardise(heads: Heads, unseen: NDArray[np.float32]) -> Heads:
    """Rescale so that scores of unseen films have mean 0 and standard deviation 1.

    Scores of films that were learnt from are too sure of themselves to be taken for this.

    Parameters
    ----------
    heads : Heads
    unseen : ndarray
        Shape (n, features), films of patients that training did not see.

    Returns
    -------
    Heads
    """
    scores = heads.scores(unseen)
    centre, spread = scores.mean(axis=0), scores.std(axis=0)
    return Heads(heads.weights / spread, (heads.offsets - centre) / spread)
