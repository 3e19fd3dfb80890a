from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mmrag.store import Persons

NAMES = st.sampled_from([f"nih:{n}" for n in range(6)] + [f"fhir:{n}" for n in range(6)])
PAIRS = st.lists(st.tuples(NAMES, NAMES), max_size=12)


def test_nobody_is_one_with_others_unless_joined() -> None:
    persons = Persons([("nih:1", "fhir:2")])
    assert persons.patients("nih:3") == {"nih:3"}
    assert persons.name("nih:3") == "nih:3"
    assert not persons.are_one(["nih:1", "nih:3"])
    assert not persons.are_one([])


def test_who_is_joined_with_one_is_joined_with_all() -> None:
    persons = Persons([("nih:1", "fhir:2"), ("covid:3", "fhir:2")])
    assert persons.patients("nih:1") == {"nih:1", "fhir:2", "covid:3"}
    assert {persons.name(each) for each in persons.patients("nih:1")} == {"covid:3"}
    assert persons.are_one(["nih:1", "covid:3"])


@given(pairs=PAIRS, order=st.randoms(use_true_random=False))
def test_the_groups_are_the_same_in_any_order(pairs: list[tuple[str, str]], order: object) -> None:
    mixed = [(b, a) for a, b in pairs]
    order.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = Persons(pairs), Persons(mixed)
    for name in {name for pair in pairs for name in pair}:
        assert one.patients(name) == other.patients(name)
        assert all(one.patients(each) == one.patients(name) for each in one.patients(name))
