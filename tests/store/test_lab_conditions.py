"""Conditions on a patient's own series, denials and alternatives, against plain Python."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from statistics import fmean

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from mmrag.records import Condition, Flag, LabReport, Observation, Provenance
from mmrag.store import Bound, LabCondition, LabEntry, LabFilter, LabRanking, Store
from tests.store.conftest import unit_vectors

START = datetime(2020, 1, 1, tzinfo=UTC)
WBC = LabCondition(analytes=("leukocytes",))
CRP = LabCondition(analytes=("crp",))
EITHER = LabCondition(analytes=("leukocytes", "crp"))
HIGH: frozenset[Flag] = frozenset({"H", "HH"})
TEXT, VECTOR = "a panel", unit_vectors(1, seed=1)


def result(value: float | None, key: str = "leukocytes", **changes: object) -> Observation:
    flag: Flag | None = None if value is None else "H" if value > 10 else "N"
    made = Observation(
        loinc=key,
        name=key,
        value=value,
        analyte=key,
        canonical_value=value,
        flag=flag,
        deviation=None if value is None else max(0.0, value - 10),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def panel(name: str, day: float, *results: Observation, **changes: object) -> LabReport:
    made = LabReport(
        id=name,
        provenance=Provenance("synthea", "/data/observations.csv", 2),
        patient="synthea:" + name[0],
        effective_at=START + timedelta(days=day),
        age=50.0,
        sex="F",
        observations=results,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def write(store: Store, *panels: LabReport) -> None:
    entries = [LabEntry(each, TEXT, each.id) for each in panels]
    store.labs.write(entries, VECTOR.repeat(len(entries), axis=0))


def found(store: Store, *conditions: LabCondition, where: LabFilter | None = None) -> str:
    matches = store.labs.search(None, 100, conditions, where or LabFilter())
    assert store.labs.count(conditions, where or LabFilter()) == len(matches)
    return " ".join(sorted(match.report.id for match in matches))


def test_a_denial_asks_that_it_was_measured_and_not_met(store: Store) -> None:
    write(
        store,
        panel("a", 1, result(5)),
        panel("b", 1, result(12)),
        panel("c", 1, result(5), result(12)),
        panel("d", 1, result(5, "crp")),
        panel("e", 1, result(12, canonical_value=None)),
        panel("f", 1, result(12, flag=None)),
    )
    assert found(store, replace(WBC, lower=Bound(10), negated=True)) == "a"
    assert found(store, replace(WBC, flags=HIGH, negated=True)) == "a"
    assert found(store, replace(EITHER, flags=HIGH, negated=True)) == "a d"
    (match,) = store.labs.search(None, 5, [replace(WBC, flags=HIGH, negated=True)])
    assert match.matched == ((0,),)
    assert match.abnormal == 0


def test_only_the_newest_result_counts_when_the_latest_is_asked_for(store: Store) -> None:
    write(
        store,
        panel("a1", 1, result(12)),
        panel("a2", 2, result(5), result(20, "crp")),
        panel("a3", 3, result(8, "crp")),
        panel("b1", 1, result(5)),
        panel("b2", 2, result(12)),
        panel("c1", 1, result(12)),
        panel("c2", 2, result(13, canonical_value=None)),
        panel("d1", 1, result(12)),
        panel("d2", 2, result(None)),
    )
    latest = replace(WBC, latest=True)
    assert found(store, latest) == "a2 b2 c2 d1"
    assert found(store, replace(latest, lower=Bound(10))) == "b2 d1"
    assert found(store, replace(EITHER, latest=True)) == "a2 a3 b2 c2 d1"
    assert found(store, replace(latest, lower=Bound(10), negated=True)) == "a2"
    early = LabFilter(until=START + timedelta(days=1))
    assert found(store, replace(latest, lower=Bound(10)), where=early) == "a1 c1 d1"


def test_results_of_one_time_are_all_the_newest(store: Store) -> None:
    write(store, panel("a1", 2, result(5)), panel("a2", 2, result(12)), panel("a3", 1, result(14)))
    assert found(store, replace(WBC, latest=True)) == "a1 a2"
    assert found(store, replace(WBC, latest=True, lower=Bound(10))) == "a2"


def test_a_trend_holds_the_newest_value_against_the_one_before(store: Store) -> None:
    write(
        store,
        panel("a1", 1, result(9)),
        panel("a2", 2, result(4)),
        panel("a3", 3, result(8)),
        panel("b1", 1, result(4)),
        panel("b2", 2, result(3)),
        panel("c1", 1, result(4)),
        panel("d1", 1, result(4)),
        panel("d2", 2, result(4)),
        panel("e1", 1, result(2)),
        panel("e2", 1, result(4)),
        panel("e3", 5, result(3.5)),
        panel("e4", 6, result(9, canonical_value=None)),
    )
    assert found(store, replace(WBC, trend="rising")) == "a3 e3"
    assert found(store, replace(WBC, trend="falling")) == "b2"
    assert found(store, replace(WBC, trend="rising", negated=True)) == "b2 d2"
    ranking = LabRanking(abnormal=1.0, similarity=0.0)
    first, second = store.labs.search(None, 5, [replace(WBC, trend="rising")], ranking=ranking)
    assert [first.report.id, second.report.id] == ["a3", "e3"]
    assert [first.abnormal, second.abnormal] == pytest.approx([1 / 2, 1 / 7])
    (change,) = second.changes
    assert (change.index, change.previous) == (0, 3.0)
    assert change.previous_at == START + timedelta(days=1)


def test_conditions_of_one_group_are_alternatives(store: Store) -> None:
    write(
        store,
        panel("a", 1, result(12), result(5, "crp")),
        panel("b", 1, result(5), result(50, "crp")),
        panel("c", 1, result(5), result(5, "crp")),
        panel("d", 1, result(13)),
    )
    high = [replace(each, flags=HIGH, group="g") for each in (WBC, CRP)]
    assert found(store, *high) == "a b d"
    assert found(store, *high, CRP) == "a b"
    assert found(store, replace(WBC, upper=Bound(6), group="x"), high[1]) == "b"
    matched = {m.report.id: m.matched for m in store.labs.search(None, 9, high)}
    assert matched == {"a": ((0,), ()), "b": ((), (1,)), "d": ((0,), ())}


def test_all_diagnoses_hold_and_none_of_those_ruled_out(store: Store) -> None:
    origin = Provenance("synthea", "/data/conditions.csv", 2)
    write(store, *(panel(f"a{day}", day, result(5)) for day in range(6)))
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(6)]
    store.people.write_conditions(
        [
            Condition("synthea:a", "1", "SNOMED-CT", "Gout", days[1], days[4], origin),
            Condition("synthea:a", "2", "SNOMED-CT", "Asthma", days[3], None, origin),
        ]
    )
    assert found(store, WBC, where=LabFilter(diagnoses=(("1",),))) == "a1 a2 a3 a4"
    assert found(store, WBC, where=LabFilter(diagnoses=(("1",), ("2",)))) == "a3 a4"
    assert found(store, WBC, where=LabFilter(diagnoses=(("1", "2"),))) == "a1 a2 a3 a4 a5"
    assert found(store, WBC, where=LabFilter(diagnoses=(("1",),), without=("2",))) == "a1 a2"
    assert found(store, WBC, where=LabFilter(diagnoses=((),))) == ""
    assert store.people.condition_names() == [("2", "Asthma"), ("1", "Gout")]


@pytest.mark.parametrize(
    ("where", "names"),
    [
        (LabFilter(age_min=60), "b c"),
        (LabFilter(age_min=60, age_min_inclusive=False), "c"),
        (LabFilter(age_max=60), "a b"),
        (LabFilter(age_max=60, age_max_inclusive=False), "a"),
    ],
)
def test_a_bound_of_age_takes_its_own_age_in_or_not(
    store: Store, where: LabFilter, names: str
) -> None:
    ages = {"a": 59.9, "b": 60.0, "c": 60.003}
    write(store, *(panel(name, 1, result(5), age=age) for name, age in ages.items()))
    assert found(store, WBC, where=where) == names


_EXAMPLES = itertools.count()
_series = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 4), st.integers(1, 6)), max_size=9
)


@given(_series)
@rules(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_latest_and_trend_agree_with_plain_python(
    store: Store, rows: list[tuple[str, int, int]]
) -> None:
    source = f"s{next(_EXAMPLES)}"
    origin = Provenance(source, "/data/observations.csv", 2)
    names = [f"{patient}{number}" for number, (patient, _, _) in enumerate(rows)]
    write(
        store,
        *(
            panel(name, day, result(value), provenance=origin)
            for name, (_, day, value) in zip(names, rows, strict=True)
        ),
    )

    def expected(keep: Callable[[float, list[float]], bool]) -> str:
        kept = []
        for name, (patient, day, value) in zip(names, rows, strict=True):
            days = sorted({d for p, d, _ in rows if p == patient})
            before = [v for p, d, v in rows if p == patient and len(days) > 1 and d == days[-2]]
            if day == days[-1] and keep(value, [float(v) for v in before]):
                kept.append(name)
        return " ".join(sorted(kept))

    own = LabFilter(source=source)
    latest = replace(WBC, latest=True, lower=Bound(3))
    assert found(store, latest, where=own) == expected(lambda v, _: v >= 3)
    rising, falling = (replace(WBC, trend=trend) for trend in ("rising", "falling"))
    assert found(store, rising, where=own) == expected(lambda v, b: bool(b) and v > fmean(b))
    assert found(store, falling, where=own) == expected(lambda v, b: bool(b) and v < fmean(b))
