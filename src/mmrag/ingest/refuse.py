"""Fusing anew: other weights over the stored pixel vectors."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from mmrag.fusion import Anchors, FusionWeights
from mmrag.ingest.films import fuse_all
from mmrag.ingest.progress import Progress
from mmrag.retrieval.results import SpaceInfo
from mmrag.store import Store


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
    """Fuse every stored film with new weights.

    The weights are recorded first: a run that is killed half-way is mended by running it
    again, and films ingested meanwhile already use them.

    Parameters
    ----------
    store : Store
    anchors : Anchors
    weights : FusionWeights
    progress : Progress

    Returns
    -------
    RefuseReport
    """
    space = store.set_weights(weights.pixel, weights.label)
    progress.begin("fusing", store.films.count())
    films = 0
    with store.bulk():
        for batch in store.films.iter_pixels():
            fused = fuse_all(batch.findings, batch.vectors, anchors, weights)
            store.films.replace_fused(batch.keys, fused)
            films += len(batch.keys)
            progress.advance(len(batch.keys))
    return RefuseReport(films=films, space=SpaceInfo.of(space))
