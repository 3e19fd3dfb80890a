"""Films with and without labels stand alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmrag.evidence import NAMES
from mmrag.evidence.fit import Form, fit_evidence
from mmrag.evidence.model import EvidenceModel
from mmrag.evidence.terms import on_equal_terms
from tests.evidence.made import EFFUSION, NODULE, made_reads


def blunted(model: EvidenceModel) -> EvidenceModel:
    """Let films without labels be known less well than they are."""
    old = model.unlabelled
    return replace(model, unlabelled=replace(old, prior=old.prior + 1, pixels=old.pixels / 3))


def places(values: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(values)) / len(values)


def test_both_kinds_are_as_high_and_as_far_apart() -> None:
    reads = made_reads()
    model = on_equal_terms(blunted(fit_evidence(reads, "made", 0.1)), reads)
    seeing = model.weigh(reads.scores, reads.labels).log_odds
    blind = model.weigh(reads.scores, [None] * len(reads)).log_odds
    np.testing.assert_allclose(blind.mean(axis=0), seeing.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(blind.std(axis=0), seeing.std(axis=0), atol=1e-4)


@pytest.mark.parametrize("column", [EFFUSION, NODULE])
def test_having_labels_neither_lifts_films_nor_sinks_them(column: int) -> None:
    model = fit_evidence(made_reads(), "made", 0.1)
    gaps = []
    for seed in range(20, 40):
        others = made_reads(seed=seed)
        labelled = np.random.default_rng([seed, 1]).random(len(others)) < 0.5
        labels = [
            names if kept else None for names, kept in zip(others.labels, labelled, strict=True)
        ]
        standing = places(model.weigh(others.scores, labels).log_odds[:, column])
        gaps.append(standing[labelled].mean() - standing[~labelled].mean())
    assert abs(np.mean(gaps)) < 0.05


def test_the_order_of_films_without_labels_stays() -> None:
    reads = made_reads()
    before = blunted(fit_evidence(reads, "made", 0.1))
    after = on_equal_terms(before, reads)
    one, other = (
        each.weigh(reads.scores, [None] * len(reads)).log_odds for each in (before, after)
    )
    for column in range(len(NAMES)):
        assert (np.argsort(one[:, column]) == np.argsort(other[:, column])).all()
    assert after.labelled is before.labelled


def test_where_pixels_say_nothing_their_level_stays() -> None:
    reads = made_reads()
    model = fit_evidence(reads, "made", 0.1, Form(pixels="none"))
    again = on_equal_terms(model, reads)
    np.testing.assert_array_equal(again.unlabelled.prior, model.unlabelled.prior)
    assert not again.unlabelled.pixels.any()
