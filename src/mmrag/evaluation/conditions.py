"""What of the labels a method may see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Labels = tuple[tuple[str, ...] | None, ...]
"""Of each film; None for an unlabelled one, ``()`` for "No Finding"."""


def covered(labels: Labels, share: float, rng: np.random.Generator) -> Labels:
    """Keep the labels of some films, chosen at random; the others are unlabelled.

    Parameters
    ----------
    labels : Labels
    share : float
        Of the films, 0 to 1.
    rng : numpy.random.Generator

    Returns
    -------
    Labels
    """
    kept = set(rng.permutation(len(labels))[: round(share * len(labels))].tolist())
    return tuple(names if row in kept else None for row, names in enumerate(labels))


def without_finding(labels: Labels, finding: str) -> Labels:
    """Take one finding out of every film's labels, as a table that never knew it would.

    A film that had no other label becomes "No Finding": such a table says so wrongly.
    """
    return tuple(
        None if names is None else tuple(name for name in names if name != finding)
        for names in labels
    )


def shuffled(labels: Labels, rng: np.random.Generator) -> Labels:
    """Deal the labels out to other films at random."""
    order: Sequence[int] = rng.permutation(len(labels)).tolist()
    return tuple(labels[row] for row in order)
