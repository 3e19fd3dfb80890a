"""Side and size said of a finding: "large left effusion", "pneumothorax on the right".

They are preferences. The labels of the films hold neither, so nothing can be held against
them; the words are kept with the finding and shown.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from mmrag.clinical.lexicon import Mention
from mmrag.clinical.phrases import Phrases
from mmrag.clinical.question import Severity, Side
from mmrag.clinical.words import Region, Word, fold

_SENTENCE_ENDS = frozenset(".;!?\n\r")
_PREPOSITIONS = frozenset({"on", "in", "at", "of", "to"})
_GOES_ON = frozenset({"and", "or", "with", "without", "but", "in", "on", "at", "of"})


@dataclass(frozen=True, slots=True)
class Preference:
    """Side and size of one mention; None where nothing is said."""

    side: Side | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class PreferenceReading:
    """What was found, one for each mention, and the stretches of the text that said it."""

    preferences: tuple[Preference, ...]
    regions: tuple[Region, ...]


def read_preferences(
    words: Sequence[Word], mentions: Sequence[Mention], taken: Sequence[Region]
) -> PreferenceReading:
    """Read side and size from the words around and inside each mention.

    Parameters
    ----------
    words : sequence of Word
        The text parted into words.
    mentions : sequence of Mention
        In the order of the text; those of one place share what is said there.
    taken : sequence of Region
        Stretches that something else reads: "mild fever" says nothing of an effusion.

    Returns
    -------
    PreferenceReading
        Of two sizes or sides said of one finding the nearer counts.
    """
    places = list(dict.fromkeys((m.start, m.end) for m in mentions))
    beside = _Beside(words, [*(Region(*place) for place in places), *taken])
    inside = {(m.start, m.end): _adjectives_of(m.inside) for m in mentions}
    # what stands before a finding is its own; only what is left may belong to the one before
    before = {place: beside.before(place[0]) for place in places}
    after = {place: beside.after(place[1]) for place in places}
    said = {place: _nearest([*inside[place], *before[place], *after[place]]) for place in places}
    return PreferenceReading(
        tuple(said[mention.start, mention.end] for mention in mentions), tuple(beside.read)
    )


@dataclass(frozen=True, slots=True)
class _Adjective:
    """One word or phrase that says a side or a size; neither where it only looks so."""

    side: Side | None = None
    severity: Severity | None = None
    stays: bool = False
    """Its words say more than the side ("RLL") and stay for whoever reads the rest."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """An adjective at words ``first`` to ``last``, included."""

    adjective: _Adjective
    first: int
    last: int


class _Beside:
    """The words around the findings of one text; `read` grows with what is taken from them."""

    def __init__(self, words: Sequence[Word], taken: Sequence[Region]) -> None:
        self._words = words
        self._taken = {
            i
            for i, word in enumerate(words)
            if any(word.start < region.end and word.end > region.start for region in taken)
        }
        # of "right lung mass" the "right" is left, though "right lung" is a side as well
        free = [replace(w, folded="") if i in self._taken else w for i, w in enumerate(words)]
        found = [
            _Placed(match.meaning, match.first, match.last) for match in _lists().phrases.find(free)
        ]
        self._starting = {placed.first: placed for placed in found}
        self._ending = {placed.last: placed for placed in found}
        self.read: list[Region] = []

    def before(self, start: int) -> list[_Adjective]:
        """Take the adjectives that lead up to the finding that starts here, nearest first."""
        said: list[_Adjective] = []
        here = next(i for i, word in enumerate(self._words) if word.end > start) - 1
        while here >= 0 and here not in self._taken and self._adjoins(here + 1, comma=bool(said)):
            placed = self._ending.get(here)
            if placed is not None and placed.adjective != _Adjective():
                said.append(self._take(placed))
                here = placed.first - 1
            elif placed is None and self._words[here].folded in _lists().between:
                here -= 1
            else:
                break
        return said

    def after(self, end: int) -> list[_Adjective]:
        """Take those that follow the finding that ends here: "is small", "on the right"."""
        said: list[_Adjective] = []
        here = next((i for i, w in enumerate(self._words) if w.start >= end), len(self._words))
        linked = False
        while here < len(self._words) and here not in self._taken:
            placed = self._starting.get(here)
            if not self._adjoins(here, comma=placed is not None):
                break
            folded = self._words[here].folded
            if placed is not None:
                # "in small children", "in severe sepsis": the size is somebody else's
                of_another = linked and placed.adjective.severity is not None
                if of_another or not (linked or self._closes(placed.last + 1)):
                    break
                said.append(self._take(placed))
                here = placed.last + 1
            elif folded in _lists().after or (said and folded in _lists().between):
                linked = linked or folded in _PREPOSITIONS
                here += 1
            else:
                break
        return said

    def _take(self, placed: _Placed) -> _Adjective:
        del self._starting[placed.first]
        if not placed.adjective.stays:
            self.read.append(Region(self._words[placed.first].start, self._words[placed.last].end))
        return placed.adjective

    def _adjoins(self, index: int, *, comma: bool) -> bool:
        gap = self._words[index].gap if index < len(self._words) else ""
        return _SENTENCE_ENDS.isdisjoint(gap) and (comma or "," not in gap)

    def _closes(self, index: int) -> bool:
        """Tell "effusion, left" from "effusion, left hip pain"."""
        if index >= len(self._words) or index in self._starting:
            return True
        word = self._words[index]
        return not self._adjoins(index, comma=False) or word.folded in _GOES_ON


def _nearest(said: Sequence[_Adjective]) -> Preference:
    sides = [adjective.side for adjective in said if adjective.side]
    sizes = [adjective.severity for adjective in said if adjective.severity]
    return Preference(sides[0] if sides else None, sizes[0] if sizes else None)


def _adjectives_of(folded: Sequence[str]) -> list[_Adjective]:
    return [_lists().single[word] for word in folded if word in _lists().single]


@dataclass(frozen=True, slots=True)
class _Lists:
    phrases: Phrases[_Adjective]
    single: dict[str, _Adjective]
    between: frozenset[str]
    after: frozenset[str]


@cache
def _lists() -> _Lists:
    file = resources.files("mmrag.clinical") / "question.toml"
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    side, severity, adjective = content["side"], content["severity"], content["adjective"]
    sides: tuple[Side, ...] = ("left", "right", "bilateral")
    sizes: tuple[Severity, ...] = ("small", "moderate", "large")
    pairs = [(phrase, _Adjective()) for phrase in side["no_side"]]
    for name in sides:
        pairs += [(phrase, _Adjective(side=name)) for phrase in side[name]]
        pairs += [(phrase, _Adjective(side=name, stays=True)) for phrase in side[f"{name}_place"]]
    for size in sizes:
        pairs += [(phrase, _Adjective(severity=size)) for phrase in severity[size]]
    return _Lists(
        phrases=Phrases(pairs),
        single={fold(phrase): meaning for phrase, meaning in pairs if " " not in phrase},
        between=frozenset(map(fold, adjective["between"])),
        after=frozenset(map(fold, adjective["after"])),
    )
