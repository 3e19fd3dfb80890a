"""Which analytes a text names, and as what: "leukocytosis" and "high white cells" are one.

Only for the sense of the words. Which numbers answer a question is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from mmrag.clinical.analytes import analytes
from mmrag.clinical.phrases import Phrases
from mmrag.clinical.words import Word, fold

Named = tuple[str, str | None]
"""Key of ``analytes.toml``, and ``high``, ``low``, ``normal`` or None where nothing is said."""

_STATES = {
    fold(word): state
    for state, words in {
        "high": "high higher elevated raised increased rising above",
        "low": "low lower reduced decreased depressed falling diminished below",
        "normal": "normal unremarkable",
    }.items()
    for word in words.split()
}

_LINKS = frozenset({"is", "are", "was", "were", "count", "level"})
"""Words that may stand between an analyte and its state."""


def named_analytes(words: Sequence[Word]) -> list[Named]:
    """Find analytes and their states.

    A word for a state belongs to the analyte that follows it ("low platelets") or else to
    the one that it follows ("haemoglobin normal").

    Parameters
    ----------
    words : sequence of Word

    Returns
    -------
    list of (str, str or None)
        In the order of the text.
    """
    found: list[Named] = []
    for match in _phrases().find(words):
        key, state = match.meaning
        found.append((key, state or _state_beside(words, match.first, match.last)))
    return found


def _state_beside(words: Sequence[Word], first: int, last: int) -> str | None:
    before = words[first - 1].folded if first > 0 and words[first].joined else ""
    if before in _STATES:
        return _STATES[before]
    for after in words[last + 1 :]:
        if not after.joined:
            return None
        if after.folded not in _LINKS:
            return _STATES.get(after.folded)
    return None


@cache
def known_names() -> tuple[tuple[str, Named], ...]:
    """Every name of an analyte or of its high or low state, with what it stands for."""
    return tuple(_entries())


@cache
def _phrases() -> Phrases[Named]:
    return Phrases(known_names())


def _entries() -> Iterator[tuple[str, Named]]:
    for key, analyte in analytes().items():
        for name in (analyte.name, *analyte.names, *analyte.abbreviations):
            yield name, (key, None)
        for state, names in (("high", analyte.high), ("low", analyte.low)):
            for name in names:
                yield name, (key, state)
