"""Films with a truth that scores and labels hint at."""

from __future__ import annotations

import numpy as np

from mmrag.evidence import NAMES
from mmrag.evidence.reads import Reads
from mmrag.records import NO_HISTORY

EFFUSION, NODULE = NAMES.index("Effusion"), NAMES.index("Nodule")


def made_reads(films: int = 160, seed: int = 1) -> Reads:
    """Two findings on some films each, two films a patient, five folds; labels miss half."""
    rng = np.random.default_rng(seed)
    shown = np.zeros((films, len(NAMES)), np.bool_)
    shown[:, EFFUSION] = rng.random(films) < 0.35
    shown[:, NODULE] = rng.random(films) < 0.2
    shown[:, -1] = ~shown[:, :-1].any(axis=1)
    scores = 0.1 * (rng.normal(size=shown.shape) + 1.2 * shown)
    told = shown & (rng.random(shown.shape) < 0.5)
    told |= rng.random(shown.shape) < 0.04
    labels = tuple(
        tuple(name for name, said in zip(NAMES[:-1], row, strict=False) if said) for row in told
    )
    none = (NO_HISTORY,) * films
    return Reads(scores, labels, none, shown, np.arange(films) // 2 % 5)
