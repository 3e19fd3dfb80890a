"""Pixels and findings in one vector: ``V_fused = Normalize(w_pixel*V_pixel + w_label*V_label)``.

``V_label`` is the normalised sum of the anchors of a film's findings. An anchor is the text
direction of one finding: its positive prompts' mean less its negative prompts' mean, which
takes away what all chest-film sentences have in common. A film without labels is its pixels
alone, so that a missing label never counts against it.

That is hard fusion, which takes every label at its word. Soft fusion sums the anchors by how
far the evidence for each finding lies above what an average film has, and keeps the length:
a film of which little is known, labelled or not, is hardly moved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmrag.clinical.prompts import NORMAL
from mmrag.errors import InputError

Matrix = NDArray[np.float32]
"""Vectors in rows, shape (n, dimension), dtype float32."""

Vector = NDArray[np.float32]
"""One vector, shape (dimension,), dtype float32."""


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """How much pixels and labels count.

    Attributes
    ----------
    pixel, label : float
        Both at least 0, not both 0. Only their ratio matters, since the sum is normalised.
    """

    pixel: float = 0.7
    label: float = 0.3

    def __post_init__(self) -> None:
        finite = np.isfinite(self.pixel) and np.isfinite(self.label)
        if not finite or self.pixel < 0 or self.label < 0 or self.pixel + self.label == 0:
            raise InputError(
                f"fusion weights {self.pixel:g} and {self.label:g}: give two numbers of at "
                "least 0 that are not both 0"
            )


def normalize(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale to unit length along the last axis; a zero vector stays zero.

    Parameters
    ----------
    vectors : ndarray
        Shape (..., dimension).

    Returns
    -------
    ndarray
        Same shape, float32.
    """
    exact = np.asarray(vectors, dtype=np.float64)
    # dividing by the largest part first keeps the squares of tiny numbers from vanishing
    largest = np.abs(exact).max(axis=-1, keepdims=True)
    scaled = np.divide(exact, largest, out=np.zeros_like(exact), where=largest > 0)
    length = np.linalg.norm(scaled, axis=-1, keepdims=True)
    unit = np.divide(scaled, length, out=np.zeros_like(scaled), where=length > 0)
    return np.asarray(unit, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Anchors:
    """Text directions of the findings in one embedding space.

    Attributes
    ----------
    by_finding : mapping of str to ndarray
        Unit vectors of shape (dimension,), float32; `NORMAL` among the keys.
    """

    by_finding: Mapping[str, Vector]

    def label_vector(self, findings: Sequence[str] | None) -> Vector | None:
        """``V_label`` of one film.

        Parameters
        ----------
        findings : sequence of str or None
            Canonical names; empty for "No Finding", None for an unlabelled film.

        Returns
        -------
        ndarray or None
            Unit vector of shape (dimension,); None for an unlabelled film.
        """
        if findings is None:
            return None
        names = findings or (NORMAL,)
        total = np.sum([self.by_finding[name] for name in names], axis=0)
        return normalize(total)

    def soft_label_vector(self, above_average: Mapping[str, float]) -> Vector | None:
        """``V_label`` of one film by its evidence.

        Parameters
        ----------
        above_average : mapping of str to float
            Probability less an average film's, 0 where it is not above; 1 for a label that
            is certain of something that no other film has.

        Returns
        -------
        ndarray or None
            Shape (dimension,), no longer than 1; None where nothing is above average. With
            certain labels of anchors at right angles it is `label_vector`.
        """
        terms = [weight * self.by_finding[name] for name, weight in above_average.items() if weight]
        if not terms:
            return None
        total = np.sum(terms, axis=0, dtype=np.float64)
        return np.asarray(total / max(1.0, float(np.linalg.norm(total))), dtype=np.float32)


def anchors_from_prompts(
    prompts: Mapping[str, tuple[Sequence[str], Sequence[str]]],
    encode_texts: Callable[[Sequence[str]], Matrix],
) -> Anchors:
    """Encode every prompt once and take each finding's direction.

    Parameters
    ----------
    prompts : mapping of str to (sequence of str, sequence of str)
        Positive and negative prompt ensemble of each finding and of `NORMAL`.
    encode_texts : callable
        The encoder's text side, returns unit vectors of shape (n, dimension).

    Returns
    -------
    Anchors
    """
    ensembles = [ensemble for pair in prompts.values() for ensemble in pair]
    distinct = sorted({text for ensemble in ensembles for text in ensemble})
    vectors = dict(zip(distinct, encode_texts(distinct), strict=True))

    def mean(ensemble: Sequence[str]) -> Vector:
        stacked = np.stack([vectors[text] for text in ensemble])
        return np.asarray(stacked.mean(axis=0), dtype=np.float32)

    return Anchors(
        {
            finding: normalize(mean(positive) - mean(negative))
            for finding, (positive, negative) in prompts.items()
        }
    )


def fuse(pixel: Vector, label: Vector | None, weights: FusionWeights) -> Vector:
    """Fuse one film.

    Parameters
    ----------
    pixel : ndarray
        ``V_pixel``, unit vector of shape (dimension,), float32.
    label : ndarray or None
        ``V_label``, shape (dimension,), no longer than 1; None keeps the pixels alone.
    weights : FusionWeights

    Returns
    -------
    ndarray
        ``Normalize(w_pixel*V_pixel + w_label*V_label)``, shape (dimension,), float32. When
        the two cancel out or only absent labels would count, the pixels alone.
    """
    if label is None:
        return normalize(pixel)
    total = weights.pixel * pixel.astype(np.float64) + weights.label * label.astype(np.float64)
    fused = normalize(total)
    return fused if fused.any() else normalize(pixel)
