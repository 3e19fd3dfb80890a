"""Scoring films: the question's logic over what is known of each film, beside similarity.

A question becomes clauses, all of which are asked: a finding, one of several, none of some.
The product of their probabilities says how surely a film is as asked; set against the same
product for an average film it is a number from 0 to 1 that is comparable between common and
rare findings. Everything here works on arrays; the store computes the same in SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmrag.clinical.findings import finding_names
from mmrag.clinical.prompts import NORMAL
from mmrag.clinical.question import ClinicalQuery, FindingTerm
from mmrag.evidence import EvidenceModel
from mmrag.store.film_order import EVIDENCE, LEAST, Clause, FilmOrder

Floats = NDArray[np.float64]

UNCERTAIN = 0.5
"""Weight of a finding that is asked for as a possibility: "effusion, possibly pneumonia"
wants the effusion first."""

FREE_WORDS = 0.25
"""Share of the score that goes from evidence to the vector where words are left that name no
finding: the vector alone has read them."""

IMAGE_WITH_WORDS = 0.5
"""Share that a shown film keeps beside words: "like this, but without pneumothorax"."""

FINDINGS_OF_IMAGE = 0.2
"""Of a shown film's share, the part that goes to what it shows; the rest is the vector's. On
the development films the ten nearest then share more findings with a film that shows some
(mean Jaccard index .25 against .23), and hardly fewer with one that shows none."""

NOTICEABLE = 1.1
"""A shown film shows what is this many times as probable on it as on an average film."""

RULED_OUT = 0.05
"""A film that stands lower has less than a nineteenth of an average film's odds: the evidence
speaks against it too clearly for it to answer. Of the development films that experts read,
one in 200 with a finding stands so low, one in 25 of all."""

FOUND = 1 / 3
"""Where no film stands as high as this, none has half of an average film's odds, and the
answer is that none was found."""


def film_order(
    query: ClinicalQuery, model: EvidenceModel, image: Mapping[str, float] | None = None
) -> FilmOrder:
    """Say in what order a question wants films.

    Parameters
    ----------
    query : ClinicalQuery
    model : EvidenceModel
        For the share of similarity, and for what an average film shows.
    image : mapping of str to float, optional
        The findings of a film that is shown, with their probabilities.

    Returns
    -------
    FilmOrder
    """
    clauses = clauses_of(query)
    if not clauses and image is None and query.meant:
        words = tuple((guess.finding, guess.probability) for guess in query.meant)
        return FilmOrder(clauses, 0.5, words, likeness=1.0 - model.similarity)
    average, logic = 0.5, 0.0
    if clauses:
        average = float(_fulfilment(clauses, _by_name(model.base_rate)))
        logic = _share_of_logic(query, model, image is not None)
    least = RULED_OUT if clauses else 0.0
    if image is None:
        return FilmOrder(clauses, average, logic=logic, least=least)
    alike = _alike(query, model, image)
    likeness = (1.0 - logic) * FINDINGS_OF_IMAGE if alike else 0.0
    return FilmOrder(clauses, average, alike, logic, likeness, least)


def clauses_of(query: ClinicalQuery) -> tuple[Clause, ...]:
    """Read a question's findings as clauses.

    Findings asked for through one wider word are alternatives. A finding asked for as a
    possibility counts as one that is asked for, with less weight. "Only" rules out every
    finding that is not asked for.

    Parameters
    ----------
    query : ClinicalQuery

    Returns
    -------
    tuple of Clause
        Empty where the question has no findings at all.
    """
    alternatives: dict[tuple[str, str], list[str]] = {}
    for term in query.findings:
        if term.assertion != "absent":
            alternatives.setdefault(_joined(term), []).append(term.finding)
    clauses = [
        Clause(tuple(names), weight=UNCERTAIN if assertion == "uncertain" else 1.0)
        for (assertion, _), names in alternatives.items()
    ]
    clauses += [Clause((name,), present=False) for name in ruled_out(query)]
    if query.normal_chest:
        clauses.append(Clause((NORMAL,)))
    return tuple(clauses)


def ruled_out(query: ClinicalQuery) -> tuple[str, ...]:
    """Name the findings that may not be there: in words, or because only others may."""
    if not (query.exclusive and query.sought):
        return query.absent
    beside = (name for name in finding_names() if name not in query.sought)
    return tuple(dict.fromkeys((*query.absent, *beside)))


def above_average(image: Mapping[str, float], model: EvidenceModel) -> dict[str, float]:
    """Find what is noticeably more probable on a film than on an average one.

    Parameters
    ----------
    image : mapping of str to float
        Probability of each of `EVIDENCE`.
    model : EvidenceModel

    Returns
    -------
    dict of str to float
        By how much.
    """
    rates = zip(EVIDENCE, model.base_rate.tolist(), strict=True)
    return {n: image[n] - rate for n, rate in rates if image[n] > NOTICEABLE * rate}


def fulfilment(order: FilmOrder, probabilities: NDArray[np.floating]) -> Floats:
    """Probability that each film is as asked, the clauses taken as independent.

    Parameters
    ----------
    order : FilmOrder
    probabilities : ndarray
        P of each of `EVIDENCE`, shape (..., 15).

    Returns
    -------
    ndarray
        Shape (...), 0 to 1; 1 where nothing is asked.
    """
    return _fulfilment(order.clauses, _by_name(probabilities))


def standing(order: FilmOrder, probabilities: NDArray[np.floating]) -> Floats:
    """Set each film's fulfilment against an average film's.

    Parameters
    ----------
    order : FilmOrder
    probabilities : ndarray
        Shape (..., 15).

    Returns
    -------
    ndarray
        Shape (...), 0 to 1 and one half for an average film; rises with fulfilment.
    """
    odds = order.average / (1.0 - order.average)
    asked = np.maximum(fulfilment(order, probabilities), LEAST)
    return np.asarray(1.0 / (1.0 + odds * (1.0 / asked - 1.0)))


def answers(order: FilmOrder, probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Tell which films stand high enough to answer at all.

    Parameters
    ----------
    order : FilmOrder
    probabilities : ndarray
        Shape (..., 15).

    Returns
    -------
    ndarray
        Shape (...); all True where the question has no clauses.
    """
    if not order.clauses:
        return np.ones(np.shape(probabilities)[:-1], np.bool_)
    return np.asarray(standing(order, probabilities) >= order.least)


def likeness(order: FilmOrder, probabilities: NDArray[np.floating]) -> Floats:
    """How surely each film shows what the shown film shows, shape (...), 0 to 1."""
    by_name = _by_name(probabilities)
    total = np.zeros(np.shape(probabilities)[:-1])
    for name, weight in order.alike:
        total = total + weight * by_name[name]
    return total


def film_scores(
    order: FilmOrder, probabilities: NDArray[np.floating], cosines: NDArray[np.floating]
) -> Floats:
    """Blend evidence and similarity; the score rises with each of them.

    Parameters
    ----------
    order : FilmOrder
    probabilities : ndarray
        Shape (films, 15).
    cosines : ndarray
        Of the question's vector and each film's, shape (films,).

    Returns
    -------
    ndarray
        Shape (films,).
    """
    return _evidence_part(order, probabilities) + _similarity_part(order, cosines)


@dataclass(frozen=True, slots=True)
class ScoreParts:
    """Where a film's score comes from: ``pixel + label + text + patient`` is the score.

    Attributes
    ----------
    pixel : float
        What the evidence of the pixels alone adds.
    label : float
        What the labels add or take away, in evidence and in the film's vector.
    text : float
        What the similarity of the pixels' vector and the question's adds.
    patient : float
        What it adds that the film's patient is favoured.
    """

    pixel: float
    label: float
    text: float
    patient: float

    @property
    def without_labels(self) -> float:
        """The score if the film had no labels."""
        return self.pixel + self.text + self.patient


def score_parts(
    order: FilmOrder,
    score: float,
    pixels_only: NDArray[np.floating],
    pixel_cosine: float,
    patient: str | None = None,
) -> ScoreParts:
    """Split one film's score.

    Parameters
    ----------
    order : FilmOrder
    score : float
        What the film scores.
    pixels_only : ndarray
        P of each of `EVIDENCE` from the pixels alone, shape (15,).
    pixel_cosine : float
        Of the question's vector and the film's pixel vector.
    patient : str or None
        Whose the film is.

    Returns
    -------
    ScoreParts
    """
    pixel = float(_evidence_part(order, pixels_only))
    text = float(_similarity_part(order, np.float64(pixel_cosine)))
    favour = order.favour if patient in order.favoured else 0.0
    return ScoreParts(pixel, label=score - pixel - text - favour, text=text, patient=favour)


def _evidence_part(order: FilmOrder, probabilities: NDArray[np.floating]) -> Floats:
    part = np.zeros(np.shape(probabilities)[:-1])
    if order.logic > 0:
        part = part + order.logic * standing(order, probabilities)
    if order.likeness > 0:
        part = part + order.likeness * likeness(order, probabilities)
    return part


def _similarity_part(order: FilmOrder, cosines: NDArray[np.floating] | np.floating) -> Floats:
    return np.asarray(order.similarity * (1.0 + np.asarray(cosines, np.float64)) / 2.0)


def _share_of_logic(query: ClinicalQuery, model: EvidenceModel, image: bool) -> float:
    if image:
        return 1.0 - IMAGE_WITH_WORDS
    words = FREE_WORDS if query.free_text else 0.0
    return (1.0 - model.similarity) * (1.0 - words)


def _alike(
    query: ClinicalQuery, model: EvidenceModel, image: Mapping[str, float]
) -> tuple[tuple[str, float], ...]:
    """Weigh what a shown film shows, but for what the words decide."""
    decided = {term.finding for term in query.findings} | ({NORMAL} if query.sought else set())
    excess = above_average(image, model)
    left = {name: weight for name, weight in excess.items() if name not in decided}
    whole = max(1.0, sum(left.values()))
    return tuple((name, weight / whole) for name, weight in left.items())


def _joined(term: FindingTerm) -> tuple[str, str]:
    """Name what a term is an alternative in: its wider word, or nothing but itself."""
    return term.assertion, f"any {term.group}" if term.group else term.finding


def _by_name(probabilities: NDArray[np.floating]) -> dict[str, Floats]:
    exact = np.asarray(probabilities, np.float64)
    return {name: exact[..., place] for place, name in enumerate(EVIDENCE)}


def _fulfilment(clauses: tuple[Clause, ...], by_name: Mapping[str, Floats]) -> Floats:
    total: Floats = np.ones(np.shape(by_name[NORMAL]))
    for clause in clauses:
        total = total * _clause(clause, by_name)
    return total


def _clause(clause: Clause, by_name: Mapping[str, Floats]) -> Floats:
    lacking: Floats = np.asarray(1.0)
    for name in clause.names:
        lacking = lacking * (1.0 - by_name[name])
    if not clause.present:
        probability = lacking
    elif len(clause.names) == 1:
        probability = np.asarray(by_name[clause.names[0]])
    else:
        probability = 1.0 - lacking
    return np.asarray(probability if clause.weight == 1.0 else probability**clause.weight)
