"""Equal terms for films with labels and films without.

A film with labels is known better, so its evidence spreads wider: among films that do not show
a finding it sinks further, and among all of them a film without labels stands too high. Where
both kinds are searched together, that buries or favours films for having been labelled. So
evidence of films without labels is stretched until the films that both were fitted on stand, by
its account, as high on average and as far apart as they do by their labels.

Within each kind the order of films by one finding stays. What is paid is sharpness: a
probability of a film without labels says a little more than its pixels can bear out.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmrag.evidence.model import EvidenceModel, Weighing
from mmrag.evidence.reads import Reads


def on_equal_terms(model: EvidenceModel, reads: Reads) -> EvidenceModel:
    """Stretch what is said of films without labels.

    Parameters
    ----------
    model : EvidenceModel
    reads : Reads
        At least one film with labels; the others don't count.

    Returns
    -------
    EvidenceModel
        With other `unlabelled` weights; a finding of which pixels say nothing keeps its own.
    """
    seen = reads.take(reads.labelled)
    level = replace(model, unlabelled=_level(model, model.unlabelled, seen.without_history()))
    told = seen.take(seen.with_history)
    if model.heard is None or not len(told):
        return level
    heard = replace(model.heard, unlabelled=_level(model, model.heard.unlabelled, told))
    return replace(level, heard=heard)


def _level(model: EvidenceModel, old: Weighing, reads: Reads) -> Weighing:
    """Stretch the weights with which films would be weighed if they had no labels."""
    told = reads.histories
    seeing = model.weigh(reads.scores, reads.labels, None, told).log_odds.astype(np.float64)
    unseen = model.weigh(reads.scores, reads.unlabelled().labels, None, told)
    blind = unseen.log_odds.astype(np.float64)
    spread = blind.std(axis=0)
    varies = spread > 0
    stretch = np.where(varies, seeing.std(axis=0) / np.where(varies, spread, 1.0), 1.0)
    lift = np.where(varies, seeing.mean(axis=0) - stretch * blind.mean(axis=0), 0.0)
    return replace(
        old,
        prior=stretch * old.prior + lift,
        pixels=old.pixels * stretch,
        history=None if old.history is None else old.history * stretch,
    )
