"""Films of patients drawn anew, for intervals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from training.data import SEED


def drawn_films(patients: NDArray[np.str_]) -> Iterator[NDArray[np.int64]]:
    """Draw as many patients as there are, with replacement, again and again; seeded.

    Parameters
    ----------
    patients : ndarray
        Shape (films,).

    Yields
    ------
    ndarray
        Rows of the films of the patients of one draw.
    """
    random = np.random.default_rng(SEED)
    films_of = [np.flatnonzero(patients == patient) for patient in np.unique(patients)]
    while True:
        picks = random.integers(len(films_of), size=len(films_of))
        yield np.concatenate([films_of[pick] for pick in picks])
