from __future__ import annotations

import pytest

from mmrag.clinical.finding_terms import agreeing
from mmrag.clinical.question import Assertion, FindingTerm
from mmrag.errors import QueryError


def term(written: str) -> FindingTerm:
    """Make a term of "+Mass" or "-Mass group"."""
    finding, _, group = written[1:].partition(" ")
    assertion: Assertion = {"+": "present", "-": "absent", "?": "uncertain"}[written[0]]  # type: ignore[assignment]
    return FindingTerm(finding=finding, assertion=assertion, group=group or None)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        # what is asked for outlives a doubt, a doubt a denial
        (["?Mass", "+Mass"], ["+Mass"]),
        (["-Mass", "?Mass"], ["?Mass"]),
        # named outright goes before a wider word
        (
            ["-Mass w", "-Nodule w", "+Mass"],
            ["-Nodule w", "+Mass"],
        ),
        (["+Mass w", "+Nodule w", "+Mass"], ["+Mass"]),
        (
            ["-Mass w", "-Nodule w", "-Mass"],
            ["-Nodule w", "-Mass"],
        ),
        # between two wider words the denial wins
        (
            ["+Mass w", "+Nodule w", "-Mass v"],
            ["+Nodule w", "-Mass v"],
        ),
        (
            ["+Mass w", "+Nodule w", "-Mass"],
            ["+Nodule w", "-Mass"],
        ),
        # one finding may be an alternative twice
        (
            ["+Mass w", "+Nodule w", "+Mass v", "+Edema v"],
            ["+Mass w", "+Nodule w", "+Mass v", "+Edema v"],
        ),
    ],
)
def test_what_stays(given: list[str], kept: list[str]) -> None:
    assert agreeing([term(each) for each in given]) == tuple(term(each) for each in kept)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["+Mass", "-Mass"], "both asked for and ruled out: leave one out"),
        (["+Mass w", "-Mass"], "'w' is asked for and all that"),
    ],
)
def test_contradictions_are_refused(given: list[str], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        agreeing([term(each) for each in given])


def test_a_contradiction_by_side_says_that_labels_hold_none() -> None:
    left = FindingTerm(finding="Mass", assertion="absent", side="left", written="mass")
    with pytest.raises(QueryError, match="hold no side or size"):
        agreeing([FindingTerm(finding="Mass", written="mass"), left])
