"""Clinical retrieval over chest radiographs and laboratory results. For research only."""

__version__ = "0.1.0"  # before the imports below: the build reads it without running them

from mmrag.brief import Brief, Citation, Claim
from mmrag.clinical.question import ClinicalQuery
from mmrag.engine import Engine
from mmrag.errors import (
    BadFilm,
    BadRecord,
    DatabaseError,
    EncoderError,
    InputError,
    MissingExtra,
    MmragError,
    OutsideError,
    QueryError,
    SourceError,
    SpaceMismatch,
    UnknownUnit,
)
from mmrag.ingest.report import IngestReport
from mmrag.retrieval.results import FilmHit, LabHit, SearchResult
from mmrag.settings import Settings

__all__ = [
    "BadFilm",
    "BadRecord",
    "Brief",
    "Citation",
    "Claim",
    "ClinicalQuery",
    "DatabaseError",
    "EncoderError",
    "Engine",
    "FilmHit",
    "IngestReport",
    "InputError",
    "LabHit",
    "MissingExtra",
    "MmragError",
    "OutsideError",
    "QueryError",
    "SearchResult",
    "Settings",
    "SourceError",
    "SpaceMismatch",
    "UnknownUnit",
    "__version__",
]
