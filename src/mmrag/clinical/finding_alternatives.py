"""Findings that a question joins by "or": any of them answers.

"A or B", "A, B or C", "A and/or B" and "A versus B" are alternatives; "no A or B" denies both. An
"or" that cannot be placed for certain is refused rather than guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from mmrag.clinical.words import Region, words_of
from mmrag.errors import QueryError

_Joint = Literal["or", "and", "comma", "other"]

_OR = frozenset({"or", "versus", "vs"})
_WITH_OR_WITHOUT = re.compile(r"\b(?:with\s+or\s+without|whether\s+or\s+not)\b", re.IGNORECASE)
# Words behind an "or" that begin something else than the alternative: "or women WITH effusion".
_BEGINS_ANOTHER = frozenset(
    {
        *("with", "without", "in", "of", "on", "at", "for", "from", "and", "but", "who", "that"),
        *("whose", "which", "by", "than", "after", "before"),
    }
)
_BEFORE_OR = frozenset({"with", "without", "and", "but", "who", "whose"})
_SENTENCE_ENDS = frozenset(".;!?\n\r")


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that the question names, in its place.

    Attributes
    ----------
    start, end : int
        End excluded.
    is_finding : bool
        False for a laboratory constraint.
    denied : bool
    is_compound : bool
        True where one word stands for several findings that all have to be there.
    """

    start: int
    end: int
    is_finding: bool
    denied: bool
    is_compound: bool = False


def alternatives_among(
    text: str, parts: Sequence[Part], read: Sequence[Region]
) -> Mapping[tuple[int, int], str]:
    """Find the findings that "or" joins.

    Parameters
    ----------
    text : str
    parts : sequence of Part
        Everything named, each place once, in the order of the text.
    read : sequence of Region
        Stretches that something else reads: the "or" of "60 or older" joins no findings.

    Returns
    -------
    mapping of (int, int) to str
        For the place of each alternative the words of the question that join it to others.

    Raises
    ------
    QueryError
        When an "or" joins what cannot be alternatives, or when "and" and "or" meet without
        brackets.
    """
    joints = [_joint(text, first, second, read) for first, second in pairwise(parts)]
    for n in reversed(range(len(joints) - 1)):
        if joints[n + 1] == "or" and joints[n] == "comma" and _alike(parts[n], parts[n + 1]):
            joints[n] = "or"
    found: dict[tuple[int, int], str] = {}
    start = 0
    for n, joint in enumerate([*joints, "other"]):
        if joint != "or":
            if n > start:
                _refuse_mixed(text, parts, joints, start, n)
                words = text[parts[start].start : parts[n].end]
                found |= {(part.start, part.end): words for part in parts[start : n + 1]}
            start = n + 1
    return found


def _alike(first: Part, second: Part) -> bool:
    return first.is_finding and second.is_finding and not (first.denied or second.denied)


def _joint(text: str, first: Part, second: Part, read: Sequence[Region]) -> _Joint:
    between = _uncovered(text, first.end, second.start, read)
    words = [word.folded for word in words_of(between)]
    if not _SENTENCE_ENDS.isdisjoint(between):
        return "other"
    ors = [n for n, word in enumerate(words) if word in _OR]
    if not ors:
        if _BEGINS_ANOTHER.isdisjoint(words):
            return "comma" if "," in between else "other"
        return "and" if "and" in words else "other"
    if first.denied and second.denied:
        return "other"
    if not (first.is_finding or second.is_finding):
        return "other"  # laboratory constraints have alternatives of their own
    written = text[first.start : second.end]
    before, behind = words[: ors[0]], words[ors[-1] + 1 :]
    if second.denied and not _BEFORE_OR.isdisjoint(before):
        return "other"  # "A without what nobody knows or B": one denial
    if not _alike(first, second):
        raise QueryError(f"{written!r}: these cannot be alternatives: ask two questions")
    if before[-1:] == ["and"]:
        before.pop()  # "and/or"
    if not (_BEFORE_OR.isdisjoint(before) and _BEGINS_ANOTHER.isdisjoint(behind)):
        raise QueryError(f'{written!r}: what the "or" joins is not clear: ask two questions')
    if first.is_compound or second.is_compound:
        raise QueryError(f"{written!r}: one of these stands for several findings: ask for one")
    return "or"


def _uncovered(text: str, start: int, end: int, read: Sequence[Region]) -> str:
    """Give the text between two parts without what something else reads."""
    between = list(text[start:end])
    for region in (*read, *(Region(*m.span()) for m in _WITH_OR_WITHOUT.finditer(text))):
        for place in range(max(region.start, start), min(region.end, end)):
            between[place - start] = " "
    return "".join(between)


def _refuse_mixed(
    text: str, parts: Sequence[Part], joints: Sequence[_Joint], first: int, last: int
) -> None:
    """Refuse "A and B or C": nobody knows which of the two binds."""
    for n, bracket in ((first - 1, "("), (last, ")")):
        if not 0 <= n < len(joints) or joints[n] != "and" or not _alike(parts[n], parts[n + 1]):
            continue
        if not {",", bracket} & set(text[parts[n].end : parts[n + 1].start]):
            words = text[parts[min(n, first)].start : parts[max(n + 1, last)].end]
            raise QueryError(
                f'{words!r}: "and" and "or" meet: put brackets around the alternatives, '
                'e.g. "A and (B or C)"'
            )
