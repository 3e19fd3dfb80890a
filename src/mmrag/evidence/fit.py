"""Weights of evidence from films that experts read.

For each finding a logistic regression, drawn towards what holds without any fit: a film's own
score counts 1 for each standard deviation, the history of its patient two thirds of what it says,
its own label what such a label on the patient's only two other films would, everything else 0. A
label that keeps from film to film is so taken to be right more often than one that comes and
goes, which no expert has to say. How firmly weights are drawn is chosen from a short list, the
same for all findings, by the held-out likelihood over folds of patients. Few films can teach a
little: most of the weights stay where they were drawn to.

Films whose patients have other labelled films are fitted once more, with that history. Films
with labels are weighed by the encoder's scores of all findings and by all labels. Films without
are weighed by the finding's own score alone, so they stand in the encoder's own order:
scores of other findings raised the likelihood and spoiled that order. Then both kinds are put on
equal terms (`mmrag.evidence.terms`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mmrag.errors import InputError
from mmrag.evidence.history import shipped_persistence, usual_shares
from mmrag.evidence.logistic import intercept, logistic, ridge_logistic
from mmrag.evidence.model import (
    NAMES,
    EvidenceModel,
    Heard,
    Weighing,
    history_inputs,
    indicators,
)
from mmrag.evidence.reads import Reads
from mmrag.evidence.terms import on_equal_terms

Floats = NDArray[np.float64]

OWN_SCORE, OWN_HISTORY = 1.0, 2 / 3
"""Log-odds for a standard deviation of the own score, and for one of those of which history
speaks."""

OWN_LABEL = 2
"""Other films of the patient, all with a label, as which the film's own label counts."""

FEWEST = 5
"""Films with a finding (and without it) from which its weights are learnt at all."""

FEWEST_READS = 40
"""Films below which nothing is fitted."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How firmly weights are drawn to their prior mean: half of this times the square.

    History is labels, too, and drawn as firmly as they are.
    """

    pixels: float
    labels: float


STRENGTHS = tuple(
    Strength(pixels, labels) for pixels in (10.0, 30.0, 100.0) for labels in (1.0, 3.0, 10.0)
)
_LEAST = 1e-12
_Block = Literal["pixels", "labels", "history"]


@dataclass(frozen=True, slots=True)
class Form:
    """Which weights there are, the others being 0, and whether kinds of films are matched.

    Attributes
    ----------
    pixels : {"all", "own", "none"}
        Scores of which findings speak of a finding on a film with labels. On one without it is
        the finding's own, or none.
    labels : {"all", "own"}
        Labels of which findings do.
    history : bool
        Whether labels of the patient's other films do.
    equal_terms : bool
        Whether films without labels are put on equal terms with the others.
    """

    pixels: Literal["all", "own", "none"] = "all"
    labels: Literal["all", "own"] = "all"
    history: bool = True
    equal_terms: bool = True


FULL = Form()

_USED = {
    "all": np.ones((len(NAMES), len(NAMES)), np.bool_),
    "own": np.eye(len(NAMES), dtype=np.bool_),
    "none": np.zeros((len(NAMES), len(NAMES)), np.bool_),
}


def fit_evidence(reads: Reads, name: str, similarity: float, form: Form = FULL) -> EvidenceModel:
    """Fit the weights of one encoder.

    Parameters
    ----------
    reads : Reads
    name : str
        Of the parameters: the encoder's name and its weights' hash.
    similarity : float
        Share of the vector's similarity in a film's score, 0 to 1.
    form : Form

    Returns
    -------
    EvidenceModel
        Its probabilities speak of films like those that were read.

    Raises
    ------
    InputError
        When too few films were read and have labels.
    """
    labelled = reads.take(reads.labelled)
    if len(labelled) < FEWEST_READS:
        raise InputError(
            f"{len(labelled)} films with labels and expert reads, at least {FEWEST_READS} are "
            "needed to fit evidence: give more reads"
        )
    centre, scale = standard(reads.scores)
    alone = replace(form, history=False)
    fitted = EvidenceModel(
        name=name,
        centre=centre,
        scale=scale,
        base_rate=_shares(reads.shown),
        unlabelled=_weighing(reads.unlabelled(), centre, scale, _without_labels(alone)),
        labelled=_weighing(labelled, centre, scale, alone),
        similarity=similarity,
        history_rate=usual_shares(reads.histories),
        heard=_heard(reads.take(reads.with_history), centre, scale, form),
    )
    return on_equal_terms(fitted, labelled) if form.equal_terms else fitted


def _without_labels(form: Form) -> Form:
    """Say what speaks of unlabelled films: of pixels, the finding's own score alone."""
    return form if form.pixels == "none" else replace(form, pixels="own")


def _heard(reads: Reads, centre: Floats, scale: Floats, form: Form) -> Heard | None:
    labelled = reads.take(reads.labelled)
    if not form.history or len(labelled) < FEWEST_READS:
        return None
    return Heard(
        _weighing(reads.unlabelled(), centre, scale, _without_labels(form)),
        _weighing(labelled, centre, scale, form),
    )


def _weighing(reads: Reads, centre: Floats, scale: Floats, form: Form) -> Weighing:
    """Fit films of one kind, all of which have labels, or none."""
    design = _design((reads.scores - centre) / scale, reads, form)
    return design.weighing(*_learnt(design, reads.shown, _strength(design, reads)))


def standard(scores: Floats) -> tuple[Floats, Floats]:
    """Centre and scale of scores, shape (n,) each; scores that never vary are left alone."""
    spread = scores.std(axis=0)
    return scores.mean(axis=0), np.where(spread > 0, spread, 1.0)


@dataclass(frozen=True)
class _Design:
    """Inputs of the regressions, and which weights there are; n of them in each block.

    Attributes
    ----------
    blocks : tuple of {"pixels", "labels", "history"}
        What the inputs are, in their order.
    inputs : ndarray
        Shape (films, width).
    mean : ndarray
        Weights without any fit, shape (width, n).
    used : ndarray
        Shape (width, n), bool.
    """

    blocks: tuple[_Block, ...]
    inputs: Floats
    mean: Floats
    used: NDArray[np.bool_]

    def take(self, chosen: NDArray[np.bool_]) -> _Design:
        return replace(self, inputs=self.inputs[chosen])

    def penalty(self, strength: Strength) -> Floats:
        """How firmly each row of weights is drawn, shape (width,)."""
        firmly = {"pixels": strength.pixels, "labels": strength.labels, "history": strength.labels}
        return np.repeat([firmly[block] for block in self.blocks], len(NAMES))

    def weighing(self, prior: Floats, weights: Floats) -> Weighing:
        """Take weights, shape (width, n), apart."""
        parts = dict(zip(self.blocks, np.split(weights, len(self.blocks)), strict=True))
        history = parts.get("history")
        return Weighing(
            prior,
            parts["pixels"],
            parts.get("labels"),
            None if history is None else np.diagonal(history).copy(),
        )


def _design(scores: Floats, reads: Reads, form: Form) -> _Design:
    """Set up the inputs of films that all have labels, or none of which has."""
    own = np.eye(len(NAMES))
    labels = [names for names in reads.labels if names is not None]
    blocks: list[_Block] = ["pixels"]
    inputs, mean, used = [scores], [OWN_SCORE * own], [_USED[form.pixels]]
    if labels:
        blocks.append("labels")
        inputs.append(indicators(labels))
        mean.append(OWN_HISTORY * np.diag(shipped_persistence().of_itself(OWN_LABEL)))
        used.append(_USED[form.labels])
    if form.history:
        blocks.append("history")
        rate = usual_shares(reads.histories)
        inputs.append(history_inputs(reads.histories, reads.labels, rate))
        mean.append(OWN_HISTORY * own)
        used.append(_USED["own"])
    mask = np.concatenate(used)
    return _Design(tuple(blocks), np.concatenate(inputs, 1), np.concatenate(mean) * mask, mask)


def _shares(shown: NDArray[np.bool_]) -> Floats:
    """Share of films with each, shape (n,); half a film more, so that none is 0 or 1."""
    return np.asarray((shown.sum(axis=0) + 0.5) / (len(shown) + 1))


def _strength(design: _Design, reads: Reads) -> Strength:
    """Choose by the held-out likelihood over the folds of patients."""
    by_pixels = {strength.pixels: strength for strength in STRENGTHS}
    strengths = STRENGTHS if len(design.blocks) > 1 else tuple(by_pixels.values())
    losses = [_held_out_loss(design, reads, strength) for strength in strengths]
    return strengths[int(np.argmin(losses))]


def _held_out_loss(design: _Design, reads: Reads, strength: Strength) -> float:
    loss = 0.0
    for side in np.unique(reads.fold):
        apart = reads.fold == side
        prior, weights = _learnt(design.take(~apart), reads.shown[~apart], strength)
        said = logistic(prior + design.inputs[apart] @ weights)
        right = np.where(reads.shown[apart], said, 1 - said)
        loss -= float(np.log(np.maximum(right, _LEAST)).sum())
    return loss


def _learnt(design: _Design, shown: NDArray[np.bool_], strength: Strength) -> tuple[Floats, Floats]:
    """Learn levels, shape (n,), and weights, shape (width, n)."""
    films = len(shown)
    penalty = design.penalty(strength)
    weights, prior = design.mean.copy(), np.empty(len(NAMES))
    seen = shown.sum(axis=0)
    enough = np.minimum(seen, films - seen) >= FEWEST
    for column in np.flatnonzero(~enough):
        said = design.inputs @ design.mean[:, column]
        prior[column] = intercept(said, _shares(shown)[column])
    columns = np.flatnonzero(enough)
    if len(columns):
        used = [np.flatnonzero(design.used[:, column]) for column in columns]
        fitted, prior[columns] = ridge_logistic(
            np.stack([design.inputs[:, rows] for rows in used]),
            shown[:, columns].T,
            np.stack([design.mean[rows, c] for rows, c in zip(used, columns, strict=True)]),
            np.stack([penalty[rows] for rows in used]),
        )
        for rows, column, learnt in zip(used, columns, fitted, strict=True):
            weights[rows, column] = learnt
    return prior, weights
