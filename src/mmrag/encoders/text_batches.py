"""Token ids in batches of like length: little padding, and no vector depends on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmrag.encoders.towers import Ids

BATCH = 32
STEP = 8
"""Lengths are rounded up to this, so that runtimes meet few shapes and prepare each once."""


def batches(rows: Sequence[Sequence[int]], context: int, pad: int) -> Iterator[tuple[Ids, Ids]]:
    """Sort by length, and pad each batch to its own longest text.

    Parameters
    ----------
    rows : sequence of sequence of int
        Token ids of each text.
    context : int
        Longest batch, in tokens.
    pad : int
        Id that fills up.

    Yields
    ------
    tuple of ndarray
        Which rows these are, shape (n,), and their ids, shape (n, length), both int64.
    """
    order = sorted(range(len(rows)), key=lambda row: len(rows[row]))
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        longest = len(rows[chosen[-1]])
        length = max(longest, min(context, -(-longest // STEP) * STEP))
        ids = np.full((len(chosen), length), pad, np.int64)
        for line, row in enumerate(chosen):
            ids[line, : len(rows[row])] = rows[row]
        yield np.asarray(chosen, np.int64), ids
