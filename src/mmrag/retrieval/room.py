"""What a search needs, wired once."""

from __future__ import annotations

from dataclasses import dataclass

from mmrag.fusion import Anchors, FusionWeights
from mmrag.retrieval.question_vectors import EncodeTexts
from mmrag.store import Space, Store


@dataclass(frozen=True, slots=True)
class Room:
    """Store, space and text side of one engine.

    Attributes
    ----------
    store : Store
    anchors : Anchors
        The findings' text directions in `space`.
    encode_texts : callable
        The encoder's text side.
    space : Space
        The store's own, which is the encoder's too.
    """

    store: Store
    anchors: Anchors
    encode_texts: EncodeTexts
    space: Space

    @property
    def weights(self) -> FusionWeights:
        """Fusion weights of the searched vectors."""
        return FusionWeights(self.space.w_pixel, self.space.w_label)
