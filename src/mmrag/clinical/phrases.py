"""Find known phrases in folded words: longest first, never overlapping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from mmrag.clinical.words import Word, words_of

Meaning = TypeVar("Meaning")

_LONGEST_SKIP = 3


@dataclass(slots=True)
class _Node(Generic[Meaning]):
    next: dict[str, _Node[Meaning]] = field(default_factory=dict)
    meaning: Meaning | None = None


@dataclass(frozen=True, slots=True)
class PhraseMatch(Generic[Meaning]):
    """A phrase found.

    Attributes
    ----------
    meaning : object
        What the phrase was registered for.
    words : tuple of int
        Indices of the words that belong to the phrase.
    skipped : tuple of int
        Indices of the words that stand between them.
    """

    meaning: Meaning
    words: tuple[int, ...]
    skipped: tuple[int, ...]

    @property
    def first(self) -> int:
        """Index of the first word."""
        return self.words[0]

    @property
    def last(self) -> int:
        """Index of the last word."""
        return self.words[-1]


class Phrases(Generic[Meaning]):
    """A set of phrases, each with a meaning.

    Parameters
    ----------
    phrases : iterable of (str, object)
        Where a phrase comes twice, the first meaning stays.
    skippable : collection of str
        Folded words that may stand between the words of a phrase.
    """

    def __init__(
        self, phrases: Iterable[tuple[str, Meaning]], skippable: Iterable[str] = ()
    ) -> None:
        self._root: _Node[Meaning] = _Node()
        self._skippable = frozenset(skippable)
        words: set[str] = set()
        for phrase, meaning in phrases:
            node = self._root
            for word in words_of(phrase):
                words.add(word.folded)
                node = node.next.setdefault(word.folded, _Node())
            if node.meaning is None and node is not self._root:
                node.meaning = meaning
        self.vocabulary = frozenset(words)

    def find(self, words: Sequence[Word]) -> list[PhraseMatch[Meaning]]:
        """Find the phrases of a text.

        Parameters
        ----------
        words : sequence of Word

        Returns
        -------
        list of PhraseMatch
            In the order of the text. Of two that overlap the one with more words of its own
            wins, then the earlier.
        """
        candidates = [m for start in range(len(words)) for m in self._from(words, start)]
        candidates.sort(key=lambda m: (-len(m.words), len(m.skipped), m.first))
        taken: set[int] = set()
        chosen = []
        for match in candidates:
            if taken.isdisjoint(match.words):
                taken.update(match.words)
                chosen.append(match)
        return sorted(chosen, key=lambda m: m.first)

    def _from(self, words: Sequence[Word], start: int) -> list[PhraseMatch[Meaning]]:
        found: list[PhraseMatch[Meaning]] = []
        open_paths: list[tuple[_Node[Meaning], int, tuple[int, ...], tuple[int, ...], int]] = []
        first = self._root.next.get(words[start].folded)
        if first is not None:
            open_paths.append((first, start + 1, (start,), (), 0))
        while open_paths:
            node, here, used, skipped, run = open_paths.pop()
            if node.meaning is not None and used[-1] == here - 1:
                found.append(PhraseMatch(node.meaning, used, skipped))
            if here >= len(words) or not words[here].joined or not node.next:
                continue
            following = node.next.get(words[here].folded)
            if following is not None:
                open_paths.append((following, here + 1, (*used, here), skipped, 0))
            if words[here].folded in self._skippable and run < _LONGEST_SKIP:
                open_paths.append((node, here + 1, used, (*skipped, here), run + 1))
        return found
