"""What the whole store holds of a state: found, not found, or never measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mmrag.brief import Brief, compose
from mmrag.retrieval.results import (
    CohortSummary,
    Coverage,
    Measurement,
    SearchResult,
    StateCoverage,
)
from tests.brief.made import Shelf, answer, asking, leukocytes, panel

HIGHEST = panel(1, leukocytes(10.5, "N"))


def state(**other: Any) -> StateCoverage:
    fields: dict[str, Any] = {
        "state": "leukocytosis",
        "analytes": ("leukocytes",),
        "findings": ("Pneumonia",),
        "measured": 155,
        "patients": 40,
        "showing": 0,
        "showing_patients": 0,
        "in_range": 150,
        "outermost": Measurement(
            report=HIGHEST.report,
            source=HIGHEST.source,
            patient=HIGHEST.patient,
            effective_at=datetime(2021, 8, 1, tzinfo=UTC),
            loinc="6690-2",
            name="Leukocytes",
            value=10.5,
            unit="10*3/uL",
        ),
    }
    return StateCoverage(**{**fields, **other})


def surveyed(
    states: tuple[StateCoverage, ...],
    cohort: tuple[CohortSummary, ...] = (),
    counted: Coverage | None = None,
) -> Brief:
    plain = answer(asking("Pneumonia"), (), (HIGHEST,))
    labs = plain.coverage.labs.model_copy(update={"states": states, "cohort": cohort})
    coverage = plain.coverage.model_copy(update={"labs": labs})
    result: SearchResult = plain.model_copy(update={"coverage": coverage})
    shelf = Shelf(plain)
    shelf.counted = coverage if counted is None else counted
    return compose(result, shelf)


def test_what_was_not_found_names_the_nearest_value_and_its_panel() -> None:
    brief = surveyed((state(),))
    (claim,) = [c for c in brief.claims if "leukocytosis" in c.text]
    assert claim.kind == "nothing-found"
    assert claim.text == (
        "leukocytosis (bears on Pneumonia): none found among 155 results of 40 patients, 150 in "
        "their range; the nearest is 10.5 10*3/uL."
    )
    assert f"lab:{HIGHEST.report}" in claim.records
    assert claim.citations[0].field == "states[0].measured"


def test_a_nearest_value_that_the_store_does_not_hold_is_not_printed() -> None:
    near = state().outermost
    assert near is not None
    brief = surveyed((state(outermost=near.model_copy(update={"value": 99.0})),))
    assert not [c for c in brief.claims if "leukocytosis" in c.text]
    assert brief.dropped == 1


def test_a_survey_that_the_store_does_not_bear_out_is_not_printed() -> None:
    counted = answer(asking("Pneumonia"), (), (HIGHEST,)).coverage  # surveys nothing
    brief = surveyed((state(showing=3, showing_patients=2),), counted=counted)
    assert not [c for c in brief.claims if "leukocytosis" in c.text]
    assert brief.dropped > 1  # the own count of the leg goes with it


def test_what_was_found_is_counted_and_what_was_never_measured_said() -> None:
    brief = surveyed(
        (
            state(showing=3, showing_patients=2, findings=()),
            state(state="raised CRP", measured=0, outermost=None),
        )
    )
    texts = [c.text for c in brief.claims]
    found = "leukocytosis: shown by 3 of 155 results in the store, in 2 of 40 patients."
    assert found in texts
    assert "Nothing in the store was measured for: raised CRP (bears on Pneumonia)." in texts


def test_a_cohort_is_summed_up() -> None:
    cohort = CohortSummary(
        analyte="platelets", name="platelets", unit="10*3/uL", values=160, patients=40,
        minimum=150.0, lower_quartile=200.0, median=250.5, upper_quartile=300.0, maximum=449.0,
        flagged=160, abnormal=2, share_abnormal=0.0125,
    )  # fmt: skip
    (claim,) = [c for c in surveyed((), (cohort,)).claims if "median" in c.text]
    assert "median 250 10*3/uL, quartiles 200 and 300, from 150 to 449" in claim.text
    assert "2 of 160 flagged results are abnormal" in claim.text
