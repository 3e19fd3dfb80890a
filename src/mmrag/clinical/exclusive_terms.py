"""Words that ask for the findings named and no other: "isolated pneumothorax", "nothing else".

The words come from ``question.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from mmrag.clinical.assertion_cues import except_cues
from mmrag.clinical.findings import load_findings
from mmrag.clinical.lexicon import Mention
from mmrag.clinical.phrases import PhraseMatch, Phrases
from mmrag.clinical.words import Region, Word, fold

_LIMITS_ANOTHER = frozenset({"in", "on", "at", "for", "from", "with", "if", "when", "after", "a"})
_NO_EXCLUSION = frozenset({"not", "never"})


@dataclass(frozen=True, slots=True)
class ExclusiveMention:
    """One wording that excludes every other finding, and its place in the text, end excluded.

    Attributes
    ----------
    start, end : int
    of : Mention or None
        The finding beside which it has to stand; None where it is said of all.
    is_clause : bool
        True where words such as "no" or "but" are part of it, which then deny nothing.
    """

    start: int
    end: int
    of: Mention | None
    is_clause: bool


def find_exclusive(
    words: Sequence[Word], mentions: Sequence[Mention], adjectives: Sequence[Region]
) -> list[ExclusiveMention]:
    """Find what excludes other findings.

    Parameters
    ----------
    words : sequence of Word
        The text parted into words.
    mentions : sequence of Mention
        The findings that it names.
    adjectives : sequence of Region
        Sides and sizes, which may stand between: "isolated small left pneumothorax".

    Returns
    -------
    list of ExclusiveMention
        In the order of the text; none where no finding is named.
    """
    if not mentions:
        return []
    return [
        ExclusiveMention(
            words[match.first].start, words[match.last].end, of, match.last > match.first
        )
        for match in _lists().phrases.find(words)
        for of in _targets(match, words, mentions, adjectives)
    ]


def _targets(
    match: PhraseMatch[frozenset[str]],
    words: Sequence[Word],
    mentions: Sequence[Mention],
    adjectives: Sequence[Region],
) -> Iterator[Mention | None]:
    """Give the finding that a wording is said of, once; nothing where it is said of none."""
    if match.first > 0 and words[match.first - 1].folded in _NO_EXCLUSION:
        return
    if "anywhere" in match.meaning:
        yield None
        return
    passed = [(region.start, region.end) for region in adjectives]
    if "before" in match.meaning and not _comma_before(words, match.last + 1):
        here = match.last + 1
        while here < len(words) and _is_passed(words[here], passed):
            here += 1
        following = _at(words, here, mentions)
        if following is not None:
            yield following
            return
    if "after" in match.meaning and not _comma_before(words, match.first):
        here = match.first - 1
        while here >= 0 and _is_passed(words[here], passed):
            here -= 1
        behind = _at(words, here, mentions)
        limits = match.last + 1 < len(words) and words[match.last + 1].folded in _LIMITS_ANOTHER
        is_joined = words[match.last + 1].joined if match.last + 1 < len(words) else False
        is_alone = words[match.first].folded == "alone"
        if behind is not None and (is_alone or not (limits and is_joined)):
            yield behind


def _comma_before(words: Sequence[Word], index: int) -> bool:
    """Tell "adults only, pneumonia" from "only pneumonia"."""
    return index < len(words) and "," in words[index].gap


def _is_passed(word: Word, adjectives: Sequence[tuple[int, int]]) -> bool:
    return word.folded in _lists().passed or any(
        start <= word.start < end for start, end in adjectives
    )


def _at(words: Sequence[Word], index: int, mentions: Sequence[Mention]) -> Mention | None:
    if not 0 <= index < len(words):
        return None
    word = words[index]
    return next((m for m in mentions if m.start <= word.start < m.end), None)


@dataclass(frozen=True, slots=True)
class _Lists:
    phrases: Phrases[frozenset[str]]
    passed: frozenset[str]


@cache
def _lists() -> _Lists:
    file = resources.files("mmrag.clinical") / "question.toml"
    content = tomllib.loads(file.read_text(encoding="utf-8"))
    kinds: dict[str, set[str]] = {}
    for kind in ("before", "after", "anywhere"):
        for phrase in content["exclusive"][kind]:
            kinds.setdefault(phrase, set()).add(kind)
    # "no acute finding apart from", of any words for a normal chest
    exceptions = [*except_cues(), "but", "but for"]
    for normal in load_findings().normal_terms:
        for exception in exceptions:
            kinds.setdefault(f"{normal} {exception}", set()).add("before")
    return _Lists(
        phrases=Phrases((phrase, frozenset(kind)) for phrase, kind in kinds.items()),
        passed=frozenset(
            fold(word) for kind in ("between", "after") for word in content["adjective"][kind]
        ),
    )
