"""Whether a laboratory result may be called abnormal or normal at all."""

from __future__ import annotations

import math
from typing import Literal

from mmrag.records import Flag, Observation
from mmrag.retrieval.results import ObservationHit

Verdict = Literal["low", "high", "normal", "undecided"]


def judge(value: float | None, low: float | None, high: float | None, flag: Flag | None) -> Verdict:
    """Call a result by its flag, and only where its reference range does not object.

    Parameters
    ----------
    value : float or None
        In the unit of the bounds; None when the result is not a number.
    low, high : float or None
        Inclusive bounds; None where that side is open or unknown.
    flag : {"LL", "L", "N", "H", "HH"} or None

    Returns
    -------
    {"low", "high", "normal", "undecided"}
        ``undecided`` without a flag, for a value or bound that is no number, and where flag
        and range contradict each other: such a result is neither abnormal nor normal here.
    """
    if flag is None:
        return "undecided"
    called: Verdict = "normal" if flag == "N" else "low" if flag in ("L", "LL") else "high"
    if value is None or (low is None and high is None):
        return called
    if not math.isfinite(value) or any(b is not None and math.isnan(b) for b in (low, high)):
        return "undecided"
    if low is not None and value < low:
        measured: Verdict = "low"
    elif high is not None and value > high:
        measured = "high"
    else:
        measured = "normal"
    return called if called == measured else "undecided"


def judge_hit(observation: ObservationHit) -> Verdict:
    """Judge a result as the search returned it."""
    return judge(observation.value, observation.low, observation.high, observation.flag)


def judge_stored(observation: Observation) -> Verdict:
    """Judge a result as the store holds it."""
    reference = observation.reference
    low, high = (None, None) if reference is None else (reference.low, reference.high)
    return judge(observation.value, low, high, observation.flag)
