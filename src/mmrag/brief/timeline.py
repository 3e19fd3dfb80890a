"""When one patient's films and panels were made, and which came first.

There are two clocks: calendar days, and days as a source counts them for each patient, which
say nothing of another patient's days, declared to be the same person or not. What has no clock
in common is not put in an order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from mmrag.brief.rows import Rows
from mmrag.brief.wording import counted, counted_day
from mmrag.records import Film, LabReport
from mmrag.retrieval.results import FilmHit, LabHit
from mmrag.store.terms import RecordKey

Clock = Literal["date", "day"]
"""Calendar days, or days as the source counts them."""

CLOCKS: tuple[Clock, ...] = ("date", "day")
"""In the order in which they are preferred; the first is everybody's."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A film or panel in its patient's time.

    Attributes
    ----------
    words : str
        How a sentence names it, e.g. ``film #1``.
    key : RecordKey
    is_film : bool
    at : float
        In days: of the proleptic calendar, or from the source's day zero.
    shown : str
        The day in words.
    """

    words: str
    key: RecordKey
    is_film: bool
    at: float
    shown: str


def on_clock(record: FilmHit | LabHit | Film | LabReport, clock: Clock) -> float | None:
    """Read a clock, in days; None where the record lacks it."""
    if clock == "day":
        return record.day
    if isinstance(record, FilmHit | Film):
        return None if record.taken_on is None else record.taken_on.toordinal()
    at = record.effective_at if isinstance(record, LabHit) else record.sampled_at
    return None if at is None else at.date().toordinal()


def common_clock(films: Sequence[FilmHit], labs: Sequence[LabHit]) -> Clock | None:
    """Choose the clock that most films share with a panel; None where there is none."""
    patients = {film.patient for film in films} | {lab.patient for lab in labs}
    readable = {
        clock: sum(on_clock(film, clock) is not None for film in films)
        for clock in (CLOCKS if len(patients) == 1 else CLOCKS[:1])
        if any(on_clock(lab, clock) is not None for lab in labs)
    }
    best = max(readable, key=lambda clock: readable[clock], default=None)
    return best if best is not None and readable[best] else None


def in_order(films: Sequence[FilmHit], labs: Sequence[LabHit], clock: Clock) -> tuple[Placed, ...]:
    """Put what has the clock in the order of time, films of a day before its panels."""
    placed = [
        Placed(f"film #{f.rank}", RecordKey(f.source, f.id), True, at, _shown(f, at, clock))
        for f in films
        if (at := on_clock(f, clock)) is not None
    ] + [
        Placed(f"panel #{h.rank}", RecordKey(h.source, h.report), False, at, _shown(h, at, clock))
        for h in labs
        if (at := on_clock(h, clock)) is not None
    ]
    return tuple(sorted(placed, key=lambda each: each.at))


def order_words(placed: Sequence[Placed]) -> str:
    """Say what came when, each as so many days after the one before.

    Returns
    -------
    str
        E.g. ``film #1 (day 20), panel #1 on the same day, film #3 2 days later (day 22)``.
    """
    words = [f"{placed[0].words} ({placed[0].shown})"]
    for before, each in pairwise(placed):
        gap = each.at - before.at
        if gap == 0:
            words.append(f"{each.words} on the same day")
        else:
            words.append(f"{each.words} {day_words(gap)} later ({each.shown})")
    return ", ".join(words)


def gap_words(film: FilmHit, lab: LabHit) -> str:
    """Say how far apart a film and a panel of one patient are; empty where it is not known.

    Returns
    -------
    str
        E.g. ``, 2 days after the film``.
    """
    gap = days_between(film, lab)
    if gap is None:
        return ""
    if gap == 0:
        return ", of the day of the film"
    return f", {day_words(abs(gap))} {'after' if gap > 0 else 'before'} the film"


def days_between(film: FilmHit | Film, panel: LabHit | LabReport) -> float | None:
    """Count the days from a film to a panel; None where they have no clock in common."""
    for clock in CLOCKS if film.patient == panel.patient else CLOCKS[:1]:
        taken, sampled = on_clock(film, clock), on_clock(panel, clock)
        if taken is not None and sampled is not None:
            return sampled - taken
    return None


def day_words(gap: float) -> str:
    """Print a number of days."""
    return counted(int(gap), "day") if gap == int(gap) else f"{gap:g} days"


def _shown(hit: FilmHit | LabHit, at: float, clock: Clock) -> str:
    if clock == "day":
        return counted_day(at)
    if isinstance(hit, FilmHit):
        return "" if hit.taken_on is None else hit.taken_on.isoformat()
    return "" if hit.effective_at is None else hit.effective_at.date().isoformat()


@dataclass(frozen=True, slots=True)
class CameInOrder:
    """The films and panels were made in this order, so many days apart."""

    placed: tuple[Placed, ...]
    clock: Clock

    def holds(self, rows: Rows) -> bool:
        """Read every clock again in the stored rows."""
        for each in self.placed:
            row = rows.film(each.key) if each.is_film else rows.report(each.key)
            if row is None or on_clock(row, self.clock) != each.at:
                return False
        times = [each.at for each in self.placed]
        return times == sorted(times)
