"""Evidence of the judged films, with parameters that learnt nothing from their patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmrag.evaluation.conditions import Labels
from mmrag.evidence import EvidenceModel, probability
from mmrag.evidence.fit import FEWEST_READS, FULL, Form, fit_evidence
from mmrag.evidence.model import NAMES, Heard, Weighing
from mmrag.evidence.reads import Reads
from mmrag.evidence.shipped import LABELS_ONLY
from mmrag.records import History

Floats = NDArray[np.float64]

FEWEST_TAUGHT = 2 * FEWEST_READS
"""Read and labelled films below which nothing can be fitted without a part of them."""


@dataclass(frozen=True)
class Weigher:
    """Several sets of parameters; each film is weighed by one that never saw its patient.

    Attributes
    ----------
    models : tuple of EvidenceModel
        The last is for patients whom none of them saw.
    sides : mapping of str to int
        By patient, which of `models` never saw him or her.
    """

    models: tuple[EvidenceModel, ...]
    sides: Mapping[str, int]

    @property
    def whole(self) -> EvidenceModel:
        """Parameters that learnt from everything; for what does not concern a single film."""
        return self.models[-1]

    def log_odds(
        self,
        patients: Sequence[str],
        scores: Floats,
        labels: Labels,
        histories: Sequence[History],
        neighbours: Floats | None = None,
    ) -> Floats:
        """Weigh films so that they can be ranked with each other.

        Parameters that learnt from different patients differ in level and slope, by chance and
        against the truth: where many films with a finding are held out, few are left to learn
        from. So a film keeps its place among all films as its own parameters see them, and
        takes the value that this place has on average over the parameters.

        Parameters
        ----------
        patients : sequence of str
            Of each film.
        scores : ndarray
            Shape (films, n).
        labels : Labels
        histories : sequence of History
        neighbours : ndarray, optional
            Shape (films, films): what the evidence of others adds to a film's own.

        Returns
        -------
        ndarray
            Shape (films, n).
        """
        side = self._side(patients)
        weighed = {k: self._weighed(k, scores, labels, histories) for k in np.unique(side)}
        if neighbours is not None:
            weighed = {k: own + neighbours @ own for k, own in weighed.items()}
        if len(weighed) == 1:
            return next(iter(weighed.values()))
        ordered = {k: np.sort(each, axis=0) for k, each in weighed.items()}
        common = np.mean(list(ordered.values()), axis=0)
        levelled: Floats = np.empty_like(common)
        for k, own in weighed.items():
            rows = np.flatnonzero(side == k)
            for column in range(len(NAMES)):
                levelled[rows, column] = _at_place(
                    own[rows, column], ordered[k][:, column], common[:, column]
                )
        return levelled

    def probabilities(
        self,
        patients: Sequence[str],
        scores: Floats,
        labels: Labels,
        histories: Sequence[History],
    ) -> Floats:
        """Say what each film's own parameters do, shape (films, n); for calibration."""
        side = self._side(patients)
        said = np.empty((len(side), len(NAMES)))
        for k in np.unique(side):
            own = self._weighed(k, scores, labels, histories)
            said[side == k] = probability(own[side == k])
        return said

    def _side(self, patients: Sequence[str]) -> NDArray[np.intp]:
        last = len(self.models) - 1
        return np.array([self.sides.get(patient, last) for patient in patients], np.intp)

    def _weighed(
        self, k: int, scores: Floats, labels: Labels, histories: Sequence[History]
    ) -> Floats:
        weighed = self.models[k].weigh(scores, labels, None, histories)
        return weighed.log_odds.astype(np.float64)


@dataclass(frozen=True)
class Learnt:
    """Parameters of the product and of what it would be with less.

    Attributes
    ----------
    full : Weigher
    own_label : Weigher
        A finding's own label alone speaks of it.
    own_pixels : Weigher
        A finding's own score alone speaks of it.
    unequal : Weigher
        Films without labels are not put on equal terms with the others.
    no_history : Weigher
        Labels of a patient's other films are not heard.
    """

    full: Weigher
    own_label: Weigher
    own_pixels: Weigher
    unequal: Weigher
    no_history: Weigher


def learnt_for(model: EvidenceModel, reads: Reads | None, patients: Sequence[str]) -> Learnt:
    """Choose between fitting anew and what a search weighs films with.

    Parameters
    ----------
    model : EvidenceModel
        Of the search: where it uses no pixels, the fitted ones use none.
    reads : Reads or None
        Of the films that are judged, where experts read them.
    patients : sequence of str
        Of each film of `reads`.

    Returns
    -------
    Learnt
        `model` itself, where nothing is read or too little to fit anything.
    """
    if reads is None or reads.labelled.sum() < FEWEST_TAUGHT:
        return as_it_is(model)
    form = Form(pixels="none") if model.name == LABELS_ONLY else FULL
    return cross_fitted(reads, patients, form, model.similarity)


def as_it_is(model: EvidenceModel) -> Learnt:
    """Take one model for all films: for films from which it did not learn.

    What it was before equal terms it does not tell, so `Learnt.unequal` is the model itself.
    """
    return Learnt(
        full=Weigher((model,), {}),
        own_label=Weigher((_own(model, labels=True),), {}),
        own_pixels=Weigher((_own(model, labels=False),), {}),
        unequal=Weigher((model,), {}),
        no_history=Weigher((replace(model, heard=None),), {}),
    )


def cross_fitted(reads: Reads, patients: Sequence[str], form: Form, similarity: float) -> Learnt:
    """Fit anew for each fold of patients, without it.

    Parameters
    ----------
    reads : Reads
        At least `FEWEST_TAUGHT` of them with labels.
    patients : sequence of str
        Of each film of `reads`.
    form : Form
        Of the product's parameters.
    similarity : float
        Share of the vector's similarity in a score.

    Returns
    -------
    Learnt
    """
    sides = dict(zip(patients, reads.fold.tolist(), strict=True))
    own_pixels = form if form.pixels == "none" else replace(form, pixels="own")

    def fitted(form: Form) -> Weigher:
        parts = [reads.take(reads.fold != side) for side in np.unique(reads.fold)]
        models = [fit_evidence(part, "out of fold", similarity, form) for part in (*parts, reads)]
        return Weigher(tuple(models), sides)

    return Learnt(
        full=fitted(form),
        own_label=fitted(replace(form, labels="own")),
        own_pixels=fitted(own_pixels),
        unequal=fitted(replace(form, equal_terms=False)),
        no_history=fitted(replace(form, history=False)),
    )


def _own(model: EvidenceModel, *, labels: bool) -> EvidenceModel:
    own = np.eye(len(NAMES))

    def kept(weighing: Weighing) -> Weighing:
        if not labels:
            return replace(weighing, pixels=weighing.pixels * own)
        if weighing.labels is None:
            return weighing
        return replace(weighing, labels=weighing.labels * own)

    heard = None
    if model.heard is not None:
        heard = Heard(kept(model.heard.unlabelled), kept(model.heard.labelled))
    return replace(
        model, unlabelled=kept(model.unlabelled), labelled=kept(model.labelled), heard=heard
    )


def _at_place(values: Floats, ordered: Floats, common: Floats) -> Floats:
    """Give each value what stands at its place in another order; equals share their places."""
    first = np.searchsorted(ordered, values, "left")
    after = np.searchsorted(ordered, values, "right")
    sums = np.concatenate([[0.0], np.cumsum(common)])
    return np.asarray((sums[after] - sums[first]) / (after - first))
