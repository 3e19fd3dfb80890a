"""Fusing anew: other weights over the stored pixel vectors."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from mmrag.fusion import Anchors, FusionWeights, Matrix
from mmrag.ingest.films import fuse_all
from mmrag.ingest.progress import Progress
from mmrag.retrieval.results import SpaceInfo
from mmrag.store import PixelBatch, Store


class RefuseReport(BaseModel):
    """What `refuse_films` did.

    Attributes
    ----------
    films : int
        Films fused anew.
    space : SpaceInfo
        The space with its new weights.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    films: int
    space: SpaceInfo


def refuse_films(
    store: Store, anchors: Anchors, weights: FusionWeights, progress: Progress
) -> RefuseReport:
    """Fuse every stored film with new weights; a run that is killed changes nothing.

    Parameters
    ----------
    store : Store
    anchors : Anchors
    weights : FusionWeights
    progress : Progress

    Returns
    -------
    RefuseReport

    Raises
    ------
    DatabaseError
        When the store is empty.
    """
    progress.begin("fusing", store.films.count())

    def fuse_batch(batch: PixelBatch) -> Matrix:
        progress.advance(len(batch.keys))
        return fuse_all(batch.findings, batch.vectors, anchors, weights)

    with store.bulk():
        films = store.films.refuse(weights.pixel, weights.label, fuse_batch)
    space = store.space
    if space is None:
        raise AssertionError("a store that was fused anew has a space")
    return RefuseReport(films=films, space=SpaceInfo.of(space))
