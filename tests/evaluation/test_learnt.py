"""Evidence out of fold: no film is weighed by what its own patient taught."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmrag.clinical.findings import finding_names
from mmrag.evaluation.bench import Bench, lot
from mmrag.evaluation.learnt import Weigher, as_it_is, cross_fitted, learnt_for
from mmrag.evaluation.methods import METHODS, PRODUCT
from mmrag.evaluation.questions import by_name
from mmrag.evaluation.teaching import reads_of
from mmrag.evidence import NAMES, evidence_model_for
from mmrag.evidence.fit import FULL
from mmrag.evidence.reads import Reads
from mmrag.sources.nih_reads import Read

UNFITTED = evidence_model_for("compact", "of other weights")


@pytest.fixture(scope="module")
def taught(bench: Bench) -> Reads:
    shows = [
        frozenset(n for n, there in zip(finding_names(), row, strict=True) if there)
        for row in bench.judge.shows
    ]
    reads = {
        film.id: Read(shown, bool(shown))
        for film, shown in zip(bench.collection.films, shows, strict=True)
    }
    return reads_of(bench.collection, reads, bench.anchors, lot("folds"))


def probabilities(bench: Bench, weigher: Weigher) -> np.ndarray:
    seen = bench.evidence(bench.collection.told)
    return weigher.probabilities(seen.patients, seen.scores, seen.labels, seen.histories)


def test_reads_hold_what_judges_and_table_say(bench: Bench, taught: Reads) -> None:
    assert (taught.shown[:, :-1] == bench.judge.shows).all()
    assert (taught.shown[:, -1] == bench.judge.normal).all()
    assert taught.labels == bench.collection.labels
    seen = bench.evidence(bench.collection.told)
    np.testing.assert_allclose(taught.scores, seen.scores, atol=1e-12)
    by_patient = dict(zip(seen.patients, taught.fold, strict=True))
    assert all(by_patient[p] == f for p, f in zip(seen.patients, taught.fold, strict=True))


def test_a_patient_never_teaches_his_own_evidence(bench: Bench, taught: Reads) -> None:
    patients = bench.collection.patients
    turned = taught.shown.copy()
    turned[:2] = ~turned[:2]
    one = cross_fitted(taught, patients, FULL, 0.1)
    other = cross_fitted(replace(taught, shown=turned), patients, FULL, 0.1)
    for way in ("full", "own_label", "own_pixels"):
        mine, theirs = (probabilities(bench, getattr(each, way)) for each in (one, other))
        assert (mine[:2] == theirs[:2]).all(), way
        assert (mine != theirs).any(), way


def test_levelling_keeps_the_order_that_each_side_gives(bench: Bench) -> None:
    seen = bench.evidence(bench.collection.told)
    weigher = bench.learnt.full
    levelled = seen.weighed(weigher)
    said = probabilities(bench, weigher)
    side = np.array([weigher.sides[patient] for patient in seen.patients])
    for k in np.unique(side):
        for column in range(len(NAMES)):
            order = np.argsort(said[side == k, column], kind="stable")
            assert (np.diff(levelled[side == k, column][order]) >= -1e-9).all()


def test_levels_of_the_sides_make_no_difference(bench: Bench) -> None:
    """Parameters that differ in level alone rank as if they were one."""
    seen = bench.evidence(bench.collection.told)
    model = bench.learnt.no_history.whole
    raised = [
        replace(model, labelled=replace(model.labelled, prior=model.labelled.prior + step))
        for step in (-2.0, 0.0, 1.0, 3.0, 0.5)
    ]
    apart = Weigher((*raised, model), bench.learnt.full.sides)
    one = seen.weighed(Weigher((model,), {}))
    many = seen.weighed(apart)
    np.testing.assert_allclose(many - one, np.full(many.shape, 0.5), atol=1e-5)


def test_a_stranger_is_weighed_by_what_all_taught(bench: Bench) -> None:
    seen = bench.evidence(bench.collection.told)
    weigher = bench.learnt.full
    strangers = [f"nowhere:{row}" for row in range(len(seen.films))]
    told = weigher.log_odds(strangers, seen.scores, seen.labels, seen.histories)
    expected = weigher.whole.weigh(seen.scores, seen.labels, None, seen.histories).log_odds
    assert (told == expected).all()


def test_too_few_reads_leave_what_is_shipped(bench: Bench, taught: Reads) -> None:
    few = taught.take(np.arange(len(taught)) < 60)
    for reads in (None, few):
        learnt = learnt_for(UNFITTED, reads, bench.collection.patients[:60])
        assert [model.name for model in learnt.full.models] == ["labels"]


def test_an_encoder_that_nobody_fitted_is_judged_by_its_labels(bench: Bench, taught: Reads) -> None:
    learnt = learnt_for(UNFITTED, taught, bench.collection.patients)
    assert len(learnt.full.models) == 6
    assert not any(model.labelled.pixels.any() for model in learnt.full.models)
    assert not learnt.own_pixels.whole.unlabelled.pixels.any()
    assert learnt.full.whole.similarity == 0.5


def test_less_of_a_shipped_model_is_its_own_weights(bench: Bench) -> None:
    own = np.eye(len(NAMES), dtype=bool)
    learnt = as_it_is(bench.learnt.full.whole)
    labels = learnt.own_label.whole.labelled.labels
    assert labels is not None
    assert not labels[~own].any()
    assert learnt.own_label.whole.labelled.pixels[~own].any()
    assert not learnt.own_pixels.whole.labelled.pixels[~own].any()


def test_neighbours_are_of_other_patients(bench: Bench, taught: Reads) -> None:
    """The pixels of a patient's other film, whatever it shows, say nothing of the first."""
    labels = bench.collection.labels
    other = (("Hernia",) if labels[1] != ("Hernia",) else ("Mass",),)
    seen = bench.evidence(labels)
    turned = bench.evidence((labels[0], *other, *labels[2:]))
    whole = Weigher((bench.learnt.no_history.whole,), {})
    for each in (seen, turned):
        object.__setattr__(each, "learnt", replace(bench.learnt, full=whole))
    method = METHODS["evidence + neighbours"]
    for question in by_name(bench.judge):
        assert method(seen, question)[0] == method(turned, question)[0]
        assert method(seen, question)[0] != METHODS[PRODUCT](seen, question)[0]
