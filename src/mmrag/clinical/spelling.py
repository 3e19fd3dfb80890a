"""Mend a misspelt word when exactly one known word is near enough.

Distance is optimal string alignment (insertion, deletion, substitution and the swap of two
neighbours count one each). One slip is forgiven in words of six letters or more, two in words
of ten or more. The first letter must stand, for few people miss it and many words differ in
nothing else ("nodular", "modular"); only a silent one may be missing ("neumonia") and the first
two may be swapped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

_ONE_SLIP, _TWO_SLIPS = 6, 10
_MOST_SLIPS = 2
_SILENT = "ph"


class Speller:
    """Mends words towards a vocabulary.

    Parameters
    ----------
    vocabulary : iterable of str
        Known folded words.
    protected : iterable of str
        Folded words that stay as they are though a known word is near.
    """

    def __init__(self, vocabulary: Iterable[str], protected: Iterable[str] = ()) -> None:
        self._known = frozenset(vocabulary)
        self._protected = frozenset(protected)
        self._by_remainder: dict[str, set[str]] = defaultdict(set)
        for word in self._known:
            for remainder in _remainders(word, _allowed(word)):
                self._by_remainder[remainder].add(word)
        self._longest = max(map(len, self._known), default=0) + _MOST_SLIPS
        self.mend = lru_cache(maxsize=16384)(self._mend)

    def _mend(self, word: str) -> str:
        allowed = _allowed(word)
        if not allowed or len(word) > self._longest or not word.isalpha():
            return word
        if word in self._known or word in self._protected:
            return word
        near = {
            known
            for remainder in _remainders(word, allowed)
            for known in self._by_remainder.get(remainder, ())
        }
        best, found = allowed + 1, [word]
        for known in near:
            away = distance(word, known) if _start_alike(word, known) else allowed + 1
            if away > min(allowed, _allowed(known)):
                continue
            if away < best:
                best, found = away, [known]
            elif away == best:
                found.append(known)
        return found[0] if len(found) == 1 else word


def distance(left: str, right: str) -> int:
    """Count the slips between two words (optimal string alignment).

    Parameters
    ----------
    left, right : str

    Returns
    -------
    int
    """
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        two_before, before, row = before, row, [i]
        for j, b in enumerate(right, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, two_before[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _start_alike(word: str, known: str) -> bool:
    return (
        word[0] == known[0]
        or (known[0] in _SILENT and word[0] == known[1])
        or word[1::-1] == known[:2]
    )


def _allowed(word: str) -> int:
    if len(word) >= _TWO_SLIPS:
        return 2
    return 1 if len(word) >= _ONE_SLIP else 0


def _remainders(word: str, slips: int) -> set[str]:
    """Give what is left of a word when up to `slips` letters are dropped."""
    left = {word}
    for _ in range(slips):
        left |= {w[:i] + w[i + 1 :] for w in left for i in range(len(w))}
    return left
