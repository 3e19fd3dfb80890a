"""A patient's own values over time as a small line, with the reference band behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT = 132.0, 34.0
"""Size of the drawing, in its own units."""

_EDGE = 4.0  # room that keeps a marker at the edge whole
_FEWEST = 3  # values that make a course


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A drawing of one patient's values of one test.

    Attributes
    ----------
    points : tuple of (float, float)
        By time, x from 0 to `WIDTH` and y from 0 (top) to `HEIGHT`.
    here : tuple of float
        The point that the row beside it is about.
    band : tuple of float or None
        Top and bottom of the reference range; None without one.
    first, last : datetime.datetime
        Times of the outermost points.
    """

    points: tuple[tuple[float, float], ...]
    here: tuple[float, float]
    band: tuple[float, float] | None
    first: datetime
    last: datetime

    @property
    def path(self) -> str:
        """The points as an SVG polyline takes them."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)


def sparkline(
    course: Sequence[tuple[datetime, float]],
    here: int,
    low: float | None,
    high: float | None,
) -> Sparkline | None:
    """Lay a patient's values out over time.

    Parameters
    ----------
    course : sequence of (datetime, float)
        By time; finite values.
    here : int
        The one to mark.
    low, high : float or None
        Reference range, in the unit of the values.

    Returns
    -------
    Sparkline or None
        None where there are fewer than three values, or all of one moment.
    """
    first, last = course[0][0], course[-1][0]
    if len(course) < _FEWEST or first == last:
        return None
    scale = [number for _, number in course]
    scale += [bound for bound in (low, high) if bound is not None]
    bottom, top = min(scale), max(scale)

    def place(when: datetime, number: float) -> tuple[float, float]:
        share = (when - first) / (last - first)
        height = (number - bottom) / (top - bottom) if top > bottom else 0.5
        return (
            _EDGE + share * (WIDTH - 2 * _EDGE),
            HEIGHT - _EDGE - height * (HEIGHT - 2 * _EDGE),
        )

    band = None
    if low is not None or high is not None:
        band = (
            0.0 if high is None else place(first, high)[1],
            HEIGHT if low is None else place(first, low)[1],
        )
    return Sparkline(
        points=tuple(place(when, number) for when, number in course),
        here=place(*course[here]),
        band=band,
        first=first,
        last=last,
    )
