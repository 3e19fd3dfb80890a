"""Whether two patients can be one person: their sex and their year of birth."""

from __future__ import annotations

from datetime import date

from mmrag.store import PatientFacts

_SEX = {"F": "female", "M": "male"}
_ROUNDING = 1
"""Years by which a birth year that follows from a date and an age may be off: the birthday of
that year may not have come yet, and some sources round an age where others cut it."""


def contradiction(
    one: str, facts: PatientFacts, other: str, others: PatientFacts, today: date
) -> str | None:
    """Say why two patients cannot be one person.

    Parameters
    ----------
    one, other : str
        ``source:identifier``.
    facts, others : PatientFacts
        What is known of each.
    today : datetime.date
        On which nobody is older than a film or panel that is there already.

    Returns
    -------
    str or None
        None where nothing that is known speaks against it.
    """
    if facts.sexes and others.sexes and not facts.sexes & others.sexes:
        return f"{one} is {_sex(facts)} and {other} {_sex(others)}"
    if _lie_apart(birth_years(facts, today), birth_years(others, today)):
        return f"{one} was born {_born(facts, today)} and {other} {_born(others, today)}"
    shared = one.partition(":")[0] if one.partition(":")[0] == other.partition(":")[0] else None
    for records, here, there in (
        ("films", facts.films, others.films),
        ("panels", facts.panels, others.panels),
    ):
        if shared and one != other and here and there:
            return f"source {shared} has {records} of both {one} and {other} as two patients"
    return None


def birth_years(facts: PatientFacts, today: date) -> tuple[int | None, int | None]:
    """Give the earliest and latest year in which a patient can have been born.

    A date of birth decides alone. Failing it, dates and ages of the records do, within a year;
    an age without a date says no more than that so many years have passed since.

    Parameters
    ----------
    facts : PatientFacts
    today : datetime.date

    Returns
    -------
    tuple of (int or None, int or None)
        None where a side is open.
    """
    if facts.birth_date is not None:
        return facts.birth_date.year, facts.birth_date.year
    if facts.birth_years is not None:
        earliest, latest = facts.birth_years
        return earliest - _ROUNDING, latest + _ROUNDING
    if facts.oldest is not None:
        return None, today.year - int(facts.oldest)
    return None, None


def _lie_apart(one: tuple[int | None, int | None], other: tuple[int | None, int | None]) -> bool:
    return any(
        earliest is not None and latest is not None and earliest > latest
        for (earliest, _), (_, latest) in ((one, other), (other, one))
    )


def _sex(facts: PatientFacts) -> str:
    return " and ".join(_SEX[sex] for sex in sorted(facts.sexes))


def _born(facts: PatientFacts, today: date) -> str:
    """Say when, and what that rests on."""
    earliest, latest = birth_years(facts, today)
    if facts.birth_date is not None:
        return f"in {latest}"
    if earliest is not None:
        return f"between {earliest} and {latest} by the dates and ages of its records"
    return f"in {latest} or before, being {facts.oldest:g} years old on an undated record"
