"""Weights of evidence from films that experts read.

For each finding a logistic regression, drawn towards what holds without any fit: a film's own
score counts 1 for each standard deviation, its own label 2, everything else 0. How firmly it is
drawn is chosen from a short list, the same for all findings, by the held-out likelihood over
folds of patients. Few films can teach a little: most of the weights stay where they were drawn
to.

Films with labels are weighed by the encoder's scores of all findings and by all labels. Films
without are weighed by the finding's own score alone, so they stand in the encoder's own order:
scores of other findings raised the likelihood and spoiled that order. Then both kinds are put on
equal terms (`mmrag.evidence.terms`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mmrag.errors import InputError
from mmrag.evidence.logistic import intercept, logistic, ridge_logistic
from mmrag.evidence.model import NAMES, EvidenceModel, Weighing, indicators
from mmrag.evidence.reads import Reads
from mmrag.evidence.terms import on_equal_terms

Floats = NDArray[np.float64]

OWN_SCORE, OWN_LABEL = 1.0, 2.0
"""Log-odds for a standard deviation of the own score, and for the own label."""

FEWEST = 5
"""Films with a finding (and without it) from which its weights are learnt at all."""

FEWEST_READS = 40
"""Films below which nothing is fitted."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How firmly weights are drawn to their prior mean: half of this times the square."""

    pixels: float
    labels: float


STRENGTHS = tuple(
    Strength(pixels, labels) for pixels in (10.0, 30.0, 100.0) for labels in (1.0, 3.0, 10.0)
)
PIXEL_STRENGTHS = tuple(Strength(pixels, 1.0) for pixels in (10.0, 30.0, 100.0))
"""For films without labels: their second number counts for nothing."""

_LEAST = 1e-12


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
    equal_terms : bool
        Whether films without labels are put on equal terms with the others.
    """

    pixels: Literal["all", "own", "none"] = "all"
    labels: Literal["all", "own"] = "all"
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
    alone = form if form.pixels == "none" else replace(form, pixels="own")
    blind = _design((reads.scores - centre) / scale, None, alone)
    seeing = _design((labelled.scores - centre) / scale, labelled.labels, form)
    fitted = EvidenceModel(
        name=name,
        centre=centre,
        scale=scale,
        base_rate=_shares(reads.shown),
        unlabelled=_fitted(blind, reads.shown, _strength(blind, reads, PIXEL_STRENGTHS)),
        labelled=_fitted(seeing, labelled.shown, _strength(seeing, labelled, STRENGTHS)),
        similarity=similarity,
    )
    return on_equal_terms(fitted, labelled) if form.equal_terms else fitted


def standard(scores: Floats) -> tuple[Floats, Floats]:
    """Centre and scale of scores, shape (n,) each; scores that never vary are left alone."""
    spread = scores.std(axis=0)
    return scores.mean(axis=0), np.where(spread > 0, spread, 1.0)


@dataclass(frozen=True)
class _Design:
    """Inputs of the regressions, and which weights there are.

    Attributes
    ----------
    inputs : ndarray
        Shape (films, width): standard scores, then labels where they are used.
    mean : ndarray
        Weights without any fit, shape (width, n).
    used : ndarray
        Shape (width, n), bool.
    """

    inputs: Floats
    mean: Floats
    used: NDArray[np.bool_]

    def take(self, chosen: NDArray[np.bool_]) -> _Design:
        return replace(self, inputs=self.inputs[chosen])


def _design(scores: Floats, labels: Sequence[Sequence[str] | None] | None, form: Form) -> _Design:
    own = np.eye(len(NAMES))
    inputs, mean, used = [scores], [OWN_SCORE * own], [_USED[form.pixels]]
    if labels is not None:
        inputs.append(indicators([names for names in labels if names is not None]))
        mean.append(OWN_LABEL * own)
        used.append(_USED[form.labels])
    mask = np.concatenate(used)
    return _Design(np.concatenate(inputs, axis=1), np.concatenate(mean) * mask, mask)


def _shares(shown: NDArray[np.bool_]) -> Floats:
    """Share of films with each, shape (n,); half a film more, so that none is 0 or 1."""
    return np.asarray((shown.sum(axis=0) + 0.5) / (len(shown) + 1))


def _strength(design: _Design, reads: Reads, strengths: Sequence[Strength]) -> Strength:
    """Choose by the held-out likelihood over the folds of patients."""
    losses = [_held_out_loss(design, reads, strength) for strength in strengths]
    return strengths[int(np.argmin(losses))]


def _held_out_loss(design: _Design, reads: Reads, strength: Strength) -> float:
    loss = 0.0
    for side in np.unique(reads.fold):
        apart = reads.fold == side
        weighing = _fitted(design.take(~apart), reads.shown[~apart], strength)
        said = logistic(_log_odds(design.take(apart), weighing))
        right = np.where(reads.shown[apart], said, 1 - said)
        loss -= float(np.log(np.maximum(right, _LEAST)).sum())
    return loss


def _log_odds(design: _Design, weighing: Weighing) -> Floats:
    weights = [weighing.pixels] if weighing.labels is None else [weighing.pixels, weighing.labels]
    return np.asarray(weighing.prior + design.inputs @ np.concatenate(weights))


def _fitted(design: _Design, shown: NDArray[np.bool_], strength: Strength) -> Weighing:
    n, films = len(NAMES), len(shown)
    width = design.inputs.shape[1]
    penalty = np.repeat([strength.pixels, strength.labels], n)[:width]
    weights, prior = design.mean.copy(), np.empty(n)
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
    return Weighing(prior, weights[:n], weights[n:] if width > n else None)
