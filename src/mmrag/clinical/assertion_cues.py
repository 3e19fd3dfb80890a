"""The words of ``assertion.toml``: what asserts, denies or leaves open, and how far it reaches."""

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


@cache
def _content() -> dict[str, Any]:
    file = resources.files("mmrag.clinical") / "assertion.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def load_cues() -> Cues:
    """Load the cues once.

    Returns
    -------
    Cues
    """
    content = _content()
    pairs: list[tuple[str, Kind]] = [
        (phrase, kind) for kind, phrases in content["cues"].items() for phrase in phrases
    ]
    reading = content["reading"]
    return Cues(
        Phrases(pairs),
        *(
            frozenset(fold(word) for word in reading[name])
            for name in ("reopening", "copulas", "background", "records", "pointing")
        ),
    )


def except_cues() -> list[str]:
    """Give the words that end a denial and assert the rest: "other than", "apart from".

    Returns
    -------
    list of str
    """
    return list(_content()["cues"]["except"])
