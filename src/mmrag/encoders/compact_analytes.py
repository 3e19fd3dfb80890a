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
    after = words[last + 1 : last + 3]
    if len(after) == 2 and after[0].folded in {"is", "are", "count", "level"}:
        after = after[1:]
    beside = after[0] if after and after[0].joined else None
    return _STATES.get(beside.folded) if beside is not None else None


@cache
def _phrases() -> Phrases[Named]:
    return Phrases(_entries())


def _entries() -> Iterator[tuple[str, Named]]:
    for key, analyte in analytes().items():
        for name in (analyte.name, *analyte.names, *analyte.abbreviations):
            yield name, (key, None)
        for state, names in (("high", analyte.high), ("low", analyte.low)):
            for name in names:
                yield name, (key, state)
