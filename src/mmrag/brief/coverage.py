"""Legs that were left out of the search, came back empty, or read words in a way of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from mmrag.brief import checks
from mmrag.brief.claims import Draft, cite_coverage
from mmrag.brief.model import Section
from mmrag.brief.plain import plain
from mmrag.brief.whose import sentence
from mmrag.brief.wording import counted
from mmrag.retrieval.results import SearchResult

_NOUN = {"films": "film", "labs": "panel"}
_SECTION: dict[str, Section] = {"films": "imaging", "labs": "laboratory"}


def coverage_claims(result: SearchResult, leg: Literal["films", "labs"]) -> Iterator[Draft]:
    """Say whether a leg was left out, how far it looked in vain, or how it read the words."""
    figures = getattr(result.coverage, leg)
    noun = _NOUN[leg]
    if figures.requested == 0:
        yield Draft(
            kind="limit",
            section=_SECTION[leg],
            text=f"No {noun} was asked for; this leg was left out.",
            citations=cite_coverage(result.coverage, leg, "requested"),
            check=checks.LegLooked(leg),
        )
    elif figures.note:
        said = plain(figures.note, 300)
        yield Draft(
            kind="limit",
            section=_SECTION[leg],
            text=f"{sentence(said)}." if figures.returned else f"No {noun} is shown: {said}.",
            citations=cite_coverage(result.coverage, leg, "returned", "note"),
            check=checks.LegLooked(leg),
        )
    elif figures.returned == 0:
        looked = (
            f"{counted(figures.searched, noun)} searched, none qualifies"
            if figures.searched
            else f"the store holds no {noun} to search"
        )
        told_by_state = bool(figures.states)  # each of them says what came nearest to it
        nearest = "" if told_by_state else figures.nearest or ""
        yield Draft(
            kind="nothing-found",
            section=_SECTION[leg],
            text=f"No {noun} found: {looked}.{_nearest(nearest)}",
            citations=cite_coverage(
                result.coverage, leg, "returned", "searched", "qualifying", "nearest"
            ),
            check=checks.LegLooked(leg),
        )


def _nearest(words: str) -> str:
    return f" Nearest: {plain(words, 300)}." if words else ""
