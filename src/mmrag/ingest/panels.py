"""Laboratory panels into the store: each distinct text is encoded once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmrag.clinical.panel_text import panel_text
from mmrag.encoders.base import Encoder
from mmrag.fusion import Vector
from mmrag.ingest.identity import record_hash
from mmrag.ingest.report import Ledger
from mmrag.records import LabReport
from mmrag.store import LabEntry, Store

BATCH = 256
REMEMBERED = 20_000
"""Vectors of panel texts kept at hand: about 40 MB at 512 dimensions."""


class PanelWriter:
    """Takes panels one by one and writes them in batches, one transaction each.

    Parameters
    ----------
    store : Store
    encoder : Encoder
    source : str
        Name of the source, for what is known already.
    ledger : Ledger
    advance : callable
        Called with the number of results that are done.
    again : bool
        Whether panels that are stored are encoded anew.
    """

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        source: str,
        ledger: Ledger,
        advance: Callable[[int], None],
        again: bool,
    ) -> None:
        self._store = store
        self._encoder = encoder
        self._ledger = ledger
        self._advance = advance
        known = store.labs.known(source)
        self._known = dict.fromkeys(known, "") if again else known
        self._again = again
        self._batch: list[LabEntry] = []
        self._vectors: dict[str, Vector] = {}

    def add(self, report: LabReport) -> None:
        """Take one panel."""
        hashed = record_hash(report)
        known = self._known.get(report.id)
        self._advance(len(report.observations))
        if known == hashed:
            self._ledger.count("labs.unchanged")
            return
        self._ledger.count("labs.added" if known is None else "labs.changed")
        self._ledger.count("observations", len(report.observations))
        self._batch.append(LabEntry(report, panel_text(report.observations), hashed))
        if len(self._batch) >= BATCH:
            self.close()

    def close(self) -> None:
        """Write what is in hand."""
        if not self._batch:
            return
        self._learn({entry.panel for entry in self._batch})
        vectors = np.stack([self._vectors[entry.panel] for entry in self._batch])
        self._store.labs.write(self._batch, vectors)
        self._batch.clear()

    def _learn(self, texts: set[str]) -> None:
        if len(self._vectors) > REMEMBERED:
            self._vectors.clear()
        missing = texts - self._vectors.keys()
        if not self._again:
            self._vectors.update(self._store.labs.vectors_of(missing))
        new = sorted(missing - self._vectors.keys())
        if new:
            self._vectors.update(zip(new, self._encoder.encode_texts(new), strict=True))
