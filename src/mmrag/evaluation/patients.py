"""Patients, never films, on one side or the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FOLDS = 5


def folds(patients: Sequence[str], rng: np.random.Generator) -> NDArray[np.intp]:
    """Deal patients into `FOLDS` sides.

    Parameters
    ----------
    patients : sequence of str
        Of each film.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray
        Shape (films,): the fold of each film, the same for all films of a patient.
    """
    unique, place = np.unique(np.asarray(patients), return_inverse=True)
    side: NDArray[np.intp] = rng.permutation(len(unique)) % FOLDS
    return side[place]
