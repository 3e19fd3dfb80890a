"""Fitting: what is learnt, what is left alone, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmrag.errors import InputError
from mmrag.evidence import NAMES, probability
from mmrag.evidence.fit import (
    FEWEST_READS,
    OWN_HISTORY,
    OWN_LABEL,
    OWN_SCORE,
    Form,
    fit_evidence,
    standard,
)
from mmrag.evidence.history import shipped_persistence
from mmrag.evidence.reads import Reads
from mmrag.records import NO_HISTORY, History
from tests.evidence.made import EFFUSION, NODULE, made_reads

OWN = np.eye(len(NAMES), dtype=np.bool_)


def log_loss(reads: Reads, said: np.ndarray) -> float:
    right = np.where(reads.shown, said, 1 - said)
    return float(-np.log(np.maximum(right, 1e-12)).mean())


def test_it_beats_the_base_rate_on_other_films() -> None:
    model = fit_evidence(made_reads(), "made", 0.1)
    others = made_reads(seed=9)
    evidence = model.weigh(others.scores, others.labels)
    blind = log_loss(others, np.broadcast_to(model.base_rate, others.shown.shape))
    pixels = log_loss(others, probability(evidence.pixels_only))
    both = log_loss(others, probability(evidence.log_odds))
    assert both < pixels < blind


def test_its_probabilities_are_as_frequent_as_the_truth() -> None:
    reads = made_reads()
    model = fit_evidence(reads, "made", 0.1)
    said = probability(model.weigh(reads.scores, reads.labels).log_odds)
    for column in (EFFUSION, NODULE):
        assert said[:, column].mean() == pytest.approx(reads.shown[:, column].mean(), abs=0.01)


def test_findings_on_few_films_keep_their_weights_and_their_share() -> None:
    reads = made_reads()
    model = fit_evidence(reads, "made", 0.1)
    rare = NAMES.index("Hernia")
    expected = OWN_SCORE * OWN[:, rare]
    assert (model.labelled.pixels[:, rare] == expected).all()
    assert model.labelled.labels is not None
    of_itself = shipped_persistence().of_itself(OWN_LABEL)[rare]
    assert (model.labelled.labels[:, rare] == OWN_HISTORY * of_itself * OWN[:, rare]).all()
    said = probability(model.weigh(reads.scores, reads.labels).log_odds)[:, rare]
    assert said.mean() == pytest.approx(model.base_rate[rare], abs=1e-4)
    assert 0 < model.base_rate[rare] < 0.01


def test_history_is_learnt_where_patients_have_other_films() -> None:
    reads = made_reads()
    assert fit_evidence(reads, "made", 0.1).heard is None
    shown = [History(4, {"Effusion": 3 if shows else 1}) for shows in reads.shown[:, EFFUSION]]
    told = replace(reads, histories=(NO_HISTORY, NO_HISTORY, *shown[2:]))
    model = fit_evidence(told, "made", 0.1)
    heard = model.heard
    assert heard is not None
    for weighing in (heard.unlabelled, heard.labelled):
        assert weighing.history is not None
        assert weighing.history[EFFUSION] > OWN_HISTORY
        assert weighing.history[NAMES.index("Hernia")] == pytest.approx(OWN_HISTORY, rel=0.5)
    assert fit_evidence(told, "made", 0.1, Form(history=False)).heard is None
    # films without history are weighed as if there were none
    np.testing.assert_array_equal(
        model.labelled.labels, fit_evidence(reads, "made", 0.1).labelled.labels
    )


def test_a_form_has_no_other_weights_than_its_own() -> None:
    own = fit_evidence(made_reads(), "made", 0.1, Form(pixels="own", labels="own"))
    assert own.labelled.labels is not None
    for weights in (own.unlabelled.pixels, own.labelled.pixels, own.labelled.labels):
        assert not weights[~OWN].any()
        assert (weights[OWN] > 0).all()
    none = fit_evidence(made_reads(), "made", 0.1, Form(pixels="none"))
    assert not none.unlabelled.pixels.any()
    assert not none.labelled.pixels.any()


def test_the_order_of_the_films_is_nothing_to_learn_from() -> None:
    reads = made_reads()
    rows = np.random.default_rng(5).permutation(len(reads))
    mixed = Reads(
        reads.scores[rows],
        tuple(reads.labels[row] for row in rows),
        reads.histories,
        reads.shown[rows],
        reads.fold[rows],
    )
    one, other = (fit_evidence(each, "made", 0.1) for each in (reads, mixed))
    np.testing.assert_allclose(one.labelled.pixels, other.labelled.pixels, atol=1e-4)
    np.testing.assert_allclose(one.labelled.prior, other.labelled.prior, atol=1e-4)


def test_unlabelled_films_teach_of_pixels_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmrag.evidence.fit.on_equal_terms", lambda model, _: model)
    reads = made_reads()
    hidden = np.arange(len(reads)) >= 100
    labels = tuple(None if h else names for h, names in zip(hidden, reads.labels, strict=True))
    part = fit_evidence(replace(reads, labels=labels), "made", 0.1)
    whole = fit_evidence(reads, "made", 0.1)
    np.testing.assert_array_equal(part.unlabelled.pixels, whole.unlabelled.pixels)
    assert (part.labelled.pixels != whole.labelled.pixels).any()


def test_too_few_films_are_refused() -> None:
    reads = made_reads()
    few = reads.take(np.arange(len(reads)) < FEWEST_READS - 1)
    with pytest.raises(InputError, match="give more reads"):
        fit_evidence(few, "made", 0.1)


def test_scores_that_never_vary_are_left_alone() -> None:
    centre, scale = standard(np.full((7, len(NAMES)), 0.25))
    assert (centre == 0.25).all()
    assert (scale == 1).all()
