"""What asserts, denies or leaves open: words of ``assertion.toml`` and ``question_cues.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from mmrag.clinical.phrases import Phrases
from mmrag.clinical.words import fold

Kind = Literal[
    "absent_before",
    "absent_after",
    "absent_either",
    "uncertain_before",
    "uncertain_after",
    "uncertain_either",
    "uncertain_both",
    "pseudo",
    "affirm",
    "stop",
    "except",
    "shown_after",
    "course_after",
]


@dataclass(frozen=True, slots=True)
class Cues:
    """The cues, and the lists of words that decide how far each reaches."""

    phrases: Phrases[Kind]
    reopening: frozenset[str]
    copulas: frozenset[str]
    background: frozenset[str]
    records: frozenset[str]
    pointing: frozenset[str]


_FILES = ("question_cues.toml", "assertion.toml")  # of a phrase in both the first counts


@cache
def _contents() -> tuple[dict[str, Any], ...]:
    folder = resources.files("mmrag.clinical")
    return tuple(tomllib.loads((folder / name).read_text(encoding="utf-8")) for name in _FILES)


@cache
def load_cues() -> Cues:
    """Load the cues once.

    Returns
    -------
    Cues
    """
    pairs: list[tuple[str, Kind]] = [
        (phrase, kind)
        for content in _contents()
        for kind, phrases in content["cues"].items()
        for phrase in phrases
    ]
    return Cues(
        Phrases(pairs),
        *(
            frozenset(
                fold(word) for content in _contents() for word in content["reading"].get(name, ())
            )
            for name in ("reopening", "copulas", "background", "records", "pointing")
        ),
    )


def except_cues() -> list[str]:
    """Give the words that end a denial and assert the rest: "other than", "apart from".

    Returns
    -------
    list of str
    """
    return [cue for content in _contents() for cue in content["cues"].get("except", ())]
