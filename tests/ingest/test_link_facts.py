"""Who cannot be one person: sex, years of birth, and what one source keeps apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.ingest.link_facts import birth_years, contradiction
from mmrag.records import Sex
from mmrag.store import PatientFacts

TODAY = date(2026, 6, 1)
SEXES: list[Sex] = ["F", "M"]
FEMALE, MALE = frozenset(SEXES[:1]), frozenset(SEXES[1:])
FILM = PatientFacts(films=1)
BORN_1960 = PatientFacts(films=1, birth_years=(1960, 1960))
LAB = PatientFacts(panels=1)

years = st.integers(1900, 2026)
facts = st.builds(
    PatientFacts,
    films=st.integers(0, 2),
    panels=st.integers(0, 2),
    sexes=st.frozensets(st.sampled_from(SEXES)),
    birth_date=st.none() | st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    birth_years=st.none() | st.tuples(years, years).map(lambda two: (min(two), max(two))),
    oldest=st.none() | st.floats(0, 110),
)


def said(one: PatientFacts, other: PatientFacts) -> str | None:
    return contradiction("nih:1", one, "fhir:2", other, TODAY)


@pytest.mark.parametrize(
    ("one", "other", "wrong"),
    [
        (replace(FILM, sexes=MALE), replace(LAB, sexes=FEMALE), "nih:1 is male"),
        (replace(FILM, sexes=MALE), LAB, None),
        (replace(FILM, sexes=FEMALE | MALE), replace(LAB, sexes=FEMALE), None),
        # 50 years old in 2010: born in 1960 or, before the birthday, in 1959
        (
            BORN_1960,
            replace(LAB, birth_date=date(1959, 12, 31)),
            None,
        ),
        (BORN_1960, replace(LAB, birth_date=date(1961, 1, 1)), None),
        (
            BORN_1960,
            replace(LAB, birth_date=date(1958, 12, 31)),
            "between 1959 and 1961 by the dates and ages of its records and fhir:2 in 1958",
        ),
        (
            BORN_1960,
            replace(LAB, birth_date=date(1962, 1, 1)),
            "1962",
        ),
        # no date: only what is impossible on this day
        (replace(FILM, oldest=70.0), replace(LAB, birth_date=date(1956, 12, 1)), None),
        (replace(FILM, oldest=20.0), replace(LAB, birth_date=date(1930, 1, 1)), None),
        (
            replace(FILM, oldest=70.0),
            replace(LAB, birth_date=date(1957, 1, 1)),
            "nih:1 was born in 1956 or before, being 70 years old on an undated record",
        ),
        (
            replace(FILM, oldest=70.0),
            replace(LAB, birth_years=(1990, 1991)),
            "between 1989 and 1992",
        ),
        (replace(FILM, oldest=70.0), replace(LAB, oldest=3.0), None),
    ],
)
def test_what_contradicts(one: PatientFacts, other: PatientFacts, wrong: str | None) -> None:
    found = said(one, other)
    assert found is None if wrong is None else found is not None and wrong in found


def test_one_source_keeps_its_own_patients_apart() -> None:
    found = contradiction("nih:1", FILM, "nih:2", FILM, TODAY)
    assert found == "source nih has films of both nih:1 and nih:2 as two patients"
    assert contradiction("fhir:1", LAB, "fhir:2", LAB, TODAY)
    # numbers of the film archive and of the laboratory, of one hospital
    assert contradiction("hospital:1", FILM, "hospital:2", LAB, TODAY) is None
    assert contradiction("nih:1", FILM, "nih:1", FILM, TODAY) is None


def test_a_date_of_birth_decides_alone() -> None:
    known = PatientFacts(birth_date=date(1950, 1, 1), birth_years=(1980, 1990), oldest=90.0)
    assert birth_years(known, TODAY) == (1950, 1950)


@given(one=facts, other=facts)
def test_it_contradicts_both_ways_or_neither(one: PatientFacts, other: PatientFacts) -> None:
    there = contradiction("nih:1", one, "fhir:2", other, TODAY)
    back = contradiction("fhir:2", other, "nih:1", one, TODAY)
    assert (there is None) == (back is None)


@given(known=facts)
def test_nobody_contradicts_itself_or_a_stranger(known: PatientFacts) -> None:
    assert said(known, known) is None
    assert said(known, PatientFacts()) is None


@given(one=facts, other=facts)
def test_knowing_less_never_makes_a_contradiction(one: PatientFacts, other: PatientFacts) -> None:
    if said(one, other) is None:
        assert said(replace(one, sexes=frozenset()), other) is None
        nothing = replace(one, birth_date=None, birth_years=None, oldest=None)
        assert said(nothing, other) is None


@given(
    born=st.dates(date(1920, 1, 1), date(2020, 1, 1)),
    taken=st.dates(date(2020, 1, 2), date(2026, 1, 1)),
    rounding=st.sampled_from([0.0, 0.5]),
)
def test_a_true_age_never_contradicts_the_date_of_birth(
    born: date, taken: date, rounding: float
) -> None:
    age = int((taken - born).days / 365.25 + rounding)
    film = PatientFacts(films=1, birth_years=(taken.year - age, taken.year - age))
    assert said(film, PatientFacts(panels=1, birth_date=born)) is None
