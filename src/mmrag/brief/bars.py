"""Where a value lies against its reference range, as numbers for a small drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass

WIDTH = 120.0
"""Width of the drawing, in its own units."""

_EDGE = 4.0  # room that keeps a marker at the edge whole


@dataclass(frozen=True, slots=True)
class Bar:
    """A drawing of one value.

    Attributes
    ----------
    band_from, band_to : float
        The reference range, from 0 to `WIDTH`.
    at : float
        The value, from 0 to `WIDTH`.
    beyond : bool
        True when the value lies off the scale and its marker stands at the edge.
    """

    band_from: float
    band_to: float
    at: float
    beyond: bool


def bar(value: float | None, low: float | None, high: float | None) -> Bar | None:
    """Lay a value out on a scale that shows the range and one width of it on either side.

    Parameters
    ----------
    value, low, high : float or None
        In one unit.

    Returns
    -------
    Bar or None
        None where there is nothing to draw: no number, or no usable range.
    """
    if value is None or not math.isfinite(value):
        return None
    scale = _scale(low, high)
    if scale is None:
        return None
    start, end = scale
    return Bar(
        band_from=0.0 if low is None else _place(low, start, end),
        band_to=WIDTH if high is None else _place(high, start, end),
        at=_place(value, start, end),
        beyond=not start <= value <= end,
    )


def _scale(low: float | None, high: float | None) -> tuple[float, float] | None:
    if low is not None and high is not None:
        span = high - low
        scale = (low - span, high + span)
    elif high is not None:
        scale = (0.0, 2 * high)
    elif low is not None:
        scale = (0.0, 2 * low)
    else:
        return None
    start, end = scale
    return scale if math.isfinite(start) and math.isfinite(end) and start < end else None


def _place(number: float, start: float, end: float) -> float:
    share = (number - start) / (end - start)
    return _EDGE + min(max(share, 0.0), 1.0) * (WIDTH - 2 * _EDGE)
