"""How common findings are among films that no expert read.

Films are often chosen to be read because something is on them, so what was learnt from them
overstates in a hospital's whole archive. Label tables are there for whole archives: how often
experts see a finding for each time that a label names it, times how often labels name it, is
how common it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mmrag.evidence.model import NAMES, EvidenceModel, Heard, Weighing, indicators
from mmrag.evidence.reads import Reads

Floats = NDArray[np.float64]

_SMOOTHING = 5.0
"""Labels by which a finding's own ratio is drawn to that of all findings together."""

_MOST = 0.95


def expected_rates(reads: Reads, frequencies: Mapping[str, float]) -> Floats:
    """Estimate how common each of `NAMES` is where labels are this frequent.

    The ratio of seen to labelled is a label's predictive value over its sensitivity.

    Parameters
    ----------
    reads : Reads
        Its labelled films count.
    frequencies : mapping of str to float
        Share of the archive's films whose labels name each of `NAMES`, 0 to 1.

    Returns
    -------
    ndarray
        Shape (n,), between 0 and 1.
    """
    labelled = reads.take(reads.labelled)
    told = indicators([names for names in labelled.labels if names is not None]).sum(axis=0)
    seen = labelled.shown.sum(axis=0)
    together = seen[:-1].sum() / max(told[:-1].sum(), 1.0)
    ratio = (seen + _SMOOTHING * together) / (told + _SMOOTHING)
    named = np.array([frequencies.get(name, 0.0) for name in NAMES])
    least = 0.5 / (len(labelled) + 1)
    return np.asarray(np.clip(named * ratio, least, _MOST))


def at_rates(
    model: EvidenceModel, rates: Floats, frequencies: Mapping[str, float]
) -> EvidenceModel:
    """Let a model speak of films among which findings and labels are this common.

    Odds change as the odds of the base rates do; weights stay, and with them every order of
    films without history by one finding. What is usual of other films is what labels name, so
    a long history is worth the same odds as before.

    Parameters
    ----------
    model : EvidenceModel
    rates : ndarray
        Shape (n,), between 0 and 1.
    frequencies : mapping of str to float
        Share of the films whose labels name each of `NAMES`, above 0.

    Returns
    -------
    EvidenceModel
    """
    shift = _log_odds(rates) - _log_odds(model.base_rate)

    def moved(weighing: Weighing) -> Weighing:
        return replace(weighing, prior=weighing.prior + shift)

    return replace(
        model,
        base_rate=np.asarray(rates, np.float64),
        history_rate=np.array([frequencies[name] for name in NAMES]),
        unlabelled=moved(model.unlabelled),
        labelled=moved(model.labelled),
        heard=None
        if model.heard is None
        else Heard(moved(model.heard.unlabelled), moved(model.heard.labelled)),
    )


def _log_odds(rates: Floats) -> Floats:
    return np.asarray(np.log(rates) - np.log1p(-rates))
