"""Leak checks stay quiet without a leak and speak up with one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmrag.evaluation import leaks
from mmrag.evaluation.bench import Bench, lot
from mmrag.evaluation.methods import METHODS, Evidence, Scores
from mmrag.evaluation.patients import folds
from mmrag.evaluation.questions import Question
from mmrag.evaluation.results import Check


def checks(bench: Bench, encoder: object = None) -> dict[tuple[str, str], Check]:
    return {(c.name, c.subject): c for c in leaks.leak_checks(bench, encoder)}


def test_an_honest_run_is_at_chance_and_could_have_failed(bench: Bench) -> None:
    made = checks(bench)
    assert len(made) == 11
    for check in made.values():
        assert check.passed is not False, check
        if check.unhidden is not None:
            assert check.unhidden > check.high, check


def peeking(bench: Bench) -> object:
    def method(evidence: Evidence, question: Question) -> Scores:
        truth = question.answer.astype(np.float64)
        return np.resize(truth, len(evidence.films))

    return method


def test_a_method_that_knows_the_answer_is_caught(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaks, "METHODS", dict.fromkeys(METHODS, peeking(bench)))
    failed = {name for (name, _), check in checks(bench).items() if check.passed is False}
    assert failed == {
        "labels shuffled",
        "pixels blanked, no labels",
        "unlabelled copies under other names",
    }


def test_a_splitter_that_parts_patients_is_caught(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_film(patients: list[str], rng: np.random.Generator) -> np.ndarray:
        return folds([str(n) for n in range(len(patients))], rng)

    key = "same patient on both sides", "folds of the calibration"
    assert checks(bench)[key].passed
    monkeypatch.setattr(leaks, "folds", by_film)
    assert checks(bench)[key].passed is False


def test_one_picture_under_two_patients_is_found(bench: Bench) -> None:
    pixels = bench.collection.pixels.copy()
    pixels[70] = pixels[3]
    twin = replace(bench, collection=replace(bench.collection, pixels=pixels))
    check = checks(twin)["one picture under two patients", "pairs of judged films"]
    assert check.value == 1
    assert check.passed is False


class Learnt:
    def __init__(self, *patients: str) -> None:
        self.learnt_patients = frozenset(patients)


def test_an_encoder_that_learnt_from_judged_patients_is_named(bench: Bench) -> None:
    key = "judged patients that the encoder learnt from", "Learnt"
    assert checks(bench, Learnt("nih:3", "nih:9999"))[key].value == 1
    assert checks(bench, Learnt("nih:3"))[key].passed is False
    assert checks(bench, Learnt("nih:9999"))[key].passed is True


def test_folds_hold_patients_together() -> None:
    patients = [f"p{n // 3}" for n in range(90)]
    side = folds(patients, lot("t"))
    assert all(len(set(side[3 * n : 3 * n + 3].tolist())) == 1 for n in range(30))
    assert sorted(np.bincount(side).tolist()) == [18] * 5


def test_a_film_out_of_fold_was_not_learnt_from(bench: Bench) -> None:
    """Only the vectors' origin counts: a patient with one film of each kind is still named."""
    of_three = [film.id for film in bench.collection.films if film.patient == "nih:3"]
    for recorded, known in ((of_three, 0), (of_three[:1], 1)):
        collection = replace(bench.collection, recorded=frozenset(recorded))
        made = checks(replace(bench, collection=collection), Learnt("nih:3"))
        subject = f"Learnt, {len(recorded)} films out of fold"
        assert made["judged patients that the encoder learnt from", subject].value == known
