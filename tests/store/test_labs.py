from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from mmrag.errors import InputError
from mmrag.records import (
    Condition,
    Flag,
    LabReport,
    Observation,
    Provenance,
    ReferenceRange,
    day_in_order,
)
from mmrag.settings import Settings
from mmrag.store import (
    Bound,
    LabCondition,
    LabEntry,
    LabFilter,
    LabRanking,
    RecordKey,
    Store,
    lab_search,
)
from mmrag.store.lab_terms import EVERY_PANEL
from mmrag.store.vectors import halved
from tests.store.conftest import DIMENSION, Server, index_scans, unit_vectors

START = datetime(2020, 1, 1, tzinfo=UTC)
PANELS = [f"panel {number}" for number in range(7)]
PANEL_VECTORS = unit_vectors(len(PANELS), seed=5)

LEUKOCYTES = LabCondition(analytes=("leukocytes",), loinc=("6690-2", "804-5"))
PLATELETS = LabCondition(analytes=("platelets",), loinc=("777-3",))
HIGH: frozenset[Flag] = frozenset({"H", "HH"})


def leukocytes(value: float, loinc: str = "6690-2") -> Observation:
    """Leukocytes in 10*3/uL with a made-up range of 4 to 10."""
    flag: Flag = "L" if value < 4 else "H" if value > 10 else "N"
    deviation = (value - 10) / 6 if value > 10 else (value - 4) / 6 if value < 4 else 0.0
    return Observation(
        loinc=loinc,
        name="Leukocytes [#/volume] in Blood",
        value=value,
        unit="10*3/uL",
        category="laboratory",
        analyte="leukocytes",
        canonical_value=value,
        reference=ReferenceRange(4, 10, "made up", critical_high=30),
        flag=flag,
        flag_source="made up",
        deviation=deviation,
    )


def platelets(value: float) -> Observation:
    """Platelets of a code whose analyte the table does not name."""
    return Observation(loinc="777-3", name="Platelets", value=value, canonical_value=value)


def words() -> Observation:
    return Observation(loinc="72166-2", name="Smoking", text="Never", category="social-history")


def entry(number: int, *observations: Observation, **changes: object) -> LabEntry:
    report = LabReport(
        id=f"r{number:04}",
        provenance=Provenance("synthea", "/data/observations.csv", number + 2),
        patient=f"synthea:{number % 10}",
        effective_at=START + timedelta(days=37 * number % 400),
        encounter=f"e{number}",
        age=float(number % 80),
        sex="F" if number % 2 else "M",
        observations=observations,
    )
    report = replace(report, **changes)  # type: ignore[arg-type]
    return LabEntry(report, PANELS[number % len(PANELS)], f"hash-{number}")


def write(store: Store, entries: list[LabEntry]) -> None:
    rows = [PANELS.index(each.panel) for each in entries]
    store.labs.write(entries, PANEL_VECTORS[rows])


def fill(store: Store, rows: int = 80) -> list[LabEntry]:
    entries = [
        entry(
            number,
            words(),
            leukocytes(2.0 + number % 13, "804-5" if number % 4 == 0 else "6690-2"),
            *([platelets(50.0 * (number % 9))] if number % 3 else []),
        )
        for number in range(rows)
    ]
    write(store, entries)
    return entries


def test_a_panel_comes_back_as_it_was_written(store: Store) -> None:
    for each in fill(store, 12):
        assert store.labs.get(each.key) == each.report
    assert store.labs.get(RecordKey("synthea", "absent")) is None


def test_writing_again_changes_nothing(store: Store) -> None:
    entries = fill(store)
    before = store.labs.search(PANEL_VECTORS[2], 200)
    fill(store)
    assert store.labs.search(PANEL_VECTORS[2], 200) == before
    assert store.status().labs["synthea"].observations == sum(
        len(each.report.observations) for each in entries
    )
    assert store.labs.known("synthea") == {e.report.id: e.record_hash for e in entries}


def test_a_changed_panel_is_replaced_whole(store: Store) -> None:
    fill(store, 5)
    changed = entry(1, leukocytes(99.0))
    write(store, [changed])
    assert store.labs.get(changed.key) == changed.report
    assert store.labs.count() == 5


def test_the_last_of_a_batch_wins(store: Store) -> None:
    write(store, [entry(1, leukocytes(5)), entry(1, leukocytes(6))])
    stored = store.labs.get(entry(1).key)
    assert stored is not None
    assert [each.value for each in stored.observations] == [6]


def test_an_empty_panel_and_an_empty_batch_are_no_trouble(store: Store) -> None:
    write(store, [])
    write(store, [entry(1)])
    assert store.labs.search(PANEL_VECTORS[0], 5)[0].report.observations == ()


def test_equal_texts_are_stored_once_and_given_back(store: Store) -> None:
    fill(store)
    found = store.labs.vectors_of([*PANELS, "never seen"])
    assert set(found) == set(PANELS)
    for text, vector in zip(PANELS, PANEL_VECTORS, strict=True):
        np.testing.assert_array_equal(found[text], halved(vector))


def test_vectors_that_do_not_fit_are_refused(store: Store) -> None:
    with pytest.raises(InputError):
        store.labs.write([entry(1)], PANEL_VECTORS)


def found_ids(
    store: Store, conditions: list[LabCondition], where: LabFilter = EVERY_PANEL
) -> set[str]:
    found = store.labs.search(PANEL_VECTORS[0], 1000, conditions, where)
    assert store.labs.count(conditions, where) == len(found)
    return {match.report.id for match in found}


def has_leukocytes(test: Callable[[float], bool]) -> Callable[[LabReport], bool]:
    return lambda report: any(
        test(each.canonical_value)
        for each in report.observations
        if each.analyte == "leukocytes" and each.canonical_value is not None
    )


def has_platelets(test: Callable[[float], bool]) -> Callable[[LabReport], bool]:
    return lambda report: any(
        test(each.canonical_value)
        for each in report.observations
        if each.loinc == "777-3" and each.canonical_value is not None
    )


@pytest.mark.parametrize(
    ("conditions", "keep"),
    [
        ([LEUKOCYTES], lambda report: True),
        ([PLATELETS], has_platelets(lambda value: True)),
        ([replace(LEUKOCYTES, lower=Bound(10))], has_leukocytes(lambda value: value >= 10)),
        ([replace(LEUKOCYTES, lower=Bound(10, False))], has_leukocytes(lambda value: value > 10)),
        ([replace(LEUKOCYTES, upper=Bound(4))], has_leukocytes(lambda value: value <= 4)),
        ([replace(LEUKOCYTES, upper=Bound(4, False))], has_leukocytes(lambda value: value < 4)),
        (
            [replace(PLATELETS, lower=Bound(50), upper=Bound(100))],
            has_platelets(lambda value: 50 <= value <= 100),
        ),
        ([replace(LEUKOCYTES, flags=HIGH)], has_leukocytes(lambda value: value > 10)),
        (
            [replace(LEUKOCYTES, flags=frozenset({"N"}), lower=Bound(9))],
            has_leukocytes(lambda value: 9 <= value <= 10),
        ),
        ([replace(PLATELETS, flags=HIGH)], lambda report: False),
        (
            [replace(LEUKOCYTES, flags=HIGH), replace(PLATELETS, upper=Bound(100))],
            lambda report: (
                has_leukocytes(lambda value: value > 10)(report)
                and has_platelets(lambda value: value <= 100)(report)
            ),
        ),
        (
            [LabCondition(analytes=("leukocytes",), loinc=("777-3",), lower=Bound(400))],
            has_platelets(lambda value: value >= 400),
        ),
        ([LabCondition(loinc=("804-5",))], lambda r: r.observations[1].loinc == "804-5"),
    ],
)
def test_conditions_are_decided_exactly(
    store: Store, conditions: list[LabCondition], keep: Callable[[LabReport], bool]
) -> None:
    entries = fill(store)
    assert found_ids(store, conditions) == {e.report.id for e in entries if keep(e.report)}


@pytest.mark.parametrize(
    ("where", "keep"),
    [
        (LabFilter(sex="F"), lambda r: r.sex == "F"),
        (LabFilter(age_min=60), lambda r: r.age >= 60),
        (LabFilter(age_max=60), lambda r: r.age <= 60),
        (LabFilter(source="fhir"), lambda r: False),
        (LabFilter(patient="synthea:3"), lambda r: r.patient == "synthea:3"),
        (
            LabFilter(since=START + timedelta(days=37), until=START + timedelta(days=74)),
            lambda r: 37 <= (r.effective_at - START).days <= 74,
        ),
    ],
)
def test_filters_leave_what_they_say(
    store: Store, where: LabFilter, keep: Callable[[LabReport], bool]
) -> None:
    entries = fill(store)
    wanted = {e.report.id for e in entries if keep(e.report)}
    assert found_ids(store, [], where) == wanted
    assert found_ids(store, [LEUKOCYTES], where) == wanted


def test_a_diagnosis_counts_while_it_is_active(store: Store) -> None:
    origin = Provenance("synthea", "/data/conditions.csv", 2)
    write(
        store,
        [
            entry(n, leukocytes(5), patient="synthea:1", effective_at=START + timedelta(days=n))
            for n in range(10)
        ],
    )
    first, last = date(2020, 1, 4), date(2020, 1, 6)
    store.people.write_conditions(
        [Condition("synthea:1", "233604007", "SNOMED-CT", "Pneumonia", first, last, origin)]
    )
    pneumonia = LabFilter(diagnoses=(("233604007", "0"),))
    assert found_ids(store, [LEUKOCYTES], pneumonia) == {"r0003", "r0004", "r0005"}


def test_what_matched_is_named_for_each_condition(store: Store) -> None:
    write(store, [entry(0, words(), leukocytes(3), leukocytes(12), platelets(10), leukocytes(15))])
    conditions = [replace(LEUKOCYTES, lower=Bound(10)), PLATELETS]
    (match,) = store.labs.search(PANEL_VECTORS[0], 5, conditions)
    assert match.matched == ((2, 4), (3,))


def test_the_score_is_what_it_says(store: Store) -> None:
    entries = fill(store)
    ranking = LabRanking(abnormal=0.6, similarity=0.3, recency=0.1)
    high = replace(LEUKOCYTES, flags=HIGH)
    found = store.labs.search(PANEL_VECTORS[1], 1000, [high], ranking=ranking)
    by_id = {each.report.id: each for each in entries}
    newest = max(by_id[m.report.id].report.effective_at for m in found)
    for match in found:
        wanted = by_id[match.report.id]
        deviation = wanted.report.observations[1].deviation
        assert deviation is not None
        cosine = float(halved(PANEL_VECTORS[PANELS.index(wanted.panel)]) @ halved(PANEL_VECTORS[1]))
        years = (newest - wanted.report.effective_at) / timedelta(days=365.25)
        assert match.abnormal == pytest.approx(0.6 * deviation / (1 + deviation))
        assert match.similarity == pytest.approx(0.3 * cosine, abs=1e-5)
        assert match.recency == pytest.approx(0.1 * 2**-years)
        assert match.score == pytest.approx(match.abnormal + match.similarity + match.recency)
    scores = [match.score for match in found]
    assert scores == sorted(scores, reverse=True)
    assert [
        m.report.id for m in store.labs.search(PANEL_VECTORS[1], 3, [high], ranking=ranking)
    ] == [m.report.id for m in found[:3]]


def test_deviations_without_bound_do_not_break_the_order(store: Store) -> None:
    odd = [replace(leukocytes(11), deviation=d) for d in (math.inf, math.nan, -math.inf, None, 1.0)]
    write(store, [entry(7 * number, each) for number, each in enumerate(odd)])
    found = store.labs.search(None, 9, [LEUKOCYTES], ranking=LabRanking(1.0, 0.0))
    assert {m.report.id: m.abnormal for m in found} == {
        "r0000": 1.0,
        "r0007": 0.0,
        "r0014": 1.0,
        "r0021": 0.0,
        "r0028": 0.5,
    }


def test_a_value_that_is_no_number_meets_no_bound(store: Store) -> None:
    values = [math.nan, math.inf, None]
    write(
        store,
        [
            entry(n, replace(leukocytes(5), value=v, canonical_value=v))
            for n, v in enumerate(values)
        ],
    )
    assert found_ids(store, [replace(LEUKOCYTES, lower=Bound(4))]) == {"r0001"}
    assert found_ids(store, [replace(LEUKOCYTES, upper=Bound(4))]) == set()


def test_words_alone_agree_with_numpy_and_equals_come_newest_first(store: Store) -> None:
    entries = fill(store)
    similarity = halved(PANEL_VECTORS) @ halved(PANEL_VECTORS[3])
    order = sorted(
        (each for each in entries),
        key=lambda e: (
            -similarity[PANELS.index(e.panel)],
            -e.report.effective_at.timestamp(),
            e.report.id,
        ),
    )
    found = store.labs.search(PANEL_VECTORS[3], 40)
    assert [m.report.id for m in found] == [e.report.id for e in order[:40]]


def test_the_index_gives_the_same_answer(
    server: Server,
    database: str,
    settings: Settings,
    no_seqscan: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    women = LabFilter(sex="F")
    with Store.open(settings, DIMENSION) as store:
        fill(store)
        exact = [store.labs.search(PANEL_VECTORS[3], 12, (), w) for w in (LabFilter(), women)]
    assert index_scans(server, database, "lab_vector_near") == 0
    monkeypatch.setattr(lab_search, "EXACT_UP_TO", 2)
    with Store.open(settings, DIMENSION) as store:
        near = [store.labs.search(PANEL_VECTORS[3], 12, (), w) for w in (LabFilter(), women)]
    assert near == exact
    assert index_scans(server, database, "lab_vector_near") > 0


def test_the_outermost_value_goes_farthest_in_the_direction_asked(store: Store) -> None:
    fill(store, 13)  # leukocytes 2 to 14

    def value(condition: LabCondition, where: LabFilter = EVERY_PANEL) -> float | None:
        (summary,) = store.labs.summaries([condition], where)
        assert summary.outermost is not None
        return summary.outermost.observation.value

    assert value(replace(LEUKOCYTES, lower=Bound(20))) == 14
    assert value(replace(LEUKOCYTES, upper=Bound(1))) == 2
    assert value(replace(LEUKOCYTES, lower=Bound(5.9), upper=Bound(5.95))) == 6
    assert value(replace(LEUKOCYTES, flags=HIGH)) == 14
    assert value(replace(LEUKOCYTES, flags=frozenset({"L", "LL"}))) == 2
    assert value(replace(LEUKOCYTES, flags=frozenset({"N"}))) in (4, 10)
    assert value(replace(LEUKOCYTES, lower=Bound(20)), LabFilter(sex="F")) == 13
    (nothing,) = store.labs.summaries([LabCondition(loinc=("0-0",), lower=Bound(1))])
    assert nothing.outermost is None


def test_a_summary_is_numpys(store: Store) -> None:
    entries = fill(store)
    values = [e.report.observations[1].value or 0.0 for e in entries]
    nowhere = LabCondition(loinc=("0-0",))
    high = replace(LEUKOCYTES, lower=Bound(10, inclusive=False))
    nothing, summary = store.labs.summaries([nowhere, high])
    assert (summary.values, summary.patients) == (len(values), 10)
    assert (summary.minimum, summary.maximum) == (min(values), max(values))
    assert [
        summary.lower_quartile,
        summary.median,
        summary.upper_quartile,
    ] == pytest.approx(np.quantile(values, [0.25, 0.5, 0.75]).tolist())
    assert summary.abnormal == sum(not 4 <= value <= 10 for value in values)
    assert summary.share_abnormal == pytest.approx(summary.abnormal / len(values))
    meeting = [e.report for e in entries if has_leukocytes(lambda value: value > 10)(e.report)]
    assert (summary.meeting, summary.meeting_patients) == (
        len(meeting),
        len({report.patient for report in meeting}),
    )
    assert (nothing.values, nothing.median, nothing.share_abnormal) == (0, None, None)


def test_a_series_is_in_order_of_time(store: Store) -> None:
    entries = fill(store)
    series = store.labs.series(LEUKOCYTES, LabFilter(patient="synthea:3"))
    own = sorted(
        (e.report for e in entries if e.report.patient == "synthea:3"),
        key=lambda report: report.effective_at,
    )
    assert [(p.effective_at, p.value, p.report.id) for p in series] == [
        (r.effective_at, r.observations[1].value, r.id) for r in own
    ]


_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)
_number = st.none() | st.floats(allow_nan=False)
_range = st.builds(ReferenceRange, _number, _number, _text, _number, _number)
_observation = st.builds(
    Observation,
    loinc=_text,
    name=_text,
    value=_number,
    text=st.none() | _text,
    unit=st.none() | _text,
    category=st.none() | _text,
    analyte=st.none() | _text,
    canonical_value=_number,
    reference=st.none() | _range,
    flag=st.sampled_from([None, "LL", "L", "N", "H", "HH"]),
    flag_source=st.none() | _text,
    deviation=_number,
)


@given(
    st.lists(_observation, max_size=4),
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),
)
@rules(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_panel_comes_back_as_it_was_written(
    store: Store, observations: list[Observation], at: datetime
) -> None:
    each = entry(1, *observations, effective_at=at.replace(tzinfo=UTC))
    write(store, [each])
    assert store.labs.get(each.key) == each.report


def test_a_counted_day_comes_back_and_is_no_date(store: Store) -> None:
    counted = entry(1, leukocytes(5), effective_at=day_in_order(-6.5), day=-6.5)
    write(store, [counted, entry(2, leukocytes(5))])
    assert store.labs.count([LEUKOCYTES]) == 2
    assert store.labs.get(counted.key) == counted.report
    assert counted.report.sampled_at is None
    for period in (
        LabFilter(since=day_in_order(-1000)),
        LabFilter(until=datetime(2300, 1, 1, tzinfo=UTC)),
    ):
        assert store.labs.count([LEUKOCYTES], period) == 1
    (point,) = store.labs.series(LEUKOCYTES, LabFilter(patient=counted.report.patient))
    assert (point.day, point.loinc) == (-6.5, counted.report.observations[0].loinc)


def test_text_that_postgresql_cannot_hold_is_mended(store: Store) -> None:
    write(store, [entry(1, replace(words(), text="Ne\x00ver", name="Sm\udcffoking"))])
    stored = store.labs.get(entry(1).key)
    assert stored is not None
    assert (stored.observations[0].text, stored.observations[0].name) == ("Ne\ufffdver", "Sm?oking")
