"""Leak checks: what must fall to chance when the truth is hidden, and whether it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from mmrag.evaluation.bench import Bench, lot
from mmrag.evaluation.conditions import covered, shuffled
from mmrag.evaluation.estimate import rankings
from mmrag.evaluation.judges import Truth
from mmrag.evaluation.measures import Ranking, under_weights
from mmrag.evaluation.methods import LABEL_ONLY, METHODS, PRODUCT, Evidence, Method, Scores
from mmrag.evaluation.patients import folds
from mmrag.evaluation.questions import Question, by_name, counted_findings
from mmrag.evaluation.results import SEEN_BEFORE, Check
from mmrag.records import NO_HISTORY

ORDERS = 24
"""Shuffles, or orders of equals, that a check averages."""

CHANCE_ORDERS = 400
DEVIATIONS = 4.0
"""Standard errors that chance is allowed: one false alarm in sixteen thousand checks."""

TWINS = 0.99999
"""Cosine of pixels from which two films are taken for the same picture."""

Trials = Callable[[Question], Sequence[Scores]]
"""Scores for one question: of each trial, or of one whose equals are ordered anew each time."""


@runtime_checkable
class KnowsWhatItLearnt(Protocol):
    """An encoder that can say whose films its weights have seen."""

    @property
    def learnt_patients(self) -> frozenset[str]:
        """``source:identifier`` of every patient whose films it was trained on."""
        ...


@dataclass(frozen=True, slots=True)
class Chance:
    """Mean average precision over the findings when films are ordered by lot.

    Attributes
    ----------
    middle, spread : float
        Mean and standard deviation over orders in which each patient's films stay together,
        which spreads more than films by themselves would.
    """

    middle: float
    spread: float

    def allowed(self) -> tuple[float, float]:
        """Bounds for the mean of `ORDERS` trials."""
        room = DEVIATIONS * self.spread / np.sqrt(ORDERS)
        return self.middle - room, self.middle + room


def leak_checks(bench: Bench, encoder: object) -> Iterator[Check]:
    """Make every check over the findings that count in the mean.

    Parameters
    ----------
    bench : Bench
    encoder : Encoder
        Asked what it learnt from, where it can say.

    Yields
    ------
    Check
    """
    counted = counted_findings(bench.judge)
    questions = [question for question in by_name(bench.judge) if question.subject in counted]
    if not questions:
        return
    chance = _chance(bench, questions)
    yield from _labels_shuffled(bench, questions, chance)
    yield from _pixels_blanked(bench, questions, chance)
    yield from _copies(bench, questions, chance)
    yield _patient_known(bench, questions, chance)
    yield _twins(bench)
    yield _learnt(bench, encoder)


def _labels_shuffled(
    bench: Bench, questions: Sequence[Question], chance: Chance
) -> Iterator[Check]:
    right = bench.evidence(bench.collection.told)
    wrong = [
        bench.evidence(shuffled(bench.collection.told, lot("shuffle", str(trial))))
        for trial in range(ORDERS)
    ]
    for name in LABEL_ONLY:
        method = METHODS[name]
        value = _mean_ap(questions, _ranked(method, wrong))
        unhidden = _mean_ap(questions, _ranked(method, [right]))
        yield _check("labels shuffled", name, value, chance, unhidden)


def _pixels_blanked(bench: Bench, questions: Sequence[Question], chance: Chance) -> Iterator[Check]:
    nothing = covered(bench.collection.told, 0, lot("blank"))
    blank = bench.evidence(nothing, bench.collection.blank)
    picture = bench.evidence(nothing)
    for name in ("pixels only", PRODUCT):
        method = METHODS[name]
        value = _mean_ap(questions, _ranked(method, [blank]))
        unhidden = _mean_ap(questions, _ranked(method, [picture]))
        yield _check("pixels blanked, no labels", name, value, chance, unhidden)


def _copies(bench: Bench, questions: Sequence[Question], chance: Chance) -> Iterator[Check]:
    """Judge unlabelled copies of the films that lie beside the labelled films themselves."""
    n = len(bench.collection)
    seen = bench.evidence(bench.collection.told)
    copies = tuple(
        replace(film, id=f"copy-{row:05}.png", patient=f"copy:{row}", age=None, sex=None)
        for row, film in enumerate(seen.films)
    )
    both = Evidence(
        films=(*seen.films, *copies),
        labels=(*seen.labels, *(None,) * n),
        histories=(*seen.histories, *(NO_HISTORY,) * n),
        pixels=np.concatenate([seen.pixels, seen.pixels]),
        anchors=seen.anchors,
        encode_texts=seen.encode_texts,
        weights=seen.weights,
        learnt=seen.learnt,
    )
    for name in LABEL_ONLY:
        method = METHODS[name]
        value = _mean_ap(questions, _ranked(method, [both], slice(n, None)))
        unhidden = _mean_ap(questions, _ranked(method, [both], slice(0, n)))
        yield _check("unlabelled copies under other names", name, value, chance, unhidden)


def _patient_known(bench: Bench, questions: Sequence[Question], chance: Chance) -> Check:
    """Guess a film from the other folds' films of its patient: with folds by patient, none."""
    patients = bench.collection.patients
    apart = folds(patients, lot("folds"))
    mixed = folds([str(row) for row in range(len(patients))], lot("folds"))
    return _check(
        "same patient on both sides",
        "folds of the calibration",
        _mean_ap(questions, lambda q: [_by_patient(q.answer, patients, apart)]),
        chance,
        _mean_ap(questions, lambda q: [_by_patient(q.answer, patients, mixed)]),
    )


def _ranked(method: Method, seen: Sequence[Evidence], films: slice = slice(None)) -> Trials:
    return lambda question: [method(evidence, question)[films] for evidence in seen]


def _by_patient(answer: Truth, patients: Sequence[str], fold: np.ndarray) -> Scores:
    known = {
        (patient, side): answer[(np.asarray(patients) == patient) & (fold != side)]
        for patient, side in set(zip(patients, fold.tolist(), strict=True))
    }
    guesses = {key: float(seen.mean()) if len(seen) else 0.0 for key, seen in known.items()}
    return np.array([guesses[key] for key in zip(patients, fold.tolist(), strict=True)])


def _twins(bench: Bench) -> Check:
    """Count films of different patients that are one picture."""
    pixels = bench.collection.pixels
    pictures = np.asarray(bench.collection.pictures)
    patients = np.asarray(bench.collection.patients)
    pairs = 0
    for row in range(len(patients)):
        alike = (pixels[:row] @ pixels[row] >= TWINS) | (pictures[:row] == pictures[row])
        pairs += int((alike & (patients[:row] != patients[row])).sum())
    return _count("one picture under two patients", "pairs of judged films", pairs)


def _learnt(bench: Bench, encoder: object) -> Check:
    name, subject = SEEN_BEFORE, type(encoder).__name__
    if not isinstance(encoder, KnowsWhatItLearnt):
        return Check(name=name, subject=subject, value=None, low=0, high=0, passed=None)
    recorded = bench.collection.recorded
    named = zip(bench.collection.films, bench.collection.patients, strict=True)
    judged = {patient for film, patient in named if film.id not in recorded}
    if recorded:
        subject += f", {len(recorded)} films out of fold"
    return _count(name, subject, len(judged & encoder.learnt_patients))


def _count(name: str, subject: str, number: int) -> Check:
    return Check(name=name, subject=subject, value=number, low=0, high=0, passed=number == 0)


def _check(name: str, subject: str, value: float, chance: Chance, unhidden: float) -> Check:
    low, high = chance.allowed()
    return Check(
        name=name,
        subject=subject,
        value=value,
        low=low,
        high=high,
        unhidden=unhidden,
        passed=low <= value <= high,
    )


def _mean_ap(questions: Sequence[Question], trials: Trials) -> float:
    """Mean over findings and trials."""
    figures = []
    for question in questions:
        ranked = rankings(trials(question), ORDERS, lot("leak", question.text))
        figures.append(np.mean([_ap(ranking, question.answer) for ranking in ranked]))
    return float(np.mean(figures))


def _chance(bench: Bench, questions: Sequence[Question]) -> Chance:
    _, patient = np.unique(np.asarray(bench.collection.patients), return_inverse=True)
    dealt = lot("chance")
    means = []
    for _ in range(CHANCE_ORDERS):
        block = dealt.permutation(patient.max() + 1)[patient]
        order = np.lexsort((dealt.permutation(len(patient)), block))
        ranking = Ranking(order, len(order))
        means.append(np.mean([_ap(ranking, question.answer) for question in questions]))
    return Chance(float(np.mean(means)), float(np.std(means)))


def _ap(ranking: Ranking, answer: Truth) -> float:
    # films that were left out follow in any order: who finds nothing knows no more than chance
    whole = Ranking(ranking.order, len(answer))
    return float(under_weights(whole, answer, np.ones((len(answer), 1)))["AP"][0])
