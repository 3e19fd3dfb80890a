"""Make the findings that a question names into terms that agree with each other.

One finding is asked for, left open or ruled out, and not two of these: what is asked for
outlives a doubt, a doubt outlives a denial ("no definite effusion, cannot exclude a small
one"), and what is both asked for and denied is refused. What is named outright goes before
what is meant through a wider word. To deny a wider word is to deny all that it stands for:
"no opacity" leaves none of its kinds, as a reader of films means it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mmrag.clinical.lexicon import Mention
from mmrag.clinical.preference_terms import Preference
from mmrag.clinical.question import Assertion, FindingTerm, Severity, Side
from mmrag.errors import QueryError

_OPPOSITE: dict[Assertion, Assertion] = {
    "present": "absent",
    "absent": "present",
    "uncertain": "uncertain",
}
_SIZES: tuple[Severity, ...] = ("small", "moderate", "large")


@dataclass(frozen=True, slots=True)
class Asserted:
    """One mention, whether it is asserted, and the side and size said of it."""

    mention: Mention
    assertion: Assertion
    preference: Preference

    @property
    def of_finding(self) -> Assertion:
        """Assertion of the finding: "normal heart size" asserted denies cardiomegaly."""
        return _OPPOSITE[self.assertion] if self.mention.via == "denial" else self.assertion


def finding_terms(
    asserted: Sequence[Asserted], alternatives: Mapping[tuple[int, int], str]
) -> tuple[FindingTerm, ...]:
    """Make terms of mentions.

    Parameters
    ----------
    asserted : sequence of Asserted
        In the order of the text.
    alternatives : mapping of (int, int) to str
        For places joined by "or" the words that join them.

    Returns
    -------
    tuple of FindingTerm
        In the order of the text; a finding comes once, or once in each of several groups.

    Raises
    ------
    QueryError
        When a finding is both asked for and ruled out.
    """
    terms = [_term(each, alternatives) for each in asserted]
    joined = [term.group for term in terms if term.group in set(alternatives.values())]
    single = {group for group in joined if len({t.finding for t in terms if t.group == group}) == 1}
    return agreeing(t.model_copy(update={"group": None}) if t.group in single else t for t in terms)


def agreeing(terms: Iterable[FindingTerm]) -> tuple[FindingTerm, ...]:
    """Keep of several terms on one finding what they mean together.

    Raises
    ------
    QueryError
        When a finding is both asked for and ruled out.
    """
    kept = _merged(terms)
    _refuse_contradictions(kept)
    sought = {t.finding for t in kept if t.assertion == "present"}
    doubted = {t.finding for t in kept if t.assertion == "uncertain"}
    outright = {t.finding for t in kept if t.group is None and t.assertion != "absent"}
    by_name = {(t.finding, t.assertion) for t in kept if t.group is None}
    sure = {t.finding for t in kept if t.group is None and t.assertion == "present"}
    answered = {
        (t.group, t.assertion)
        for t in kept
        if t.assertion != "absent" and t.finding in (sure if t.assertion == "present" else outright)
    }
    denied = {
        t.finding for t in kept if t.assertion == "absent" and t.finding not in outright | doubted
    }
    agreed = tuple(
        term
        for term in kept
        if not (term.assertion == "uncertain" and term.finding in sought)
        if (term.finding in denied) == (term.assertion == "absent")
        if term.group is None
        or term.assertion == "absent"
        or (term.group, term.assertion) not in answered
        if term.group is None or (term.finding, term.assertion) not in by_name
    )
    _refuse_emptied(kept, agreed, {group for group, said in answered if said == "present"})
    return agreed


def _term(each: Asserted, alternatives: Mapping[tuple[int, int], str]) -> FindingTerm:
    mention = each.mention
    return FindingTerm(
        finding=mention.finding,
        assertion=each.of_finding,
        written=mention.written,
        group=alternatives.get((mention.start, mention.end), mention.group),
        side=each.preference.side,
        severity=each.preference.severity,
    )


def _merged(terms: Iterable[FindingTerm]) -> list[FindingTerm]:
    """Give one term a finding, assertion and group; "left effusion, right effusion" is both."""
    merged: dict[tuple[str, Assertion, str | None], FindingTerm] = {}
    for term in terms:
        key = (term.finding, term.assertion, term.group)
        first = merged.get(key, term)
        merged[key] = first.model_copy(
            update={
                "side": _both(first.side, term.side),
                "severity": max(first.severity, term.severity, key=_size),
            }
        )
    return list(merged.values())


def _both(one: Side | None, other: Side | None) -> Side | None:
    if one is None or other is None or one == other:
        return one or other
    return "bilateral"


def _size(severity: Severity | None) -> int:
    return -1 if severity is None else _SIZES.index(severity)


def _refuse_contradictions(terms: Sequence[FindingTerm]) -> None:
    outright = [term for term in terms if term.group is None]
    denied = {term.finding: term for term in outright if term.assertion == "absent"}
    for term in outright:
        other = denied.get(term.finding)
        if term.assertion != "present" or other is None:
            continue
        said = f", by {term.written!r} and {other.written!r}" if term.written else ""
        nuance = term.side or term.severity or other.side or other.severity
        why = " (labels hold no side or size)" if nuance else ""
        raise QueryError(
            f"{term.finding} is both asked for and ruled out{said}{why}: leave one out"
        )


def _refuse_emptied(
    before: Sequence[FindingTerm], after: Sequence[FindingTerm], answered: set[str | None]
) -> None:
    """Refuse a wider word that is asked for and whose every kind is ruled out."""
    left = {term.group for term in after if term.assertion != "absent"}
    for term in before:
        asked = term.group is not None and term.assertion == "present"
        if asked and term.group not in left | answered:
            raise QueryError(
                f"{term.group!r} is asked for and all that it stands for is ruled out: "
                "leave one out"
            )
