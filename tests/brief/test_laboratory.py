"""Which results of a panel are named, and which are only said to be there."""

from __future__ import annotations

from typing import Any

from mmrag.brief import Brief, Claim, compose
from mmrag.brief.laboratory import NAMED
from tests.brief.made import Shelf, answer, asking, leukocytes, panel, platelets


def brief_of(query: Any, *labs: Any) -> Brief:
    result = answer(query, (), tuple(labs))
    return compose(result, Shelf(result))


def abnormal(brief: Brief) -> list[Claim]:
    return [claim for claim in brief.claims if claim.kind == "lab-abnormal"]


def test_what_is_abnormal_on_the_side_that_does_not_bear_is_said_apart() -> None:
    (claim,) = abnormal(brief_of(asking("Pneumonia"), panel(1, leukocytes(3.1, "L"))))
    assert "do not bear on the question: Leukocytes" in claim.text
    (claim,) = abnormal(brief_of(asking("Pneumonia"), panel(1, leukocytes(15.2, "H"))))
    assert "15.2 10*3/uL, high" in claim.text


def test_what_was_asked_for_is_named_on_either_side() -> None:
    low = leukocytes(3.1, "L", matched=True)
    (claim,) = abnormal(brief_of(asking("Pneumonia"), panel(1, low)))
    assert "3.1 10*3/uL, low" in claim.text


def test_a_normal_result_that_bears_is_called_normal() -> None:
    brief = brief_of(asking("Pneumonia"), panel(1, leukocytes(7.0, "N")))
    assert not abnormal(brief)
    assert [c.kind for c in brief.claims if "7.0 10*3/uL" in c.text] == ["lab-normal"]


def test_of_many_other_results_the_critical_ones_are_named_and_all_are_cited() -> None:
    low = [platelets(100.0, "L", loinc=f"1-{n}", name=f"Result {n}") for n in range(9)]
    worst = platelets(5.0, "LL", loinc="1-9", name="Result 9")
    (claim,) = abnormal(brief_of(asking("Hernia"), panel(1, *low, worst)))
    assert claim.text.endswith("Result 3 low, Result 4 low and others.")
    assert claim.text.index("Result 9 low") < claim.text.index("Result 0 low")
    assert claim.text.count(" low") == NAMED
    assert sum(c.field.endswith(".flag") for c in claim.citations) == 10
