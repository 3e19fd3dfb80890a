"""PostgreSQL with pgvector: migrations, one module a table family, the embedded server."""

from __future__ import annotations

from mmrag.store.films import Films
from mmrag.store.lab_terms import (
    Bound,
    Change,
    LabCondition,
    LabEntry,
    LabFilter,
    LabMatch,
    LabRanking,
    LabSummary,
    PlacedObservation,
    SeriesPoint,
)
from mmrag.store.labs import Labs
from mmrag.store.people import People
from mmrag.store.store import Store
from mmrag.store.terms import (
    EncoderName,
    FilmCounts,
    FilmEntry,
    FilmFilter,
    FilmHashes,
    FilmMatch,
    LabCounts,
    PixelBatch,
    RecordKey,
    Space,
    StoreStatus,
    Vector,
    Vectors,
)

__all__ = [
    "Bound",
    "Change",
    "EncoderName",
    "FilmCounts",
    "FilmEntry",
    "FilmFilter",
    "FilmHashes",
    "FilmMatch",
    "Films",
    "LabCondition",
    "LabCounts",
    "LabEntry",
    "LabFilter",
    "LabMatch",
    "LabRanking",
    "LabSummary",
    "Labs",
    "People",
    "PixelBatch",
    "PlacedObservation",
    "RecordKey",
    "SeriesPoint",
    "Space",
    "Store",
    "StoreStatus",
    "Vector",
    "Vectors",
]
