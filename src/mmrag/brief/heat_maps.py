"""Which heat maps a brief shows: of the first films, for the finding that was asked for."""

from __future__ import annotations

from collections.abc import Callable

from mmrag.brief.model import Brief
from mmrag.clinical.prompts import NORMAL
from mmrag.retrieval.results import FilmHit

HeatMap = Callable[[FilmHit, str], bytes | None]
"""Gives the PNG or JPEG bytes of a film's heat map for a finding; None where there is none."""

SHOWN = 4
"""Films with a heat map, the first in rank: each takes a run of the encoder and some kilobytes."""


def heat_maps(brief: Brief, heat: HeatMap) -> dict[int, tuple[str, bytes]]:
    """Draw the heat maps of the first films.

    Parameters
    ----------
    brief : Brief
    heat : callable

    Returns
    -------
    dict
        By rank of the film: the finding, and the picture.
    """
    drawn: dict[int, tuple[str, bytes]] = {}
    for hit in brief.films[:SHOWN]:
        finding = _sought_on(hit)
        picture = None if finding is None else heat(hit, finding)
        if finding is not None and picture is not None:
            drawn[hit.rank] = finding, picture
    return drawn


def _sought_on(hit: FilmHit) -> str | None:
    """Choose of what is asked for, or seen on the film that the question shows, the likeliest.

    A finding that is ruled out has no place to be shown, nor has a film without findings.
    """
    sought = [e for e in hit.why.evidence if e.wanted != "absent" and e.finding != NORMAL]
    named = [e for e in sought if e.wanted == "present"] or sought
    return max(named, key=lambda e: e.pixels_only).finding if named else None
