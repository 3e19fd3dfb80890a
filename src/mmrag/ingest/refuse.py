"""Fusing anew: other weights or other evidence over the stored pixel vectors."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict

from mmrag.fusion import Matrix
from mmrag.ingest.fusing import Fusing
from mmrag.ingest.progress import Progress
from mmrag.retrieval.results import SpaceInfo
from mmrag.store import FilmEvidence, PixelBatch, Store
from mmrag.store.schema import Connection


class RefuseReport(BaseModel):
    """What `refuse_films` did.

    Attributes
    ----------
    films : int
        Films weighed and fused anew.
    space : SpaceInfo
        The space with its new weights.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    films: int
    space: SpaceInfo


def refuse_films(store: Store, fusing: Fusing, progress: Progress) -> RefuseReport:
    """Weigh and fuse every stored film anew; a run that is killed changes nothing.

    Parameters
    ----------
    store : Store
    fusing : Fusing
    progress : Progress

    Returns
    -------
    RefuseReport

    Raises
    ------
    DatabaseError
        When the store is empty.
    """
    with store.bulk():
        films = fuse_anew(store, fusing, progress)
    space = store.space
    if space is None:
        raise AssertionError("a store that was fused anew has a space")
    return RefuseReport(films=films, space=SpaceInfo.of(space))


def fuse_anew(
    store: Store,
    fusing: Fusing,
    progress: Progress,
    first: Callable[[Connection], None] | None = None,
) -> int:
    """Do it inside a block of `Store.bulk`, all in one transaction.

    Parameters
    ----------
    store : Store
    fusing : Fusing
    progress : Progress
    first : callable, optional
        Done before, in the same transaction.

    Returns
    -------
    int
        How many films there are.
    """
    progress.begin("fusing", store.films.count())

    def fuse_batch(batch: PixelBatch) -> tuple[Matrix, FilmEvidence]:
        progress.advance(len(batch.keys))
        return fusing.fuse_batch(batch)

    return store.films.refuse(fusing.recipe, fuse_batch, first)
