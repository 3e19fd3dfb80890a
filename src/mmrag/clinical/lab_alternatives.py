"""Laboratory constraints that a question joins by "or": any of them answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

from mmrag.clinical.question import LabTerm
from mmrag.errors import QueryError

__all__ = ["LabMention", "alternatives"]


@dataclass(frozen=True, slots=True)
class LabMention:
    """One laboratory constraint and the words it was read from.

    Attributes
    ----------
    term : LabTerm
    start, end : int
        Place in the text, end excluded: the name with the words that belong to it. A word of
        denial before it ("no", "without") is not part: it may govern other terms too.
    opens : bool
        Whether it is an assertion of its own behind an "and", see `Reading`.
    """

    term: LabTerm
    start: int
    end: int
    opens: bool = False


_OR = re.compile(
    r"[^,;.]*?\s*,?\s*(?<!\w)(?:and/)?or\s+(?:else\s+)?(?:an?\s+|the\s+|with\s+)*", re.IGNORECASE
)
_COMMA = re.compile(r"\s*,\s*")


def alternatives(
    text: str, readings: Sequence[Sequence[LabMention]], denied: Sequence[bool]
) -> list[LabMention]:
    """Mark the constraints that "or" joins as one group.

    "High WBC, CRP or ESR" is one group of three. What is denied is not an alternative: "no
    anaemia or leukopenia" denies both. Words between may say more of the patient: "anaemia in
    men over 60 or fever" joins the two as well.

    Parameters
    ----------
    text : str
    readings : sequence of (sequence of LabMention)
        What each name of the text stands for, in the order of the text; several mentions of
        one name all have to hold, unless "or" stands between them ("below 4 or above 11").
    denied : sequence of bool
        For each name.

    Returns
    -------
    list of LabMention

    Raises
    ------
    QueryError
        When an alternative is several constraints in one word ("pancytopenia or fever").
    """
    joined = [
        not (denied[n] or denied[n + 1])
        and bool(first and second)
        and _OR.fullmatch(text, first[-1].end, second[0].start) is not None
        for n, (first, second) in enumerate(pairwise(readings))
    ]
    for n in reversed(range(len(joined) - 1)):
        first, second = readings[n], readings[n + 1]
        listed = first and second and _COMMA.fullmatch(text, first[-1].end, second[0].start)
        if joined[n + 1] and listed and not (denied[n] or denied[n + 1]):
            joined[n] = True
    found: list[LabMention] = []
    run: list[Sequence[LabMention]] = []
    for n, mentions in enumerate(readings):
        run.append(mentions)
        if n == len(joined) or not joined[n]:
            found += _grouped(text, run)
            run = []
    return found


def _grouped(text: str, run: Sequence[Sequence[LabMention]]) -> list[LabMention]:
    mentions = list(chain.from_iterable(run))
    if len(run) == 1 and not _two_bounds(text, mentions):
        return mentions
    if any(len(each) > 1 and not _two_bounds(text, each) for each in run):
        words = text[mentions[0].start : mentions[-1].end]
        raise QueryError(f"{words!r}: one of these stands for several constraints: ask for one")
    words = text[mentions[0].start : mentions[-1].end]
    return [replace(m, term=m.term.model_copy(update={"group": words})) for m in mentions]


def _two_bounds(text: str, mentions: Sequence[LabMention]) -> bool:
    """Whether they are the two sides of "below 4 or above 11"."""
    if len(mentions) != 2:
        return False
    return _OR.fullmatch(text, mentions[0].end, mentions[1].start) is not None
