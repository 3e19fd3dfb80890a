"""The sources of what the brief knows about findings and results."""

from __future__ import annotations

from typing import Any

from mmrag.brief import Brief, compose
from mmrag.retrieval.results import StateCoverage
from tests.brief.made import Shelf, answer, asking, film, leukocytes, panel


def sources_in(brief: Brief) -> list[str]:
    return [c.text for c in brief.claims if c.text.startswith("That a result bears")]


def test_a_comparison_within_one_patient_names_its_source() -> None:
    one: dict[str, Any] = {"patient": "nih:1"}
    result = answer(asking("Pneumonia"), (film(1, ("Pneumonia",), **one),), (panel(1, **one),))
    (text,) = sources_in(compose(result, Shelf(result)))
    assert "Metlay JP" in text
    assert text.endswith("(leukocytes on Pneumonia).")


def test_the_counts_over_the_store_name_their_sources_once_each() -> None:
    states = tuple(
        StateCoverage(
            state=key, analytes=(key,), findings=findings, measured=1, patients=1, showing=0,
            showing_patients=0, in_range=1, outermost=None,
        )
        for key, findings in (
            ("leukocytes", ("Pneumonia", "Effusion")),
            ("neutrophils", ("Pneumonia",)),
        )
    )  # fmt: skip
    result = answer(asking("Pneumonia", "Effusion"), (film(1),), (panel(1, leukocytes(7.0, "N")),))
    labs = result.coverage.labs.model_copy(update={"states": states})
    result = result.model_copy(
        update={"coverage": result.coverage.model_copy(update={"labs": labs})}
    )
    (text,) = sources_in(compose(result, Shelf(result)))
    assert text.count("Metlay JP") == 1
    assert "(leukocytes and neutrophils on Pneumonia)" in text
    assert "(leukocytes on Effusion)" in text


def test_without_a_bearing_nothing_is_cited() -> None:
    result = answer(asking("Pneumonia"), (film(1, ("Pneumonia",)),), (panel(1),))
    assert sources_in(compose(result, Shelf(result))) == []
