from __future__ import annotations

from mmrag.clinical.phrases import Phrases
from mmrag.clinical.words import words_of

PHRASES = Phrases(
    [
        ("effusion", "effusion"),
        ("pericardial effusion", "pericardial"),
        ("costophrenic angle blunted", "sign"),
        ("heart enlarged", "heart"),
        ("effusion", "second meaning"),
    ],
    skippable={"is", "left", "mildly", "the"},
)


def found(text: str) -> list[str]:
    return [match.meaning for match in PHRASES.find(words_of(text))]


def test_longest_phrase_wins_and_the_first_meaning_stays() -> None:
    assert found("effusion, no pericardial effusion") == ["effusion", "pericardial"]


def test_skips_between_words_but_not_at_the_ends() -> None:
    (match,) = PHRASES.find(words_of("left costophrenic angle is mildly blunted the"))
    assert (match.first, match.last, match.skipped) == (1, 5, (3, 4))


def test_skips_only_so_far() -> None:
    assert found("heart is mildly the left enlarged") == []


def test_comma_parts_a_phrase() -> None:
    assert found("heart, enlarged") == []
