"""What a search needs, wired once."""

from __future__ import annotations

from dataclasses import dataclass

from mmrag.evidence import EvidenceModel
from mmrag.fusion import Anchors
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
    model : EvidenceModel
        The one that the store's films are weighed with.
    """

    store: Store
    anchors: Anchors
    encode_texts: EncodeTexts
    space: Space
    model: EvidenceModel
