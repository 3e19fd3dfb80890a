"""PostgreSQL with pgvector: migrations, one module a table family, the embedded server."""

from __future__ import annotations

from mmrag.store.audit import ACTIONS, Action, AuditEntry, AuditEvent, AuditLog, AuditVerdict
from mmrag.store.facets import Facet
from mmrag.store.film_order import BY_SIMILARITY, EVIDENCE, Clause, FilmOrder
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
from mmrag.store.links import Link, Links, PatientFacts
from mmrag.store.next_space import NextSpace, StoredFilm, StoredPanel
from mmrag.store.people import People
from mmrag.store.persons import Persons
from mmrag.store.store import Store
from mmrag.store.terms import (
    EncoderName,
    EvidenceName,
    FilmCounts,
    FilmEntry,
    FilmEvidence,
    FilmFilter,
    FilmHashes,
    FilmMatch,
    FilmSurvey,
    FusionKind,
    LabCounts,
    PixelBatch,
    Recipe,
    RecordKey,
    Space,
    StoreStatus,
    Vector,
    Vectors,
)
from mmrag.store.tokens import Scope, Token, Tokens

__all__ = [
    "ACTIONS",
    "BY_SIMILARITY",
    "EVIDENCE",
    "Action",
    "AuditEntry",
    "AuditEvent",
    "AuditLog",
    "AuditVerdict",
    "Bound",
    "Change",
    "Clause",
    "EncoderName",
    "EvidenceName",
    "Facet",
    "FilmCounts",
    "FilmEntry",
    "FilmEvidence",
    "FilmFilter",
    "FilmHashes",
    "FilmMatch",
    "FilmOrder",
    "FilmSurvey",
    "Films",
    "FusionKind",
    "LabCondition",
    "LabCounts",
    "LabEntry",
    "LabFilter",
    "LabMatch",
    "LabRanking",
    "LabSummary",
    "Labs",
    "Link",
    "Links",
    "NextSpace",
    "PatientFacts",
    "People",
    "Persons",
    "PixelBatch",
    "PlacedObservation",
    "Recipe",
    "RecordKey",
    "Scope",
    "SeriesPoint",
    "Space",
    "Store",
    "StoreStatus",
    "StoredFilm",
    "StoredPanel",
    "Token",
    "Tokens",
    "Vector",
    "Vectors",
]
