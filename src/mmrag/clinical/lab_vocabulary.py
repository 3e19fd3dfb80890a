"""The words for analytes, groups of analytes and their states, found in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from mmrag.clinical.analytes import Analyte, Group, analytes, groups, states
from mmrag.clinical.phrases import Phrases
from mmrag.clinical.question import FlagClass
from mmrag.clinical.words import Word, words_of

__all__ = ["Naming", "namings_of"]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a phrase stands for.

    Attributes
    ----------
    subject : Analyte, Group or None
        None for a state that is spelt out in `terms`.
    flag : {"high", "low"} or None
        The state that the word itself says.
    terms : tuple of mapping
        See `mmrag.clinical.analytes.State`.
    forms : frozenset of str
        Written forms that are believed; empty for any.
    guarded : bool
        True when every form needs a number or a state beside it.
    """

    subject: Analyte | Group | None
    flag: FlagClass | None = None
    terms: tuple[Mapping[str, Any], ...] = ()
    forms: frozenset[str] = frozenset()
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class Naming:
    """A word for an analyte, group or state, in its place.

    Attributes
    ----------
    start, end : int
        Its place in the text, end excluded.
    subject : Analyte, Group or None
        None for a state that is spelt out in `terms`.
    flag : {"high", "low"} or None
        The state that the word itself says (``leukocytosis``).
    terms : tuple of mapping
        See `mmrag.clinical.analytes.State`.
    guarded : bool
        True when it is to be believed only with a number or a state beside it.
    """

    start: int
    end: int
    subject: Analyte | Group | None
    flag: FlagClass | None
    terms: tuple[Mapping[str, Any], ...]
    guarded: bool

    @property
    def is_state(self) -> bool:
        """Whether the word itself says how the value is."""
        return self.flag is not None or self.subject is None


def namings_of(text: str) -> list[Naming]:
    """Find the words for analytes, groups and states.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of Naming
        In the order of the text, never overlapping.
    """
    words = words_of(text)
    found = []
    for match in _phrases().find(words):
        start, end = words[match.first].start, words[match.last].end
        guarded = _guard(match.meaning, text[start:end])
        if guarded is not None and not _is_another_word(words, match.first, match.last):
            meaning = match.meaning
            found.append(Naming(start, end, meaning.subject, meaning.flag, meaning.terms, guarded))
    return found


def _guard(meaning: _Meaning, written: str) -> bool | None:
    """Whether a written form needs company; None where it is not believed at all."""
    if not meaning.forms:
        return meaning.guarded
    if written in meaning.forms or written.removesuffix("s") in meaning.forms:
        return meaning.guarded
    # A clinician in a hurry writes "alt" and "crp"; so do people who mean other things.
    return True if written.islower() and not meaning.guarded else None


def _is_another_word(words: Sequence[Word], first: int, last: int) -> bool:
    """Whether the word belongs to a fixed expression that is no laboratory result."""
    before = words[first - 1].folded if first > 0 and words[first].joined else ""
    after = words[last + 1].folded if last + 1 < len(words) and words[last + 1].joined else ""
    return (before, words[first].folded) in _NOT_AFTER or (words[last].folded, after) in _NOT_BEFORE


_NOT_AFTER = {("heart", "weight"), ("vertebral", "height"), ("yellow", "fever")}
_NOT_BEFORE = {("differential", "diagnosis"), ("weight", "loss"), ("height", "loss")}


@cache
def _phrases() -> Phrases[_Meaning]:
    return Phrases(_entries())


def _entries() -> Iterator[tuple[str, _Meaning]]:
    for known in analytes().values():
        yield from _namings(known)
        yield known.name, _Meaning(known)
        for flag, names in (("high", known.high), ("low", known.low)):
            meaning = _Meaning(known, "high" if flag == "high" else "low")
            for name in names:
                yield from ((form, meaning) for form in (name, *_adjective(name)))
    for group in groups().values():
        yield from _namings(group)
    for state in states():
        for word in state.words:
            for form in (word, *_adjective(word)):
                yield form, _Meaning(None, terms=state.terms)


_STATE_NOUN = re.compile(r"(?<=aem)ia$|(?<=pen)ia$")


def _adjective(state: str) -> Iterator[str]:
    """Give the word for who is in a state: "hyponatraemic", "neutropenic"."""
    if _STATE_NOUN.search(state):
        yield _STATE_NOUN.sub("ic", state)


def _namings(subject: Analyte | Group) -> Iterator[tuple[str, _Meaning]]:
    for name in subject.names:
        yield name, _Meaning(subject)
    for guarded, short_forms in ((False, subject.abbreviations), (True, subject.guarded)):
        forms: dict[tuple[str, ...], set[str]] = {}
        for form in short_forms:
            forms.setdefault(tuple(word.folded for word in words_of(form)), set()).add(form)
        for alike in forms.values():
            written = frozenset() if guarded and all(map(str.islower, alike)) else alike
            yield min(alike), _Meaning(subject, forms=frozenset(written), guarded=guarded)
