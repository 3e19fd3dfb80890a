"""Names of one brief for patients, films, panels and days, so that none leaves the process."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mmrag.brief.model import FILM, LAB, PATIENT, Brief

_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?)?")
_SHORTEST_BARE = 5  # a shorter identifier could be any number


class Pseudonyms:
    """Replaces identifiers by names that mean something in one brief alone.

    Patients become ``P1``, films ``F1``, panels ``L1`` and days ``D1``, days in the order of
    time. Names that a text of the brief already holds are passed over.

    Parameters
    ----------
    brief : Brief
    """

    def __init__(self, brief: Brief) -> None:
        texts = " ".join(claim.text for claim in brief.claims)
        self._name_of: dict[str, str] = {}
        self._written: dict[str, str] = {}
        for letter, identifiers in (
            ("P", _patients(brief)),
            ("F", _films(brief)),
            ("L", _panels(brief)),
            ("D", sorted(set(_DAY.findall(texts)))),
        ):
            free = _free_names(letter, texts)
            for identifier in dict.fromkeys(identifiers):
                self._name_of.setdefault(identifier, next(free))
        for identifier, name in self._name_of.items():
            self._written.setdefault(name, identifier)
        for identifier in list(self._name_of):
            for part in _parts(identifier):
                self._name_of.setdefault(part, self._name_of[identifier])
        self._identifiers = _any_of(self._name_of)
        self._names = _any_of(self._written)

    def hide(self, text: str) -> str:
        """Replace every identifier and day of a text."""
        if self._identifiers is None:
            return text
        return self._identifiers.sub(lambda found: self._name_of[found.group()], text)

    def show(self, text: str) -> str:
        """Put the identifiers and days back."""
        if self._names is None:
            return text
        return self._names.sub(lambda found: self._written[found.group()], text)


def _patients(brief: Brief) -> Iterator[str]:
    yield from (hit.patient for hit in brief.films if hit.patient)
    yield from (hit.patient for hit in brief.labs)
    yield from _cited(brief, PATIENT)
    for link in brief.links:
        yield from (link.film_patient, link.lab_patient)
    for state in brief.coverage.labs.states:
        if state.outermost is not None:
            yield state.outermost.patient


def _films(brief: Brief) -> Iterator[str]:
    yield from (hit.id for hit in brief.films)
    yield from _cited(brief, FILM)


def _panels(brief: Brief) -> Iterator[str]:
    yield from (hit.report for hit in brief.labs)
    yield from _cited(brief, LAB)
    for state in brief.coverage.labs.states:
        if state.outermost is not None:
            yield state.outermost.report


def _cited(brief: Brief, kind: str) -> Iterator[str]:
    for claim in brief.claims:
        for record in claim.records:
            if record.startswith(kind):
                yield record.removeprefix(kind)


def _parts(identifier: str) -> Iterator[str]:
    """Give what an identifier may be written as besides: without source, without file ending."""
    bare = identifier.partition(":")[2]
    stem = identifier.rpartition(".")[0]
    yield from (part for part in (bare, stem) if len(part) >= _SHORTEST_BARE)


def _free_names(letter: str, texts: str) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        if not re.search(rf"\b{letter}{number}\b", texts):
            yield f"{letter}{number}"


def _any_of(words: Iterable[str]) -> re.Pattern[str] | None:
    longest_first = sorted(words, key=len, reverse=True)
    if not longest_first:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
