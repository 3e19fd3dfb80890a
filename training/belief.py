"""How far text-mined labels can be believed: what a network is taught of films that no expert read.

A label is right a little more often than not, and labels of the patient's other films say a good
deal of whether it is (`mmrag.evidence.history`). So a network is taught neither a film's label as
it stands nor how often such a label is right, but the probability of each finding given all
labels of the film and those of its patient's other films: by weights of evidence that learnt from
experts' reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mmrag.clinical.prompts import NORMAL
from mmrag.encoders.compact_space import FINDINGS
from mmrag.evidence import NAMES
from mmrag.evidence.fit import Form, fit_evidence
from mmrag.evidence.model import probability
from mmrag.evidence.reads import Reads
from mmrag.evidence.shipped import LABELS_ONLY
from mmrag.records import NO_HISTORY, History
from training.data import ExpertReads, Films, patient_folds

Floats = NDArray[np.float64]

FOLDS = 5
"""Of patients, over which it is chosen how firmly weights are drawn."""

_SHOWN = [NAMES.index(finding) for finding in FINDINGS]


def belief_by_reads(
    films: Films,
    histories: Mapping[str, History],
    experts: ExpertReads,
    told: NDArray[np.bool_],
    others: Sequence[Films],
) -> list[Floats]:
    """Tell how likely each finding is by labels, as far as experts bear them out.

    Parameters
    ----------
    films : Films
        Of the table that experts read from.
    histories : mapping of str to History
        Labels of the other films of a film's patient, by the film's name.
    experts : ExpertReads
    told : ndarray
        Shape (films,), bool: the reads from which to learn.
    others : sequence of Films
        Of which to tell.

    Returns
    -------
    list of ndarray
        For each of `others`, shape (films, findings).
    """
    read = films.take(told)
    reads = Reads(
        scores=np.zeros((len(read), len(NAMES))),
        labels=tuple(_named(read)),
        histories=tuple(_of(read, histories)),
        shown=_shown(experts.findings[told], experts.abnormal[told]),
        fold=patient_folds(read.patients, FOLDS),
    )
    model = fit_evidence(reads, LABELS_ONLY, 0.0, Form(pixels="none"))
    return [
        probability(
            model.weigh(
                np.zeros((len(each), len(NAMES))),
                _named(each),
                histories=_of(each, histories),
            ).log_odds
        )[:, _SHOWN]
        for each in others
    ]


def _named(films: Films) -> list[tuple[str, ...]]:
    return [
        tuple(finding for finding, has in zip(FINDINGS, row, strict=True) if has)
        for row in films.labels.tolist()
    ]


def _of(films: Films, histories: Mapping[str, History]) -> list[History]:
    return [histories.get(file.name, NO_HISTORY) for file in films.files]


def _shown(findings: NDArray[np.bool_], abnormal: NDArray[np.bool_]) -> NDArray[np.bool_]:
    shown = np.empty((len(findings), len(NAMES)), np.bool_)
    shown[:, _SHOWN] = findings
    shown[:, NAMES.index(NORMAL)] = ~abnormal
    return shown
