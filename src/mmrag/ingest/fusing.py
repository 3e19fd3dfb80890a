"""From a film's pixel vector and labels to its evidence and its searched vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mmrag.evidence import NAMES, EvidenceModel
from mmrag.evidence.identity import parameters_hash
from mmrag.evidence.model import probability
from mmrag.fusion import Anchors, FusionWeights, Matrix, Vector, fuse
from mmrag.records import History, LabelsBy
from mmrag.store import EvidenceName, FilmEvidence, FusionKind, PixelBatch, Recipe

Findings = Sequence[str] | None


@dataclass(frozen=True)
class Fusing:
    """Everything that a film's evidence and searched vector are made with.

    Attributes
    ----------
    anchors : Anchors
        The findings' text directions in the encoder's space.
    model : EvidenceModel
        The encoder's.
    weights : FusionWeights
    kind : {"soft", "hard"}
        Whether the label part follows the evidence or the labels as they are.
    """

    anchors: Anchors
    model: EvidenceModel
    weights: FusionWeights
    kind: FusionKind

    @property
    def recipe(self) -> Recipe:
        """What the store writes down of it."""
        return Recipe(self.weights.pixel, self.weights.label, self.kind, name_of(self.model))

    def fuse(
        self,
        findings: Sequence[Findings],
        labels_by: Sequence[LabelsBy],
        histories: Sequence[History],
        pixels: Matrix,
    ) -> tuple[Matrix, FilmEvidence]:
        """Fuse and weigh films, each on its own: what else is in the batch changes no bit.

        Parameters
        ----------
        findings : sequence of (sequence of str or None)
            Labels of each film; empty for "No Finding", None for an unlabelled film.
        labels_by : sequence of {"reports", "radiologists", "source"}
            Who gave them.
        histories : sequence of History
            Labels of the other films of each one's patient.
        pixels : ndarray
            ``V_pixel`` in rows, shape (films, dimension), float32.

        Returns
        -------
        tuple of (ndarray, FilmEvidence)
            ``V_fused`` in rows, shape (films, dimension), float32.
        """
        films = list(zip(findings, pixels, strict=True))
        weighed = [
            self._weigh(names, by, history, pixel)
            for (names, pixel), by, history in zip(films, labels_by, histories, strict=True)
        ]
        fused = [
            fuse(pixel, self._label_vector(names, known), self.weights)
            for (names, pixel), (known, _) in zip(films, weighed, strict=True)
        ]
        evidence = FilmEvidence(
            np.stack([known for known, _ in weighed]), np.stack([alone for _, alone in weighed])
        )
        return np.stack(fused), evidence

    def fuse_batch(self, batch: PixelBatch) -> tuple[Matrix, FilmEvidence]:
        """Fuse and weigh stored films."""
        return self.fuse(batch.findings, batch.labels_by, batch.histories, batch.vectors)

    def _weigh(
        self, names: Findings, by: LabelsBy, history: History, pixel: Vector
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        scores = self._directions @ pixel.astype(np.float64)
        evidence = self.model.weigh(scores[np.newaxis], [names], [by], [history])
        known, alone = probability(evidence.log_odds[0]), probability(evidence.pixels_only[0])
        return known.astype(np.float32), alone.astype(np.float32)

    def _label_vector(self, names: Findings, known: NDArray[np.float32]) -> Vector | None:
        if self.kind == "hard":
            return self.anchors.label_vector(names)
        above = np.maximum(known - self.model.base_rate, 0.0)
        return self.anchors.soft_label_vector(dict(zip(NAMES, above.tolist(), strict=True)))

    @cached_property
    def _directions(self) -> NDArray[np.float64]:
        return np.stack([self.anchors.by_finding[name] for name in NAMES]).astype(np.float64)


def name_of(model: EvidenceModel) -> EvidenceName:
    """Name a model as the store writes it down."""
    return EvidenceName(model.name, parameters_hash(model))
