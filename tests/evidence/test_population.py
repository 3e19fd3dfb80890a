"""From films that were chosen to be read to a whole archive."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.evidence import NAMES, probability
from mmrag.evidence.fit import fit_evidence
from mmrag.evidence.population import at_rates, expected_rates
from tests.evidence.made import EFFUSION, made_reads


def test_labels_that_miss_half_stand_for_twice_as_many() -> None:
    reads = made_reads(films=4000)
    rates = expected_rates(reads, {"Effusion": 0.1})
    named = np.mean(["Effusion" in (names or ()) for names in reads.labels])
    seen = reads.shown[:, EFFUSION].mean()
    assert rates[EFFUSION] == pytest.approx(0.1 * seen / named, rel=0.02)


def test_a_finding_that_no_label_names_is_not_impossible() -> None:
    rates = expected_rates(made_reads(), {})
    assert ((rates > 0) & (rates < 0.01)).all()


READS = made_reads(films=60)
MODEL = fit_evidence(READS, "made", 0.1)


@given(st.floats(0.001, 0.9))
def test_an_average_film_has_the_rate_and_no_order_changes(rate: float) -> None:
    moved = at_rates(MODEL, np.full(len(NAMES), rate), dict.fromkeys(NAMES, 0.2))
    before, after = (each.weigh(READS.scores, READS.labels).log_odds for each in (MODEL, moved))
    steps = after - before
    np.testing.assert_allclose(steps, np.broadcast_to(steps[:1], steps.shape), atol=1e-4)
    odds = MODEL.base_rate / (1 - MODEL.base_rate)
    average = probability(np.log(odds) + steps[0])
    np.testing.assert_allclose(average, rate, atol=1e-3)
    assert (moved.base_rate == rate).all()
    assert (moved.history_rate == 0.2).all()
