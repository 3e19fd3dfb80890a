"""What an engine has open: encoder, anchors and store, each from its first use on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mmrag.clinical.prompts import anchor_prompts
from mmrag.encoders import open_encoder
from mmrag.encoders.base import Encoder
from mmrag.evidence import EvidenceModel, evidence_model_for
from mmrag.fusion import Anchors, FusionWeights, anchors_from_prompts
from mmrag.ingest.fusing import Fusing, name_of
from mmrag.retrieval.room import Room
from mmrag.settings import Settings
from mmrag.store import Space, Store


class Opened:
    """Encoder, anchors and store of some settings; serves several threads.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._encoder: Encoder | None = None
        self._anchors: Anchors | None = None
        self._store: Store | None = None

    @property
    def encoder(self) -> Encoder:
        """The encoder, loaded."""
        with self._lock:
            if self._encoder is None:
                self._encoder = open_encoder(self._settings.encoder, self._settings)
            return self._encoder

    @property
    def anchors(self) -> Anchors:
        """Where the encoder's texts of the findings lie."""
        with self._lock:
            if self._anchors is None:
                self._anchors = anchors_from_prompts(anchor_prompts(), self.encoder.encode_texts)
            return self._anchors

    @property
    def store(self) -> Store:
        """The store, of the encoder's dimension; made where there was none."""
        with self._lock:
            if self._store is None:
                self._store = Store.open(self._settings, self.encoder.dimension)
            return self._store

    @contextmanager
    def existing_store(self) -> Iterator[Store | None]:
        """Use the store without an encoder; None where none was ever made."""
        if self._store is not None:
            yield self._store
            return
        opened = Store.open_existing(self._settings)
        if opened is None:
            yield None
            return
        with opened:
            yield opened

    @property
    def model(self) -> EvidenceModel:
        """How films of this encoder are weighed."""
        name = self.encoder.fingerprint
        return evidence_model_for(name.name, name.weights, self._settings.evidence)

    @property
    def room(self) -> Room:
        """What a search needs."""
        return Room(
            store=self.store,
            anchors=self.anchors,
            encode_texts=self.encoder.encode_texts,
            space=self.claim_evidence(),
            model=self.model,
        )

    def claim_space(self) -> Space:
        """Make sure that the store is of the encoder's space, or becomes it while it is empty."""
        encoder, settings = self.encoder, self._settings
        return self.store.claim_space(
            encoder.fingerprint, encoder.dimension, settings.w_pixel, settings.w_label
        )

    def claim_evidence(self) -> Space:
        """Claim the space, and make sure that films are weighed as this version weighs them."""
        with self.store.at_once():
            self.claim_space()
            return self.store.claim_evidence(name_of(self.model), self._settings.fusion)

    def fusing(self, space: Space) -> Fusing:
        """Say how films are fused in a space."""
        weights = FusionWeights(space.w_pixel, space.w_label)
        return Fusing(self.anchors, self.model, weights, space.fusion)

    def close(self) -> None:
        """Leave the database; the embedded one stops when its last user leaves."""
        with self._lock:
            store, self._store = self._store, None
        if store is not None:
            store.close()
