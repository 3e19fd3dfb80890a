"""A panel in words: what is abnormal and how, for the text encoder.

No dates, no identifiers, no numbers: panels that say the same have the same text, and are
encoded once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mmrag.clinical.analytes import Analyte, analyte
from mmrag.records import Observation

__all__ = ["panel_text"]

_MEASURED = frozenset({"laboratory", "exam", "procedure", "imaging"})
_SURVEY_NAMES = 8
_WORDS = frozenset(
    {
        *("positive", "negative", "detected", "not detected", "present", "absent", "trace"),
        *("abnormal", "normal", "reactive", "non-reactive", "indeterminate"),
    }
)


def panel_text(observations: Sequence[Observation]) -> str:
    """Put a panel into words, worst result first.

    Critical results come before other abnormal ones, each by how far they are outside their
    range; then normal ones; then those without a flag, by name. Results in words are said
    only where the word is a common finding (``positive``). Questionnaires and scores are
    named only where the panel holds nothing else.

    Parameters
    ----------
    observations : sequence of Observation
        In any order; the text does not depend on it.

    Returns
    -------
    str
        Phrases joined by semicolons, e.g. ``thrombocytopenia; haemoglobin normal``; empty
        for an empty panel.
    """
    ranked = sorted((_rank(o), _phrase(o)) for o in observations if _is_clinical(o))
    phrases = list(dict.fromkeys(phrase for _, phrase in ranked if phrase))
    if phrases or not observations:
        return "; ".join(phrases)
    names = sorted({_plain(o.name) for o in observations})[:_SURVEY_NAMES]
    return "; ".join(["questionnaire", *filter(None, names)])


def _is_clinical(observation: Observation) -> bool:
    if observation.analyte is not None or observation.flag is not None:
        return True
    asked = observation.name.rstrip().endswith("?")
    return observation.category in _MEASURED and not asked


def _rank(observation: Observation) -> tuple[int, float]:
    flag = observation.flag
    if flag is None:
        return 3, 0.0
    if flag == "N":
        return 2, 0.0
    outside = -abs(observation.deviation or 0.0)
    return (0 if flag in {"LL", "HH"} else 1), outside


def _phrase(observation: Observation) -> str:
    known = analyte(observation.analyte) if observation.analyte else None
    name = known.name if known else _plain(observation.name)
    flag = observation.flag
    if flag is None:
        return f"{name} {_word(observation.text)}".strip()
    if flag == "N":
        return f"{name} normal"
    state = _state(known, name, high=flag in {"H", "HH"})
    return f"critical {state}" if flag in {"LL", "HH"} else state


def _state(known: Analyte | None, name: str, *, high: bool) -> str:
    words: Iterable[str] = () if known is None else (known.high if high else known.low)
    return next(iter(words), f"{'high' if high else 'low'} {name}")


def _plain(name: str) -> str:
    """Strip a display name of LOINC's brackets and of digits."""
    plain = name.split(" [", 1)[0].replace("\u200b", "")
    return " ".join("".join(c for c in plain if not c.isdigit()).split()).strip(" -")


def _word(text: str | None) -> str:
    if text is None:
        return ""
    word = text.split("(", 1)[0].strip().lower()
    return word if word in _WORDS else ""
