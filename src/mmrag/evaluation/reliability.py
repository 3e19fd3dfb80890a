"""Whether P(finding) can be believed: said by what other patients taught, held against the truth.

Nothing is fitted here. Each film's probability comes from parameters that learnt nothing of its
patient, with the level and slope that they have: no other use is made of the truth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmrag.evaluation.bench import Bench, lot
from mmrag.evaluation.conditions import covered
from mmrag.evaluation.estimate import LEVEL, Interval
from mmrag.evaluation.measures import Weights
from mmrag.evaluation.methods import Evidence
from mmrag.evaluation.questions import counted_findings
from mmrag.evaluation.results import Reliability, Tenth
from mmrag.evaluation.tables import coverage_name
from mmrag.evidence import NAMES

Probabilities = NDArray[np.float64]

_TENTHS = 10


def reliability_of(bench: Bench) -> tuple[Reliability, ...]:
    """Try the evidence without labels and with all of them.

    Parameters
    ----------
    bench : Bench

    Returns
    -------
    tuple of Reliability
        Empty where no finding has films enough.
    """
    counted = counted_findings(bench.judge)
    if not counted:
        return ()
    return tuple(
        _tried(
            bench,
            counted,
            coverage_name(share),
            bench.evidence(covered(bench.collection.told, share, lot("reliability"))),
        )
        for share in (0.0, 1.0)
    )


def _tried(bench: Bench, counted: Sequence[str], condition: str, evidence: Evidence) -> Reliability:
    weigher = bench.learnt.full
    every = weigher.probabilities(
        evidence.patients, evidence.scores, evidence.labels, evidence.histories
    )
    said = np.stack([every[:, NAMES.index(name)] for name in counted])
    shown = np.stack([bench.judge.has(name) for name in counted]).astype(np.float64)
    base = shown.mean(axis=1, keepdims=True)
    tenths = _tenths(said.ravel(), shown.ravel(), np.tile(bench.weights, (len(counted), 1)))
    return Reliability(
        condition=condition,
        tenths=tenths,
        error=float(np.mean([abs(each.predicted - each.seen.value) for each in tenths])),
        brier=float(np.mean((said - shown) ** 2)),
        brier_of_base_rate=float(np.mean((base - shown) ** 2)),
    )


def _tenths(said: Probabilities, shown: Probabilities, weights: Weights) -> tuple[Tenth, ...]:
    parts = np.array_split(np.argsort(said, kind="stable"), _TENTHS)
    return tuple(
        Tenth(predicted=float(said[part].mean()), seen=_share(shown[part], weights[part]))
        for part in parts
    )


def _share(shown: Probabilities, weights: Weights) -> Interval:
    with np.errstate(invalid="ignore"):
        shares = shown @ weights / weights.sum(axis=0)
    low, high = np.nanpercentile(shares[1:], LEVEL)
    return Interval(value=float(shares[0]), low=float(low), high=float(high))
