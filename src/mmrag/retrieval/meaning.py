"""What words mean that name no finding, where the encoder's space can tell."""

from __future__ import annotations

import numpy as np

from mmrag.clinical.findings import finding_names
from mmrag.clinical.question import ClinicalQuery, GuessedFinding, PatientTerm
from mmrag.fusion import Anchors, Vector

LEAST = 0.05
"""Share of a text's meaning below which a finding is not worth a word."""

APART = 1e-3
"""Cosine up to which two anchors count as at right angles."""


def with_meaning(query: ClinicalQuery, question: Vector, anchors: Anchors) -> ClinicalQuery:
    """Say which findings the words mean that name none.

    Where the anchors of the findings are at right angles, a text's coordinates along them say
    what it means, and films can be ranked by their evidence of it. Where they are not, all texts
    are somewhat alike and no share can be told: such words are left to the vector.

    Parameters
    ----------
    query : ClinicalQuery
    question : ndarray
        What the text encoder makes of the words, shape (dimension,).
    anchors : Anchors

    Returns
    -------
    ClinicalQuery
        With `meant`, by falling probability; unchanged where findings are named, where a film is
        shown, and where the words mean none.
    """
    if not _in_words_alone(query) or not _at_right_angles(anchors):
        return query
    along = {name: float(anchors.by_finding[name] @ question) for name in finding_names()}
    whole = sum(share for share in along.values() if share > 0)
    guesses = [
        GuessedFinding(finding=name, probability=share / whole)
        for name, share in sorted(along.items(), key=lambda item: -item[1])
        if share > LEAST * whole and whole > 0
    ]
    return query.model_copy(update={"meant": tuple(guesses)})


def says_nothing_of_films(query: ClinicalQuery, question: Vector, anchors: Anchors) -> bool:
    """Tell whether the words of a question could only order films at random.

    So it is where they name nothing that films have, and the space, whose findings are at right
    angles, gives them no direction among the findings: every film would be as near as any other.

    Parameters
    ----------
    query : ClinicalQuery
    question : ndarray
        Shape (dimension,).
    anchors : Anchors

    Returns
    -------
    bool
    """
    filtered = query.view or query.patient != PatientTerm()
    if filtered or not _in_words_alone(query) or not _at_right_angles(anchors):
        return False
    return not any(float(anchors.by_finding[name] @ question) for name in finding_names())


def _in_words_alone(query: ClinicalQuery) -> bool:
    named = query.findings or query.normal_chest or query.image is not None
    return bool(query.free_text) and not named


def _at_right_angles(anchors: Anchors) -> bool:
    directions = np.stack([anchors.by_finding[name] for name in finding_names()])
    cosines = directions @ directions.T
    return bool(np.abs(cosines - np.eye(len(cosines))).max() < APART)
