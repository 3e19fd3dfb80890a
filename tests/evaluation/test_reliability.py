"""P(finding) held against the truth."""

from __future__ import annotations

from mmrag.evaluation.bench import Bench
from mmrag.evaluation.reliability import reliability_of


def test_both_conditions_are_tried(bench: Bench) -> None:
    blind, seeing = reliability_of(bench)
    assert (blind.condition, seeing.condition) == ("labels 0%", "labels 100%")
    for each in (blind, seeing):
        assert len(each.tenths) == 10
        assert each.brier < each.brier_of_base_rate
        assert [t.predicted for t in each.tenths] == sorted(t.predicted for t in each.tenths)
