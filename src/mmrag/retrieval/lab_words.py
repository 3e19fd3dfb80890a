"""What a laboratory constraint asks for, in words that say no more and no less."""

from __future__ import annotations

from collections.abc import Iterable

from mmrag.clinical.question import LabTerm

_COMPARED = {
    "above": "above",
    "at-least": "at least",
    "below": "below",
    "at-most": "at most",
    "between": "between",
}


def state_words(term: LabTerm) -> str:
    """Name the state that a term asks for; of a denied one, its opposite.

    The question's own words are not enough: in "no leukocytosis" and "without WBC above 12"
    they name the very thing that is ruled out.

    Parameters
    ----------
    term : LabTerm

    Returns
    -------
    str

    Examples
    --------
    >>> state_words(LabTerm(analyte="leukocytes", name="leukocytes", loinc=(),
    ...     comparison="at-most", value=12.0, unit="10*3/uL", written="WBC above 12"))
    'leukocytes at most 12 10*3/uL'
    """
    if term.comparison not in _COMPARED or term.value is None:
        return f"{'not ' if term.negated else ''}{term.written or term.name}"
    bounds = " and ".join(f"{b:g}" for b in (term.value, term.upper) if b is not None)
    words = ("latest" if term.time else "", "not" if term.negated else "", term.name)
    said = [*words, _COMPARED[term.comparison], bounds, term.unit or ""]
    return " ".join(word for word in said if word)


def constraint_words(terms: Iterable[LabTerm]) -> tuple[str, ...]:
    """Name what all of these terms together ask for; alternatives in one, joined by "or".

    Parameters
    ----------
    terms : iterable of LabTerm

    Returns
    -------
    tuple of str
    """
    joined: dict[object, list[str]] = {}
    for place, term in enumerate(terms):
        key = place if term.group is None else term.group
        joined.setdefault(key, []).append(state_words(term))
    return tuple(" or ".join(words) for words in joined.values())
