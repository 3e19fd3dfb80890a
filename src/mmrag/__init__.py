"""Clinical retrieval over chest radiographs and laboratory results. For research only."""

__version__ = "0.1.0"  # before the imports below: the build reads it without running them

from mmrag.brief import Brief, Citation, Claim
from mmrag.client import Client
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
    WriterError,
)
from mmrag.ingest.report import IngestReport
from mmrag.retrieval.lookup import FilmRecord, PanelRecord, Timeline
from mmrag.retrieval.results import FilmHit, LabHit, SearchResult
from mmrag.settings import Settings

__all__ = [
    "BadFilm",
    "BadRecord",
    "Brief",
    "Citation",
    "Claim",
    "Client",
    "ClinicalQuery",
    "DatabaseError",
    "EncoderError",
    "Engine",
    "FilmHit",
    "FilmRecord",
    "IngestReport",
    "InputError",
    "LabHit",
    "MissingExtra",
    "MmragError",
    "OutsideError",
    "PanelRecord",
    "QueryError",
    "SearchResult",
    "Settings",
    "SourceError",
    "SpaceMismatch",
    "Timeline",
    "UnknownUnit",
    "WriterError",
    "__version__",
]
