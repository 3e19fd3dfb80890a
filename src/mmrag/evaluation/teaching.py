"""Films that experts read, as evidence learns from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mmrag.clinical.prompts import NORMAL
from mmrag.evaluation.collection import Collection
from mmrag.evaluation.patients import folds
from mmrag.evidence import NAMES
from mmrag.evidence.reads import Reads
from mmrag.fusion import Anchors
from mmrag.sources.nih_reads import Read


def reads_of(
    collection: Collection,
    reads: Mapping[str, Read],
    anchors: Anchors,
    rng: np.random.Generator,
) -> Reads:
    """Bring together what the encoder, the table and the experts say of the films read.

    Parameters
    ----------
    collection : Collection
    reads : mapping of str to Read
        By film name; films that it lacks are left out.
    anchors : Anchors
        The encoder's directions of the findings.
    rng : numpy.random.Generator
        Deals the patients into folds.

    Returns
    -------
    Reads
    """
    read = collection.take(np.array([film.id in reads for film in collection.films], np.bool_))
    directions = np.stack([anchors.by_finding[name] for name in NAMES]).astype(np.float64)
    return Reads(
        scores=read.pixels.astype(np.float64) @ directions.T,
        labels=read.labels,
        histories=read.histories(read.told),
        shown=_shown([reads[film.id] for film in read.films]),
        fold=folds(read.patients, rng),
    )


def _shown(reads: Sequence[Read]) -> NDArray[np.bool_]:
    rows = [
        [not read.abnormal if name == NORMAL else name in read.findings for name in NAMES]
        for read in reads
    ]
    return np.array(rows, np.bool_).reshape(len(rows), len(NAMES))
