"""What is stored, as ``mmrag status`` prints it."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from mmrag.settings import Settings
from mmrag.store import FusionKind, StoreStatus


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FilmsStatus(_Fact):
    """Films of one source."""

    films: int
    labelled: int
    patients: int
    made_up: int


class LabsStatus(_Fact):
    """Laboratory panels of one source."""

    reports: int
    observations: int
    patients: int
    made_up: int


class SpaceStatus(_Fact):
    """The store's embedding space."""

    encoder: str
    fingerprint: str
    dimension: int
    w_pixel: float
    w_label: float
    fusion: FusionKind
    evidence: str | None


class Status(_Fact):
    """State of a store.

    Attributes
    ----------
    location : str
        Folder of the embedded database, or the connection string without its password.
    embedded : bool
    exists : bool
        False where nothing was ever stored.
    server, pgvector : str or None
        Versions; None where nothing was ever stored.
    size_bytes : int
        The database on disk.
    space : SpaceStatus or None
    films, labs : dict
        By source.
    patients, conditions, imaging_studies : int
    links : int
        Declared identities of a film patient and a lab patient.
    films_indexed, labs_indexed : bool
        Whether each leg's vector index is there; searches are exact without.
    """

    location: str
    embedded: bool
    exists: bool
    server: str | None = None
    pgvector: str | None = None
    size_bytes: int = 0
    space: SpaceStatus | None = None
    films: dict[str, FilmsStatus] = {}
    labs: dict[str, LabsStatus] = {}
    patients: int = 0
    conditions: int = 0
    imaging_studies: int = 0
    links: int = 0
    films_indexed: bool = False
    labs_indexed: bool = False

    @classmethod
    def of_nothing(cls, settings: Settings) -> Status:
        """State where nothing was ever stored."""
        return cls(location=str(settings.home), embedded=True, exists=False)

    @classmethod
    def of(cls, state: StoreStatus) -> Status:
        """State as the store tells it."""
        space = state.space
        return cls(
            location=state.location,
            embedded=state.embedded,
            exists=True,
            server=state.server_version,
            pgvector=state.pgvector_version,
            size_bytes=state.size_bytes,
            space=None
            if space is None
            else SpaceStatus(
                encoder=space.encoder,
                fingerprint=space.fingerprint,
                dimension=space.dimension,
                w_pixel=space.w_pixel,
                w_label=space.w_label,
                fusion=space.fusion,
                evidence=None if space.evidence is None else space.evidence.short,
            ),
            films={
                name: FilmsStatus(
                    films=c.films, labelled=c.labelled, patients=c.patients, made_up=c.made_up
                )
                for name, c in state.films.items()
            },
            labs={
                name: LabsStatus(
                    reports=c.reports,
                    observations=c.observations,
                    patients=c.patients,
                    made_up=c.made_up,
                )
                for name, c in state.labs.items()
            },
            patients=state.patients,
            conditions=state.conditions,
            imaging_studies=state.imaging_studies,
            links=state.links,
            films_indexed=state.films_indexed,
            labs_indexed=state.labs_indexed,
        )

    def lines(self) -> Iterator[tuple[str, str]]:
        """Say it a fact a line: name and value."""
        yield "where", f"{self.location} ({'embedded' if self.embedded else 'MMRAG_DSN'})"
        if not self.exists:
            yield "stored", "nothing yet: mmrag ingest nih DIR, or mmrag demo"
            return
        yield "server", f"PostgreSQL {self.server}, pgvector {self.pgvector}"
        yield "size", f"{self.size_bytes / 2**20:,.1f} MB"
        if self.space is not None:
            yield "space", f"{self.space.fingerprint}, {self.space.dimension} dimensions"
            shares = f"{self.space.w_pixel:g} pixels, {self.space.w_label:g} labels"
            yield "fusion", f"{shares} ({self.space.fusion})"
            yield "evidence", _evidence(self.space.evidence)
        for source, films in self.films.items():
            made_up = " (made up)" if films.made_up else ""
            yield (
                f"films {source}",
                f"{films.films:,} of {films.patients:,} patients, "
                f"{films.labelled:,} labelled{made_up}",
            )
        for source, labs in self.labs.items():
            made_up = " (made up)" if labs.made_up else ""
            yield (
                f"panels {source}",
                f"{labs.reports:,} of {labs.patients:,} patients, "
                f"{labs.observations:,} results{made_up}",
            )
        yield "people", f"{self.patients:,} patients, {self.conditions:,} conditions"
        if self.links:
            yield "links", f"{self.links:,} declared: mmrag link --list"
        yield (
            "indexes",
            f"films {'HNSW' if self.films_indexed else 'exact'}, "
            f"panels {'HNSW' if self.labs_indexed else 'exact'}",
        )


def _evidence(parameters: str | None) -> str:
    if parameters is None:
        return "none yet: mmrag refuse"
    if parameters.startswith("labels:"):
        return f"{parameters}, pixels not fitted for this encoder: mmrag evidence fit"
    return parameters
