"""What of the labels may be seen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mmrag.evaluation.bench import lot
from mmrag.evaluation.conditions import covered, shuffled, without_finding

labels = st.lists(
    st.none() | st.sampled_from([(), ("Mass",), ("Mass", "Effusion"), ("Effusion",)]), max_size=40
).map(tuple)


@given(labels, st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_a_share_of_the_films_keeps_its_labels(given_labels: tuple, share: float) -> None:  # type: ignore[type-arg]
    seen = covered(given_labels, share, lot("t"))
    hidden = [a != b for a, b in zip(seen, given_labels, strict=True)]
    assert all(s is None for s, h in zip(seen, hidden, strict=True) if h)
    assert sum(hidden) <= len(seen) - round(share * len(seen))


@given(labels)
def test_more_labels_hold_the_fewer(given_labels: tuple) -> None:  # type: ignore[type-arg]
    quarter = covered(given_labels, 0.25, lot("t"))
    half = covered(given_labels, 0.5, lot("t"))
    assert all(a is None or a == b for a, b in zip(quarter, half, strict=True))


@given(labels)
def test_a_finding_that_the_table_never_knew(given_labels: tuple) -> None:  # type: ignore[type-arg]
    seen = without_finding(given_labels, "Mass")
    assert all("Mass" not in (names or ()) for names in seen)
    assert [n is None for n in seen] == [n is None for n in given_labels]
    assert without_finding((("Mass",),), "Mass") == ((),)


@given(labels)
def test_shuffling_loses_nothing(given_labels: tuple) -> None:  # type: ignore[type-arg]
    assert sorted(map(repr, shuffled(given_labels, lot("t")))) == sorted(map(repr, given_labels))
