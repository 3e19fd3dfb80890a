"""Which of one patient's film and blood came first, and what cannot be said of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from mmrag.brief import Brief, Claim, compose
from mmrag.brief.timeline import common_clock, gap_words, in_order, order_words
from tests.brief.made import Shelf, answer, asking, film, leukocytes, panel

SAME: dict[str, Any] = {"patient": "covid:1", "source": "covid"}


def of_day(day: float | None, rank: int = 1, **other: Any) -> Any:
    return panel(rank, leukocytes(), effective_at=None, day=day, **{**SAME, **other})


def the_timeline(brief: Brief) -> Claim:
    return next(claim for claim in brief.claims if claim.patient and claim.kind == "limit")


def brief_of(films: tuple[Any, ...], labs: tuple[Any, ...]) -> Brief:
    result = answer(asking("Pneumonia"), films, labs)
    return compose(result, Shelf(result))


def test_days_of_the_source_are_put_in_order() -> None:
    brief = brief_of(
        (film(1, ("Pneumonia",), day=22.0, **SAME), film(2, ("Pneumonia",), day=20.0, **SAME)),
        (of_day(20.0), of_day(20.5, rank=2)),
    )
    claim = the_timeline(brief)
    assert claim.text == (
        "Patient covid:1 has films #1 and #2 and panels #1 and #2; in the order of time, in days "
        "as the source counts them: film #2 (day 20), panel #1 on the same day, "
        "panel #2 0.5 days later (day 20.5), film #1 1.5 days later (day 22)."
    )
    assert {(c.record, c.value) for c in claim.citations if c.field == "day"} == {
        ("film:00000001_000.png", 22.0),
        ("film:00000002_000.png", 20.0),
        ("lab:panel-1", 20.0),
        ("lab:panel-2", 20.5),
    }
    assert "1900" not in brief.model_dump_json()
    assert brief.dropped == 0


def test_dates_are_put_in_order_by_the_calendar() -> None:
    films = (film(1, ("Pneumonia",), taken_on=date(2021, 7, 30), **SAME),)
    labs = (panel(1, leukocytes(), **SAME), panel(9, leukocytes(), **SAME))
    claim = the_timeline(brief_of(films, labs))
    assert claim.text.endswith(
        "panels #1 and #9; in the order of time: film #1 (2021-07-30), "
        "panel #1 2 days later (2021-08-01), panel #9 8 days later (2021-08-09)."
    )


@pytest.mark.parametrize(
    ("of_film", "of_panel"),
    [({}, {"day": 3.0, "effective_at": None}), ({"day": 3.0}, {}), ({}, {})],
)
def test_without_a_common_clock_nothing_is_put_in_order(
    of_film: dict[str, Any], of_panel: dict[str, Any]
) -> None:
    films = (film(1, ("Pneumonia",), **SAME, **of_film),)
    labs = (panel(1, leukocytes(), **{**SAME, **of_panel}),)
    claim = the_timeline(brief_of(films, labs))
    assert "which came first is not known" in claim.text
    assert common_clock(films, labs) is None
    assert gap_words(films[0], labs[0]) == ""


def test_what_lacks_the_day_is_counted_apart() -> None:
    films = (film(1, day=1.0, **SAME), film(2, **SAME))
    claim = the_timeline(brief_of(films, (of_day(2.0),)))
    assert claim.text.endswith("panel #1 1 day later (day 2); 1 of them without a day.")


def test_a_comparison_says_how_far_apart_film_and_blood_are() -> None:
    films = (film(1, ("Pneumonia",), day=20.0, **SAME),)
    for day, words in ((20.0, "of the day of the film"), (50.0, "30 days after the film"),
                       (19.0, "1 day before the film")):  # fmt: skip
        brief = brief_of(films, (of_day(day),))
        (agreement,) = (claim for claim in brief.claims if claim.kind == "agreement")
        assert f"panel #1 (day {day:g}), {words}: " in agreement.text


def test_a_day_that_changed_in_the_store_takes_the_order_with_it() -> None:
    result = answer(
        asking("Pneumonia"), (film(1, ("Pneumonia",), day=20.0, **SAME),), (of_day(22.0),)
    )
    shelf = Shelf(result)
    shelf.change_film(day=25.0)
    brief = compose(result, shelf)
    assert brief.dropped
    assert not [claim for claim in brief.claims if "in the order of time" in claim.text]


def test_a_film_and_a_panel_that_have_both_clocks_are_put_in_order_by_the_calendar() -> None:
    first = film(1, taken_on=date(2021, 8, 1), day=3.0, **SAME)
    lab = panel(1, effective_at=datetime(2021, 8, 2, tzinfo=UTC), **SAME)
    clock = common_clock([first], [lab])
    assert clock == "date"
    placed = in_order([first], [lab], clock)
    assert order_words(placed) == "film #1 (2021-08-01), panel #1 1 day later (2021-08-02)"
