"""Decide for each term of a text whether it is asserted, denied or left open.

Cues come from ``assertion.toml``. A cue governs a stretch of its sentence, forward or backward;
a stretch ends at the sentence's end, at words such as "but" or "with", and where a comma or an
"and" starts a new assertion, as "and haemoglobin below 12" does.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, Protocol

from mmrag.clinical.phrases import PhraseMatch, Phrases
from mmrag.clinical.question import Assertion
from mmrag.clinical.words import Region, Word, fold, words_of

Kind = Literal[
    "absent_before",
    "absent_after",
    "absent_either",
    "uncertain_before",
    "uncertain_after",
    "uncertain_either",
    "uncertain_both",
    "pseudo",
    "affirm",
    "stop",
    "except",
    "shown_after",
]

_SENTENCE_ENDS = frozenset(".;!\n\r")
_PREPOSITIONS = frozenset({"in", "the", "for", "of", "from", "any"})
_PLACES = frozenset({"in", "among"})
_LIST_WORDS = frozenset({"and", "or", "nor"})


class Span(Protocol):
    """A stretch of the text as written, end excluded."""

    @property
    def start(self) -> int:
        """First character."""
        ...

    @property
    def end(self) -> int:
        """Character after the last."""
        ...


def assess(text: str, spans: Sequence[Span]) -> list[Assertion]:
    """Decide for each span whether the text asserts it.

    Parameters
    ----------
    text : str
    spans : sequence of Span
        Terms found in `text`; cue words inside a term belong to the term and are not read as
        cues, but a "not" between its words denies it.

    Returns
    -------
    list of {"present", "absent", "uncertain"}
        One for each span, in the same order.
    """
    return Reading(words_of(text), spans).assertions(spans)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Words ``first`` to ``last`` (included) that a cue governs."""

    assertion: Assertion
    first: int
    last: int
    forward: bool


@dataclass(frozen=True, slots=True)
class _Cues:
    phrases: Phrases[Kind]
    reopening: frozenset[str]
    copulas: frozenset[str]


@cache
def _cues() -> _Cues:
    file = resources.files("mmrag.clinical") / "assertion.toml"
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    pairs: list[tuple[str, Kind]] = [
        (phrase, kind) for kind, phrases in content["cues"].items() for phrase in phrases
    ]
    reading = content["reading"]
    return _Cues(
        Phrases(pairs),
        frozenset(fold(word) for word in reading["reopening"]),
        frozenset(fold(word) for word in reading["copulas"]),
    )


class Reading:
    """One text read for its cues.

    Parameters
    ----------
    words : sequence of Word
        The text parted into words.
    terms : sequence of Span
        Terms whose words are not cues.
    openings : sequence of Span
        Terms that are assertions of their own: what denies the words before them ends there.
    """

    def __init__(
        self, words: Sequence[Word], terms: Sequence[Span], openings: Sequence[Span] = ()
    ) -> None:
        self._words = words
        self._openings = frozenset(self._place(term)[0] for term in openings)
        self._copulas = _cues().copulas
        self._reopening = _cues().reopening
        self._cue_list = [
            cue for cue in _cues().phrases.find(words) if not self._inside(cue, terms)
        ]
        self._starts = {cue.first: cue for cue in self._cue_list}
        self._ends = {cue.last: cue for cue in self._cue_list}
        self._anchors = [self._place(term) for term in terms]
        self._stretches = [s for cue in self._cue_list for s in self._governed(cue)]

    def assertions(self, spans: Sequence[Span]) -> list[Assertion]:
        """Decide for each span; see `assess`."""
        return [self._assertion(*self._place(span)) for span in spans]

    def spent_cues(self, spans: Sequence[Span]) -> list[Region]:
        """Give the places of cue words that have done their work on the spans.

        A denial that governs none of them is not among these: its words still mean something
        to whoever reads the rest.
        """
        places = [(first, last) for first, last in map(self._place, spans) if first <= last]
        return [
            Region(self._words[index].start, self._words[index].end)
            for cue in self._cue_list
            if cue.meaning in {"stop", "shown_after", "affirm"} or self._governs(cue, places)
            for index in cue.words
        ]

    def denies_at_once(self, span: Span) -> bool:
        """Tell whether a denial stands right before a span: "not in women", "non-elderly"."""
        before = self._place(span)[0] - 1
        while before >= 0 and self._words[before].folded in _PREPOSITIONS:
            before -= 1
        cue = self._ends.get(before)
        return cue is not None and cue.meaning in {"absent_before", "except"}

    def _governs(self, cue: PhraseMatch[Kind], places: Sequence[tuple[int, int]]) -> bool:
        return any(
            stretch.first <= first and last <= stretch.last
            for stretch in self._governed(cue)
            for first, last in places
        )

    def _place(self, span: Span) -> tuple[int, int]:
        """Give the indices of the first and last word of a span; (0, -1) where it has none."""
        inside = [i for i, w in enumerate(self._words) if w.start < span.end and w.end > span.start]
        return (inside[0], inside[-1]) if inside else (0, -1)

    def _inside(self, cue: PhraseMatch[Kind], terms: Iterable[Span]) -> bool:
        start, end = self._words[cue.first].start, self._words[cue.last].end
        return any(term.start <= start and end <= term.end for term in terms)

    def _assertion(self, first: int, last: int) -> Assertion:
        if last < first:
            return "present"
        if any(self._words[i].folded == "not" for i in range(first + 1, last)):
            return "absent"
        governing = {
            s.assertion
            for s in self._stretches
            if s.first <= first and last <= s.last and not self._escapes(s, first, last)
        }
        if "absent" in governing:
            return "absent"
        return "uncertain" if "uncertain" in governing else "present"

    def _escapes(self, stretch: _Stretch, first: int, last: int) -> bool:
        """Tell whether a term behind a comma or an "and" makes a statement of its own."""
        if not stretch.forward or not self._opens_anew(stretch.first, first):
            return False
        if any(self._words[i].folded in self._copulas for i in range(first, last + 1)):
            return True
        following = self._starts.get(last + 1)
        return following is not None and following.meaning == "shown_after"

    def _opens_anew(self, start: int, term: int) -> bool:
        for i in range(term, start, -1):
            if self._words[i - 1].folded in {"or", "nor"}:
                return False
            if "," in self._words[i].gap or self._words[i - 1].folded == "and":
                return True
        return False

    def _governed(self, cue: PhraseMatch[Kind]) -> list[_Stretch]:
        kind = cue.meaning
        if self._words[cue.first].folded == "?" and not self._touches_next(cue.last):
            return []
        if kind == "except":
            denied = self._denied_at(cue.first)
            return [] if denied else self._forward(cue, "absent")
        assertion: Assertion = "absent" if kind.startswith("absent") else "uncertain"
        if kind.endswith("_before"):
            return self._forward(cue, assertion)
        if kind.endswith("_both"):
            return self._forward(cue, assertion) + self._backward(cue, assertion)
        if kind == "absent_after" or kind == "uncertain_after":
            return self._backward(cue, assertion)
        if kind.endswith("_either"):
            behind = self._backward(cue, assertion)
            reaches = any(
                s.first <= first and last <= s.last for s in behind for first, last in self._anchors
            )
            return behind if reaches else self._forward(cue, assertion)
        return []

    def _touches_next(self, index: int) -> bool:
        """Tell "?pneumonia", which leaves open, from a question's own mark."""
        return index + 1 < len(self._words) and not self._words[index + 1].gap

    def _denied_at(self, index: int) -> bool:
        return any(
            cue.meaning == "absent_before"
            and any(s.last >= index - 1 for s in self._forward(cue, "absent"))
            for cue in self._cue_list
            if cue.first < index
        )

    def _forward(self, cue: PhraseMatch[Kind], assertion: Assertion) -> list[_Stretch]:
        start = here = cue.last + 1
        while here < len(self._words) and not self._ends_before(here, start, assertion):
            here += 1
        return [_Stretch(assertion, start, here - 1, forward=True)] if here > start else []

    def _ends_before(self, here: int, start: int, assertion: Assertion) -> bool:
        if self._breaks_before(here) or (here > start and here in self._openings):
            return True
        starting = self._starts.get(here)
        if starting is not None and starting.meaning in {"stop", "except"} and here > start:
            return True
        comma = "," in self._words[here].gap
        if assertion == "uncertain":
            return comma and here > start and not self._list_goes_on(here)
        if comma and self._leaves_list(start, here) and not self._list_goes_on(here):
            return True
        anew = here > start and (comma or self._words[here - 1].folded == "and")
        if not anew:
            return False
        opens = starting is not None and starting.meaning.startswith("uncertain")
        return opens or self._words[here].folded in self._reopening

    def _leaves_list(self, start: int, here: int) -> bool:
        """Tell "no A in women, B" from "no A, B"."""
        return any(self._words[i].folded in _PLACES for i in range(start + 1, here))

    def _list_goes_on(self, here: int) -> bool:
        """Tell "may be A, B or C", one list, from "may be A, B is seen"."""
        for index in range(here, len(self._words)):
            if index > here and self._breaks_before(index):
                return False
            if self._words[index].folded == "or":
                return True
            if index in self._starts:
                return False
        return False

    def _backward(self, cue: PhraseMatch[Kind], assertion: Assertion) -> list[_Stretch]:
        here = end = cue.first - 1
        if here < 0 or self._words[here].folded in _LIST_WORDS or "," in self._words[cue.first].gap:
            return []
        listed = False
        following = cue.first
        while here >= 0 and not self._breaks_before(following):
            ending = self._ends.get(here)
            if ending is not None and ending.meaning in {"stop", "except", "shown_after"}:
                break
            if "," in self._words[following].gap and not listed:
                break
            listed = listed or self._words[here].folded in _LIST_WORDS
            following, here = here, here - 1
        return [_Stretch(assertion, here + 1, end, forward=False)] if here < end else []

    def _breaks_before(self, index: int) -> bool:
        word = self._words[index]
        return word.folded == "?" or not _SENTENCE_ENDS.isdisjoint(word.gap)
