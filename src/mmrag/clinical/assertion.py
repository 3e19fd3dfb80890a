"""Decide for each term of a text whether it is asserted, denied or left open.

Cues come from `mmrag.clinical.assertion_cues`. A cue governs a stretch of its sentence, forward
or backward; a stretch ends at the sentence's end, at words such as "but" or "with", and where a
comma or an "and" starts a new assertion, as "and haemoglobin below 12" does. What is denied
of the patient ends at the comma: "not anaemic, effusion" and "no children, pneumonia" deny no
finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mmrag.clinical.assertion_cues import Kind, load_cues
from mmrag.clinical.phrases import PhraseMatch
from mmrag.clinical.question import Assertion
from mmrag.clinical.words import Region, Word, words_of

_SENTENCE_ENDS = frozenset(".;!\n\r")
_PREPOSITIONS = frozenset({"in", "the", "for", "of", "from", "any", "a", "an"})
_PLACES = frozenset({"in", "among", "on", "at"})
_SEEN = frozenset({"seen", "noted", "identified", "visible", "found", "detected", "present"})
_ARTICLES = frozenset({"a", "an"})
_SHOWN = frozenset({"shown_after", "course_after"})
_LIST_WORDS = frozenset({"and", "or", "nor"})
_PREDICATES = frozenset({"not", "never", "non", "isnt", "arent", "wasnt", "werent"})
_OF_SYMPTOMS = frozenset({"denies", "denied", "deny", "denying", "ruled"})
_AUXILIARIES = frozenset({"do", "does", "did"})


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
    of_patient : sequence of Span
        Terms that say something of the patient, and not of the film. Results are among the
        terms as well.
    """

    def __init__(
        self,
        words: Sequence[Word],
        terms: Sequence[Span],
        openings: Sequence[Span] = (),
        of_patient: Sequence[Span] = (),
    ) -> None:
        self._words = words
        self._openings = frozenset(self._place(term)[0] for term in openings)
        self._lists = load_cues()
        self._cue_list = [
            cue
            for cue in self._lists.phrases.find(words)
            if not self._inside(cue, [*terms, *of_patient])
        ]
        self._starts = {cue.first: cue for cue in self._cue_list}
        self._ends = {cue.last: cue for cue in self._cue_list}
        self._depths = _depths(words)
        self._anchors = [self._place(term) for term in terms]
        self._of_patient = frozenset(self._place(term)[0] for term in of_patient)
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
        if any(self._words[i].folded in self._lists.copulas for i in range(first, last + 1)):
            return True
        following = self._starts.get(last + 1)
        return following is not None and following.meaning in _SHOWN

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
            answers = self._words[cue.last].folded == "no" and self._closes(cue.last)
            return self._backward(cue, assertion) if answers else self._forward(cue, assertion)
        if kind.endswith("_both"):
            return self._forward(cue, assertion) + self._backward(cue, assertion)
        if kind == "absent_after" or kind == "uncertain_after":
            return self._backward(cue, assertion)
        if kind.endswith("_either"):
            behind = self._backward(cue, assertion)
            reaches = any(
                s.first <= first and last <= s.last for s in behind for first, last in self._anchors
            )
            ahead = cue.last + 1
            if reaches or (ahead < len(self._words) and "," in self._words[ahead].gap):
                return behind  # "embolism ruled out, effusion" denies no effusion
            return self._forward(cue, assertion)
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
        predicate = self._is_predicate(cue)
        while here < len(self._words) and not self._ends_before(here, start, assertion, predicate):
            here += 1
        return [_Stretch(assertion, start, here - 1, forward=True)] if here > start else []

    def _is_predicate(self, cue: PhraseMatch[Kind]) -> bool:
        """Tell "not pregnant", which is over at the comma, from "does not show a fracture"."""
        first, last = self._words[cue.first].folded, self._words[cue.last].folded
        before = self._words[cue.first - 1].folded if cue.first else ""
        return first in _OF_SYMPTOMS or (last in _PREDICATES and before not in _AUXILIARIES)

    def _ends_before(self, here: int, start: int, assertion: Assertion, predicate: bool) -> bool:
        if self._breaks_before(here) or (here > start and here in self._openings):
            return True
        if self._depths[here] < self._depths[start - 1]:
            return True  # "effusion (no mass), nodule"
        starting = self._starts.get(here)
        if starting is not None and starting.meaning in {"stop", "except"} and here > start:
            return not self._names_records(start, here)
        comma = "," in self._words[here].gap
        if comma and starting is not None and starting.meaning in _SHOWN:
            return True  # "(-) effusion, (+) mass"
        goes_on = comma and self._list_goes_on(here)
        if assertion == "uncertain":
            return comma and here > start and not goes_on
        if comma and here > start and self._said_of_patient(start, here, predicate):
            return True
        if comma and self._leaves_list(start, here) and not goes_on:
            return True
        anew = comma or self._words[here - 1].folded == "and"
        if not (anew and self._terms_within(start, here)):
            return False
        if starting is not None and starting.meaning.startswith("uncertain"):
            return True
        parallel = self._words[start].folded in _ARTICLES  # "without a mass and a nodule"
        reopens = self._words[here].folded in self._lists.reopening | (
            frozenset() if parallel else _ARTICLES
        )
        return reopens and not goes_on

    def _terms_within(self, start: int, end: int) -> list[int]:
        """Give where the terms of a stretch begin; its end is not part of it."""
        return [first for first, last in self._anchors if start <= first and last < end]

    def _names_records(self, start: int, here: int) -> bool:
        """Tell "excluding films with effusion" from "no effusion, with atelectasis"."""
        return all(self._words[i].folded in self._lists.records for i in range(start, here))

    def _said_of_patient(self, start: int, here: int, predicate: bool) -> bool:
        """Tell "not anaemic, A", "no children, A" and "no prior surgery, A" from "no A, B"."""
        if any(first not in self._of_patient for first in self._terms_within(start, here)):
            return False
        return (
            predicate
            or any(start <= first < here for first in self._of_patient)
            or any(self._words[i].folded in self._lists.background for i in range(start, here))
        )

    def _leaves_list(self, start: int, here: int) -> bool:
        """Tell "no A in women, B", "no A on the right, B" and "no A seen, B" from "no A, B"."""
        terms = self._terms_within(start, here)
        places = (i for i in range(start + 1, here) if self._words[i].folded in _PLACES | _SEEN)
        return bool(terms) and any(min(terms) < place for place in places)

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
        lead = cue.first
        while lead > 0 and self._words[lead - 1].folded in self._lists.pointing:
            lead -= 1
        here = end = lead - 1
        if here < 0 or self._words[here].folded in _LIST_WORDS or self._is_apart(lead, cue):
            return []
        listed = False
        while here >= 0:
            ending = self._ends.get(here)
            if ending is not None and ending.meaning in {"stop", "except"} | _SHOWN:
                break
            listed = listed or self._words[here].folded in _LIST_WORDS
            ends = self._breaks_before(here) or ("," in self._words[here].gap and not listed)
            here -= 1
            if ends:
                break
        return [_Stretch(assertion, here + 1, end, forward=False)] if here < end else []

    def _is_apart(self, lead: int, cue: PhraseMatch[Kind]) -> bool:
        """Tell "effusion, resolved" and "effusion? No." from "effusion, resolved pneumonia"."""
        if "," in self._words[lead].gap or self._words[lead].folded == "but":
            return not self._closes(cue.last)
        return self._words[lead].folded != "?" and self._breaks_before(lead)

    def _closes(self, index: int) -> bool:
        """Tell whether a clause ends behind a word."""
        following = index + 1
        if following == len(self._words) or self._breaks_before(following):
            return True
        starting = self._starts.get(following)
        stops = starting is not None and starting.meaning in {"stop", "except"}
        return stops or "," in self._words[following].gap

    def _breaks_before(self, index: int) -> bool:
        word = self._words[index]
        return word.folded == "?" or not _SENTENCE_ENDS.isdisjoint(word.gap)


def _depths(words: Sequence[Word]) -> list[int]:
    """Count for each word the brackets that are open there; "2)" closes one that is not."""
    depths, depth = [], 0
    for word in words:
        depth += word.gap.count("(") - word.gap.count(")")
        depths.append(depth)
    return depths
