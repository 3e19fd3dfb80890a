"""What words of a question call by name that no table of the project knows.

A store holds conditions of patients, and results such as questionnaires, scores and panels of
drugs, under names of their own. Words that compile to nothing may be one of these names, and
then it is known which panels answer. Words that are none of them say nothing of laboratory
results: every panel would be somewhat like them, and none would be evidence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mmrag.clinical.words import words_of
from mmrag.store import LabCondition, Store

Named = Iterable[tuple[str, str]]

_SAYS_LITTLE = frozenset(
    {
        *("blood", "body", "by", "for", "in", "level", "mass", "measured", "method", "of", "on"),
        *("or", "panel", "per", "plasma", "reported", "result", "score", "serum", "test", "the"),
        *("total", "to", "value", "volume", "with", "what", "you", "your", "do", "how", "have"),
    }
)
"""Words that names of results have in common, as they are folded."""

_SHORTEST = 3
_MOST_TOLD = 3


@dataclass(frozen=True)
class Called:
    """What is called by the words.

    Attributes
    ----------
    diagnoses : tuple of tuple of str
        Codes of the conditions that are called, if any: one group.
    conditions : tuple of LabCondition
        If results are called, one: that a panel holds one of them.
    note : str or None
        How the words were read.
    """

    diagnoses: tuple[tuple[str, ...], ...] = ()
    conditions: tuple[LabCondition, ...] = ()
    note: str | None = None


def called(words: str, store: Store) -> Called | None:
    """Find what words call: results, then conditions, by all of the words; then results by some.

    Parameters
    ----------
    words : str
        Of the question, without what is understood otherwise.
    store : Store

    Returns
    -------
    Called or None
        None where they call nothing that is stored.
    """
    results, by_all = called_by_most(words, store.labs.names())
    if not by_all:
        named, by_all = called_by_most(words, store.people.condition_names())
        if by_all:
            conditions = dict(named)
            note = _read_as(words, "a condition of the patient", conditions.values())
            return Called(diagnoses=(tuple(conditions),), note=note)
    if not results:
        return None
    codes = tuple(code for code, _ in results)
    note = _read_as(words, "the name of a result", (name for _, name in results))
    return Called(conditions=(LabCondition(loinc=codes),), note=note)


def called_by_most(words: str, stored: Named) -> tuple[list[tuple[str, str]], bool]:
    """Find the names that hold as many of the words as any does, and at least one.

    Case, accents, plurals and British spelling apart.

    Parameters
    ----------
    words : str
    stored : iterable of (str, str)
        Codes and names.

    Returns
    -------
    list of (str, str)
        Of the names, with their codes.
    bool
        Whether they hold all of the words.
    """
    wanted = _telling(words)
    held = [(code, name, len(wanted & _telling(name))) for code, name in stored]
    most = max((count for _, _, count in held), default=0)
    found = [(code, name) for code, name, count in held if count == most > 0]
    return found, 0 < most == len(wanted)


def _telling(text: str) -> frozenset[str]:
    folded = {word.folded for word in words_of(text)}
    return frozenset(word for word in folded - _SAYS_LITTLE if len(word) >= _SHORTEST)


def _read_as(words: str, kind: str, names: Iterable[str]) -> str:
    told = sorted(set(names))
    more = f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    return f"'{words}' is read as {kind}: {', '.join(told[:_MOST_TOLD])}{more}"
