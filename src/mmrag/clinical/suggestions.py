"""Spelling of a question: what was mended, and what an unknown word may have meant."""

from __future__ import annotations

from functools import cache

from mmrag.clinical.analytes import analytes
from mmrag.clinical.findings import load_findings
from mmrag.clinical.patient_terms import stop_words
from mmrag.clinical.spelling import distance
from mmrag.clinical.words import words_of

_SHORTEST = 4
_MOST = 3


def near_misses(text: str) -> dict[str, tuple[str, ...]]:
    """Give known words near each unknown word of a text.

    A slip more is allowed than is mended by itself, since a person decides.

    Parameters
    ----------
    text : str
        Words that compile to nothing.

    Returns
    -------
    mapping of str to tuple of str
        Words as written, each with at most three known words, nearest first; words with
        nothing near are left out.
    """
    found: dict[str, tuple[str, ...]] = {}
    for word in words_of(text):
        written = text[word.start : word.end]
        if len(written) < _SHORTEST or not written.isalpha() or word.folded in _known():
            continue
        # "fybrosys": what looks like a plural need not be one
        near = sorted(
            (min(distance(written.lower(), known), distance(word.folded, known)), known)
            for known in _known()
            if known[0] == word.folded[0] and abs(len(known) - len(written)) <= _allowed(written)
        )
        close = [known for away, known in near if away <= _allowed(written)]
        if close:
            found[written] = tuple(close[:_MOST])
    return found


def _allowed(word: str) -> int:
    """Slips that still leave a word recognisable."""
    return 1 if len(word) < 6 else 2 if len(word) < 10 else 3


@cache
def _known() -> frozenset[str]:
    """Words of the findings' and analytes' names."""
    findings = load_findings().findings.values()
    names = [name for f in findings for name in (f.display, *f.synonyms)]
    for known in analytes().values():
        names += [known.name, *known.names, *known.high, *known.low]
    words = {word.folded for name in names for word in words_of(name)}
    return frozenset(w for w in words if len(w) > _SHORTEST and w.isalpha()) - stop_words()
