"""Evidence as a sum of log-odds: what pixels say, and what the labels add or take away.

A text-mined label is an observation, not the truth: "Effusion" is right about two times in
three, and a film without it may still show one. For each finding the log-odds are a base
rate, plus what the encoder's scores of *all* findings say, plus what *all* labels of the
film say, since a label speaks for its neighbours too (fluid hides collapsed lung). A film
without labels has weights of its own, so that nothing is held against it for having none: its
own pixels are heard by the encoder's own score alone.

The labels of the patient's other films are a third voice (`mmrag.evidence.history`). A film that
has such a history has weights of its own again, with labels and without, since pixels and own
labels are worth less beside it. A report of the film itself that names nothing is not overruled
by reports of others: there history can only take away.

A film that radiologists read is a third kind: they looked at these very pixels for every
finding, so neither our reading of the pixels nor the noise of reports has a say in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmrag.clinical.findings import load_findings
from mmrag.clinical.prompts import NORMAL
from mmrag.evidence.history import shipped_persistence
from mmrag.records import History, LabelsBy

Floats = NDArray[np.float64]

NAMES: tuple[str, ...] = (*load_findings().findings, NORMAL)
"""What there is evidence for, in the order of every array here: the findings, and a film
with none of them."""


READ_PRESENT = 0.97
"""Probability of what radiologists who read the film said.

Not 1, since one majority of readers may be outvoted by another: the reads of ChestX-ray14 are
the majority of three out of five (Nabulsi et al., Scientific Reports 2021;11:15523). The same
target teaches the compact encoder what a read says.
"""

READ_DENIED = 1 / 20
"""Odds of what they denied, as a share of an average film's odds. A fixed probability would
make a rare finding likelier on a film that was read without it than on one that nobody read."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """Weights of one kind of film; n is the length of `NAMES`.

    Attributes
    ----------
    prior : ndarray
        Log-odds of an average film, shape (n,).
    pixels : ndarray
        Shape (n, n): row what is said, column what it is said of.
    labels : ndarray or None
        Likewise; None for films without labels.
    history : ndarray or None
        Of what the patient's other films say of each, shape (n,); None for films without
        history.
    """

    prior: Floats
    pixels: Floats
    labels: Floats | None = None
    history: Floats | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """Weights of films whose patients have other films with labels."""

    unlabelled: Weighing
    labelled: Weighing


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of some films, in log-odds of `NAMES`.

    Attributes
    ----------
    log_odds : ndarray
        From everything, shape (films, n), float32.
    pixels_only : ndarray
        What the finding's own score alone would say, shape (films, n), float32; the difference
        is what labels change, the film's own and those of its patient's other films, and with
        them the scores of other findings: 0 for a film with neither.
    """

    log_odds: NDArray[np.float32]
    pixels_only: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EvidenceModel:
    """Parameters with which films are weighed.

    Attributes
    ----------
    name : str
        The encoder that the pixel weights were fitted for, with its weights' hash; ``labels``
        for a model that uses none.
    centre, scale : ndarray
        Of the encoder's scores (cosine of film and anchor), shape (n,).
    base_rate : ndarray
        Share of films with each of `NAMES` among those it was fitted on, shape (n,).
    unlabelled, labelled : Weighing
        Of films without history.
    history_rate : ndarray
        Share of films with each label among other films of the patients whose films it was
        fitted on, shape (n,).
    heard : Heard or None
        Of films with history; None where it is not heard, and all are weighed as without.
    similarity : float
        Share of the vector's similarity in a film's final score, 0 to 1; the rest is
        evidence.
    """

    name: str
    centre: Floats
    scale: Floats
    base_rate: Floats
    unlabelled: Weighing
    labelled: Weighing
    similarity: float
    history_rate: Floats
    heard: Heard | None = None

    def weigh(
        self,
        scores: NDArray[np.floating],
        labels: Sequence[Sequence[str] | None],
        labels_by: Sequence[LabelsBy] | None = None,
        histories: Sequence[History] | None = None,
    ) -> Evidence:
        """Weigh films.

        Parameters
        ----------
        scores : ndarray
            Cosine of each film's pixel vector with the anchors of `NAMES`, shape (films, n).
        labels : sequence of (sequence of str or None)
            Each film's labels; empty for "No Finding", None for an unlabelled film.
        labels_by : sequence of {"reports", "radiologists", "source"}, optional
            Who gave the labels of each; none by radiologists unless told.
        histories : sequence of History, optional
            Labels of the other films of each one's patient; none unless told.

        Returns
        -------
        Evidence
        """
        standard = (np.asarray(scores, np.float64) - self.centre) / self.scale
        said = np.array([names is not None for names in labels], np.bool_)
        told = np.zeros((len(labels), len(NAMES)))
        told[said] = indicators([names for names in labels if names is not None])
        pixels = _weighed(self.unlabelled, standard)
        total = np.where(said[:, None], _weighed(self.labelled, standard, told), pixels)
        if histories is not None and self.heard is not None:
            heard = history_inputs(histories, labels, self.history_rate)
            both = _weighed(self.heard.labelled, standard, told, heard)
            known = np.where(
                said[:, None], both, _weighed(self.heard.unlabelled, standard, None, heard)
            )
            total = np.where(_speaks(histories), known, total)
        if labels_by is not None:
            read = said & (np.array(labels_by) == "radiologists")
            total[read] = _of_reads(told[read], self.base_rate)
        return Evidence(total.astype(np.float32), pixels.astype(np.float32))


def _weighed(
    weighing: Weighing, standard: Floats, told: Floats | None = None, heard: Floats | None = None
) -> Floats:
    total = weighing.prior + standard @ weighing.pixels
    if told is not None and weighing.labels is not None:
        total = total + told @ weighing.labels
    if heard is not None and weighing.history is not None:
        total = total + heard * weighing.history
    return np.asarray(total)


def _speaks(histories: Sequence[History]) -> NDArray[np.bool_]:
    """Tell of what each history says something, shape (films, n)."""
    rows = [[h.films > 0 and name not in h.silent for name in NAMES] for h in histories]
    return np.array(rows, np.bool_).reshape(len(rows), len(NAMES))


def _of_reads(told: Floats, base_rate: Floats) -> Floats:
    denied = READ_DENIED * base_rate / (1.0 - base_rate)
    return np.asarray(np.log(np.where(told > 0.0, READ_PRESENT / (1.0 - READ_PRESENT), denied)))


def history_inputs(
    histories: Sequence[History], labels: Sequence[Sequence[str] | None], rate: Floats
) -> Floats:
    """Write what history says of each film as weights meet it, shape (films, n).

    Of a film whose own labels are "No Finding" it can speak against a finding, never for one.
    """
    heard = shipped_persistence().log_odds(histories, rate)
    nothing = np.array([names is not None and not names for names in labels], np.bool_)
    findings = np.ix_(nothing, np.arange(len(NAMES)) != NAMES.index(NORMAL))
    heard[findings] = np.minimum(heard[findings], 0.0)
    return heard


def indicators(labels: Sequence[Sequence[str]]) -> Floats:
    """Write labels as 0 and 1, shape (films, n); no label at all is `NORMAL`."""
    told = np.zeros((len(labels), len(NAMES)))
    for row, names in enumerate(labels):
        for name in names or (NORMAL,):
            told[row, NAMES.index(name)] = 1.0
    return told


def probability(log_odds: NDArray[np.floating]) -> Floats:
    """Turn log-odds into probabilities, same shape."""
    exact = np.asarray(log_odds, np.float64)
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * exact)))
