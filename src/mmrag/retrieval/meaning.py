"""What words mean that name no finding, where the encoder's space can tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from mmrag.clinical.findings import finding_names
from mmrag.clinical.question import ClinicalQuery, GuessedFinding, PatientTerm
from mmrag.fusion import Anchors, Vector
from mmrag.retrieval.question_vectors import EncodeTexts, film_question

LEAST = 0.05
"""Share of a text's meaning below which a finding is not worth a word."""

APART = 1e-3
"""Cosine up to which two anchors count as at right angles."""


def read_for_films(
    query: ClinicalQuery,
    anchors: Anchors,
    encode_texts: EncodeTexts,
    image: Vector | None = None,
) -> tuple[ClinicalQuery, Vector | None]:
    """Say what words mean that name no finding, and where the film leg looks.

    Where the anchors of the findings are at right angles, a text's coordinates along them say
    what it means, and films can be ranked by their evidence of it. Where they are not, all texts
    are somewhat alike and no share can be told: such words are left to the vector.

    Parameters
    ----------
    query : ClinicalQuery
    anchors : Anchors
    encode_texts : callable
        The encoder's text side.
    image : ndarray, optional
        ``V_pixel`` of a film to search with, shape (dimension,).

    Returns
    -------
    ClinicalQuery
        With `meant`, by falling probability; unchanged where findings are named, where a film is
        shown, and where no share can be told.
    ndarray or None
        Unit vector, shape (dimension,), float32. None where the words could only order films at
        random: they name nothing that films have, and point along no finding.
    """
    vector = film_question(query, anchors, encode_texts, image)
    if not _in_words_alone(query) or not _at_right_angles(anchors):
        return query, vector
    along = {name: float(anchors.by_finding[name] @ vector) for name in finding_names()}
    read = query.model_copy(update={"meant": tuple(_guesses(along))})
    filtered = query.view or query.patient != PatientTerm()
    return read, vector if filtered or any(along.values()) else None


def _guesses(along: Mapping[str, float]) -> Iterator[GuessedFinding]:
    whole = sum(share for share in along.values() if share > 0)
    for name, share in sorted(along.items(), key=lambda item: -item[1]):
        if share > LEAST * whole and whole > 0:
            yield GuessedFinding(finding=name, probability=share / whole)


def _in_words_alone(query: ClinicalQuery) -> bool:
    named = query.findings or query.normal_chest or query.image is not None
    return bool(query.free_text) and not named


def _at_right_angles(anchors: Anchors) -> bool:
    directions = np.stack([anchors.by_finding[name] for name in finding_names()])
    cosines = directions @ directions.T
    return bool(np.abs(cosines - np.eye(len(cosines))).max() < APART)
