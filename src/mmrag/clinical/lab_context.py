"""What stands around the word for an analyte: high, latest, rising, critically, "is normal"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mmrag.clinical.question import FlagClass, Trend

__all__ = ["Context", "after", "before"]


@dataclass(frozen=True, slots=True)
class Context:
    """Words beside an analyte that say something of its value.

    Attributes
    ----------
    flag : {"high", "low", "abnormal", "normal"} or None
    negated : bool
        True for "is not low".
    critical : bool
    latest : bool
    trend : {"rising", "falling"} or None
    edge : int
        Where the outermost of these words begins (before) or ends (after); the place that
        was asked about when there are none.
    end_of_name : int
        After the name: where "count", "level" and the like end, and the place at which a
        comparison may begin.
    """

    flag: FlagClass | None = None
    negated: bool = False
    critical: bool = False
    latest: bool = False
    trend: Trend | None = None
    edge: int = 0
    end_of_name: int = 0

    @property
    def says_something(self) -> bool:
        """Whether any of the words was there."""
        return self.critical or self.latest or self.flag is not None or self.trend is not None


_LEVELS: dict[str, FlagClass] = {
    "high": "high",
    "higher": "high",
    "elevated": "high",
    "raised": "high",
    "increased": "high",
    "prolonged": "high",
    "↑": "high",
    "low": "low",
    "lower": "low",
    "reduced": "low",
    "decreased": "low",
    "depressed": "low",
    "diminished": "low",
    "↓": "low",
    "abnormal": "abnormal",
    "deranged": "abnormal",
    "pathological": "abnormal",
    "normal": "normal",
}
_TRENDS: dict[str, Trend] = {
    "rising": "rising",
    "increasing": "rising",
    "climbing": "rising",
    "uptrending": "rising",
    "falling": "falling",
    "dropping": "falling",
    "decreasing": "falling",
    "declining": "falling",
    "downtrending": "falling",
}
_LEVEL_NOUNS: dict[str, FlagClass] = {"elevation": "high", "reduction": "low"}
_TREND_NOUNS: dict[str, Trend] = {
    "rise": "rising",
    "increase": "rising",
    "fall": "falling",
    "drop": "falling",
    "decline": "falling",
    "decrease": "falling",
}
_LATEST = frozenset({"latest", "newest", "last", "current"})
_CRITICAL = frozenset({"critical", "critically", "dangerously", "panic"})
_DEGREES = frozenset(
    {
        *("very", "markedly", "severely", "severe", "mildly", "mild", "moderately", "moderate"),
        *("significantly", "marked", "profound", "profoundly", "persistently", "persistent"),
        *("slightly", "slight", "grossly", "too", "abnormally"),
    }
)
_SAMPLES = frozenset(
    {
        *("the", "a", "an", "any", "his", "her", "their", "patient", "s", "total"),
        *("blood", "serum", "plasma", "arterial", "venous"),
    }
)
_TOKEN = re.compile(r"[^\W_]+|[↑↓]")
_MOST = re.compile(r"\bmost\s+$", re.IGNORECASE)
_REACH = 120
_LOOSE = " \t-'\u2019()[]\""

_SUFFIX = re.compile(
    r"\+{0,2}(?:[\s-]*(?:counts?|levels?|values?|results?|concentrations?|readings?|measurements?|"
    r"tests?)\b)*",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"[\s,:]*(?:(?:that|which)\s+)?"
    r"(?:(?:is|are|was|were|has\s+been|have\s+been|being|remains?)(?:\b|(?=n['\u2019]t))\s*)?",
    re.IGNORECASE,
)
_NOT = re.compile(r"(?:not|never)\b\s*|n['\u2019]t\b\s*", re.IGNORECASE)
_DEGREE = re.compile(rf"(?:(?:{'|'.join(sorted(_DEGREES))})\b\s*)*", re.IGNORECASE)
_CRITICALLY = re.compile(rf"(?:{'|'.join(sorted(_CRITICAL))})\b\s*", re.IGNORECASE)
_MOTION = re.compile(
    r"(?P<rising>(?:going|trending|creeping)\s+up\b|on\s+the\s+rise\b)|"
    r"(?P<falling>(?:going|trending|coming)\s+down\b)",
    re.IGNORECASE,
)
_RANGE = (
    r"(?:the\s+)?(?:upper\s+|lower\s+)?(?:normal|reference)(?:\s+(?:ranges?|limits?|intervals?))?"
)
_UPPER = r"(?:the\s+)?upper\s+limit(?:\s+of\s+normal)?"
_LOWER = r"(?:the\s+)?lower\s+limit(?:\s+of\s+normal)?"
_HIGH = "high|raised|elevated|increased"
_LOW = "low|reduced|decreased"
_PHRASES: tuple[tuple[FlagClass, re.Pattern[str]], ...] = (
    (
        "normal",
        re.compile(
            rf"neither\s+(?:(?:{_HIGH})\s+nor\s+(?:{_LOW})|(?:{_LOW})\s+nor\s+(?:{_HIGH}))\b", re.I
        ),
    ),
    ("normal", re.compile(rf"(?:with)?in\s+{_RANGE}|in\s+range\b", re.IGNORECASE)),
    ("abnormal", re.compile(rf"out(?:side)?(?:\s+of)?\s+(?:{_RANGE}|range)\b", re.IGNORECASE)),
    ("high", re.compile(rf"(?:above|over|exceeding|higher\s+than)\s+(?:{_UPPER}|{_RANGE})", re.I)),
    ("low", re.compile(rf"(?:below|under|lower\s+than)\s+(?:{_LOWER}|{_RANGE})", re.IGNORECASE)),
)


def before(text: str, start: int) -> Context:
    """Read the words that lead up to a name.

    Parameters
    ----------
    text : str
    start : int
        Where the name begins.
    """
    flag: FlagClass | None = None
    trend: Trend | None = None
    critical = latest = linked = False
    edge = right = start
    for token in reversed(list(_TOKEN.finditer(text, max(0, start - _REACH), start))):
        if text[token.end() : right].strip(_LOOSE):
            break
        word, right = token.group().lower(), token.start()
        unsaid = flag is None and trend is None
        if word in {"of", "in"} and unsaid and not linked:
            linked = True
            continue
        if linked and unsaid and word in _LEVEL_NOUNS:
            flag, linked = _LEVEL_NOUNS[word], False
        elif linked and unsaid and word in _TREND_NOUNS:
            trend, linked = _TREND_NOUNS[word], False
        elif linked:
            break
        elif unsaid and word in _LEVELS:
            flag = _LEVELS[word]
        elif unsaid and word in _TRENDS:
            trend = _TRENDS[word]
        elif word in _LATEST:
            latest = True
        elif most := _MOST.search(text, 0, token.start()) if word == "recent" else None:
            latest, right = True, most.start()
        elif word in _CRITICAL:
            critical = True
        elif word in _DEGREES | _SAMPLES:
            continue
        else:
            break
        edge = right
    return Context(flag, False, critical, latest, trend, edge)


def after(text: str, end: int) -> Context:
    """Read the words that follow a name.

    Parameters
    ----------
    text : str
    end : int
        Where the name ends.
    """
    named = _end(_SUFFIX, text, end)
    here = _end(_VERB, text, named)
    start = _end(_NOT, text, here)
    negated = start > here
    degree = _end(_DEGREE, text, start)
    start = _end(_CRITICALLY, text, degree)
    critical = start > degree
    for flag, phrase in _PHRASES:
        if match := phrase.match(text, start):
            return Context(flag, negated, critical, edge=match.end(), end_of_name=named)
    if motion := _MOTION.match(text, start):
        trend: Trend = "rising" if motion["rising"] else "falling"
        return Context(trend=trend, edge=motion.end(), end_of_name=named)
    word = _TOKEN.match(text, start)
    said = word.group().lower() if word else ""
    stop = word.end() if word else named
    if said in _LEVELS:
        return Context(_LEVELS[said], negated, critical, edge=stop, end_of_name=named)
    if said in _TRENDS and not negated:
        return Context(trend=_TRENDS[said], edge=stop, end_of_name=named)
    if critical:
        return Context(critical=True, edge=start, end_of_name=named)
    return Context(edge=named, end_of_name=named)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
