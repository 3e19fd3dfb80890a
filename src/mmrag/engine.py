"""The front door: open, ingest, search, brief. Wires the rooms and holds no logic of its own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mmrag.audit import AuditTrail
from mmrag.brief import Brief, Replay, StoredRecords, compose, replay
from mmrag.brief.heat import draw_heat, draw_overlay
from mmrag.brief.writer.endpoint import Endpoint
from mmrag.brief.writer.steps import Step, Steps, finished
from mmrag.brief.writer.write import write
from mmrag.clinical.question import ClinicalQuery
from mmrag.encoders.base import ExplainsFilms
from mmrag.errors import BadFilm, InputError, QueryError
from mmrag.ingest import ingest_source
from mmrag.ingest.again import AgainPlan, encode_again, plan_again
from mmrag.ingest.link import LinkReport, declare_links, withdraw_links
from mmrag.ingest.progress import Progress, Silent
from mmrag.ingest.refuse import RefuseReport, refuse_films
from mmrag.ingest.report import EncodedAgain, IngestReport
from mmrag.opened import Opened
from mmrag.retrieval import answer, search
from mmrag.retrieval.facets import count_facets
from mmrag.retrieval.lookup import (
    FilmRecord,
    PanelRecord,
    Timeline,
    find_film,
    find_panel,
    timeline,
)
from mmrag.retrieval.results import FilmHit, SearchResult
from mmrag.retrieval.shown import Shown, film_of_file, stored_film
from mmrag.settings import Settings
from mmrag.sources import open_source
from mmrag.sources.base import Source
from mmrag.sources.images import read_film, thumbnail
from mmrag.status import Status
from mmrag.store import (
    Facet,
    FusionKind,
    Link,
    SeriesPoint,
    Tokens,
)

THUMBNAIL = 192
"""Longest side of a brief's thumbnails, in pixels."""


class Engine:
    """Films and laboratory results that answer a clinical question.

    Open one with `Engine.open` and close it, or use it in a ``with`` block. The database
    starts and the encoder loads on first use. One engine serves several threads.

    Parameters
    ----------
    settings : Settings

    Examples
    --------
    >>> with Engine.open() as engine:                          # doctest: +SKIP
    ...     engine.ingest("nih", "films")
    ...     engine.brief("pneumonia with pleural effusion")
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened = Opened(settings)

    @classmethod
    def open(
        cls,
        home: str | Path | None = None,
        *,
        dsn: str | None = None,
        encoder: str | None = None,
        settings: Settings | None = None,
    ) -> Self:
        """Open an engine.

        Parameters
        ----------
        home : path, optional
            Folder of the embedded database; ``MMRAG_HOME`` by default.
        dsn : str, optional
            Connection string of another PostgreSQL; ``MMRAG_DSN`` by default.
        encoder : str, optional
            Name of the encoder; ``MMRAG_ENCODER`` by default.
        settings : Settings, optional
            Everything at once; the environment's by default.

        Returns
        -------
        Engine
        """
        base = settings or Settings()
        given = {
            "home": None if home is None else Path(home),
            "dsn": dsn,
            "encoder": encoder,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        return cls(base.model_copy(update=changes))

    def ingest(
        self,
        kind: str,
        path: str | Path,
        *,
        labels: str | Path | None = None,
        again: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Read a source into the store; what is there already is left as it is.

        Parameters
        ----------
        kind : str
            ``nih``, ``synthea``, ``fhir``, ``covid`` or ``dicom``.
        path : path
            Folder or file of the source.
        labels : path, optional
            Label table of the films, where it is not beside them.
        again : bool
            Encode anew what is there already. A store of another space is encoded anew as a
            whole, whatever its sources, see `plan_again`; until all is done it stays as it is.
        progress : Progress, optional

        Returns
        -------
        IngestReport
            What went in, and a line for everything that did not.

        Raises
        ------
        SourceError
            When the path cannot be this source at all.
        SpaceMismatch
            When another encoder filled the store, and not `again`.
        DatabaseError
            When PostgreSQL cannot be used.
        """
        source = open_source(kind, Path(path), None if labels is None else Path(labels))
        shown = progress or Silent()
        encoded = self._encode_again(source, shown) if again else None
        space = self._opened.claim_evidence()
        report = ingest_source(
            source,
            self._opened.store,
            self._opened.encoder,
            self._opened.fusing(space),
            shown,
            again=again and encoded is None,
        )
        return report.model_copy(update={"again": encoded})

    def plan_again(self) -> AgainPlan | None:
        """Say what an ingest with ``again`` has to encode anew besides its source.

        Returns
        -------
        AgainPlan or None
            None where the store's space is the encoder's already.
        """
        return plan_again(self._opened.store, self._opened.encoder)

    def search(
        self,
        text: str | ClinicalQuery = "",
        *,
        image: str | Path | None = None,
        film: str | None = None,
        itself: bool = False,
        films: int = 10,
        labs: int = 10,
        explain: bool = False,
    ) -> SearchResult:
        """Search both legs.

        Parameters
        ----------
        text : str or ClinicalQuery
            The question in words, which may be empty when a film is given; or compiled, as
            `mmrag.clinical.query_json.read_query` reads it.
        image : path, optional
            A film to search with.
        film : str, optional
            Identifier of a stored film to search with, instead of `image`.
        itself : bool
            Whether the film that is shown may answer where it is stored.
        films, labs : int
            Records wanted of each leg; 0 leaves a leg out.
        explain : bool
            Whether to find out where each film would rank without labels: the time that
            comparing all films takes.

        Returns
        -------
        SearchResult

        Raises
        ------
        QueryError
            When there is nothing to ask.
        BadFilm
            When the image cannot be read.
        """
        asks = isinstance(text, ClinicalQuery) or bool(text.strip())
        if not asks and image is None and film is None:
            raise QueryError("an empty question: give words, --image FILE, or both")
        if image is not None and film is not None:
            raise QueryError("two films in one question: give --image FILE or --film ID")
        if films < 0 or labs < 0:
            raise QueryError("films and labs must be at least 0")
        room = self._opened.room
        shown, sha256 = self._film_shown(image, film, itself)
        result = search(room, text, image=shown, films=films, labs=labs, explain=explain)
        return result.model_copy(update={"image": sha256})

    def brief(
        self,
        text: str | ClinicalQuery = "",
        *,
        image: str | Path | None = None,
        film: str | None = None,
        itself: bool = False,
        films: int = 10,
        labs: int = 10,
        writer: bool = False,
    ) -> Brief:
        """Search, and write the Clinical Brief from what was found.

        Takes and raises what `search` does, and `writer`.

        Parameters
        ----------
        writer : bool
            Let the language model of the settings put the claims into sentences, too. One that
            fails leaves the claims as they are and a note in ``written``.

        Returns
        -------
        Brief

        Raises
        ------
        InputError
            When the settings name no language model to write with.
        MissingExtra
            When the extra for it is not installed.
        """
        steps = self.brief_steps(
            text, image=image, film=film, itself=itself, films=films, labs=labs, writer=writer
        )
        return finished(steps)

    def brief_steps(
        self,
        text: str | ClinicalQuery = "",
        *,
        image: str | Path | None = None,
        film: str | None = None,
        itself: bool = False,
        films: int = 10,
        labs: int = 10,
        writer: bool = False,
    ) -> Steps:
        """Do as `brief`, and tell of each step once it is done; closing it ends the work.

        Yields
        ------
        Step
            What was searched and composed and, with `writer`, each sentence as it comes.

        Returns
        -------
        Brief
        """
        model = Endpoint.of(self._settings) if writer else None
        store = self._opened.store
        counted_at = store.moment()
        result = self.search(
            text, image=image, film=film, itself=itself, films=films, labs=labs, explain=True
        )
        yield Step("searched", result)
        brief = compose(result, StoredRecords(store, self._opened.model, counted_at))
        yield Step("composed", brief)
        if model is not None:
            brief = yield from write(brief, model)
        return brief

    def write_steps(self, brief: Brief) -> Steps:
        """Let the language model of the settings write a brief that was made before.

        Takes, tells and raises what `brief_steps` does from there on; nothing is searched.
        """
        return write(brief, Endpoint.of(self._settings))

    def replay(self, brief: Brief, *, image: str | Path | None = None) -> Replay:
        """Hold a printed brief against the store as it is now.

        Parameters
        ----------
        brief : Brief
            As `mmrag.brief.load_brief` reads it.
        image : path, optional
            The film that the question showed, where it showed one.

        Returns
        -------
        Replay

        Raises
        ------
        QueryError
            When another film is given than the question showed, or none.
        BadFilm
            When the image cannot be read.
        """
        asked_with = brief.query.image
        shown, sha256 = self._film_shown(
            image,
            asked_with.film if asked_with is not None and image is None else None,
            itself=asked_with is not None and not asked_with.left_out,
        )
        if sha256 != brief.image:
            asked = "no film" if brief.image is None else f"the film with SHA-256 {brief.image}"
            raise QueryError(f"this brief was asked with {asked}: give that with --image FILE")
        legs = brief.coverage
        today = answer(
            self._opened.room,
            brief.query,
            image=shown,
            films=legs.films.requested,
            labs=legs.labs.requested,
        )
        return replay(brief, today, StoredRecords(self._opened.store, self._opened.model))

    def refuse(
        self,
        w_pixel: float | None = None,
        w_label: float | None = None,
        *,
        fusion: FusionKind | None = None,
        progress: Progress | None = None,
    ) -> RefuseReport:
        """Weigh and fuse every film anew; nothing is encoded again.

        Parameters
        ----------
        w_pixel, w_label : float, optional
            At least 0, not both 0; the store's own by default.
        fusion : {"soft", "hard"}, optional
            Whether film vectors follow the evidence or the labels as they are; as the store
            has it by default.
        progress : Progress, optional

        Returns
        -------
        RefuseReport
        """
        space = self._opened.claim_space()
        wanted = {"w_pixel": w_pixel, "w_label": w_label, "fusion": fusion}
        changes: dict[str, Any] = {
            name: value for name, value in wanted.items() if value is not None
        }
        fusing = self._opened.fusing(replace(space, **changes))
        return refuse_films(self._opened.store, fusing, progress or Silent())

    def status(self) -> Status:
        """Say what is stored; starts no encoder and creates no store.

        Returns
        -------
        Status
        """
        with self._opened.existing_store() as store:
            return Status.of_nothing(self._settings) if store is None else Status.of(store.status())

    def link(
        self, file: str | Path, *, declared_by: str = "unknown", remove: bool = False
    ) -> LinkReport:
        """Declare that patients of films and patients of panels are one person.

        Starts no encoder. From then on their films and panels are of one patient in every
        answer; see `mmrag.ingest.link.declare_links` for what is refused.

        Parameters
        ----------
        file : path
            CSV with the columns ``film_patient`` and ``lab_patient``, each
            ``source:identifier``.
        declared_by : str
            Who says so.
        remove : bool
            Take the pairs back instead.

        Returns
        -------
        LinkReport
            What went in, and a line for every row that did not.

        Raises
        ------
        SourceError
            When the file cannot be read as such a table.
        InputError
            When nothing is stored yet.
        DatabaseError
            When PostgreSQL cannot be used.
        """
        with self._opened.existing_store() as store:
            if store is None:
                raise InputError("nothing is stored yet: run mmrag ingest before mmrag link")
            if remove:
                return withdraw_links(store, Path(file))
            return declare_links(store, Path(file), declared_by)

    def links(self) -> list[Link]:
        """List the patients who are declared to be one person; starts no encoder."""
        with self._opened.existing_store() as store:
            return [] if store is None else store.links.every()

    def thumbnail(self, film: FilmHit) -> bytes | None:
        """Draw a small picture of a film that was found.

        Parameters
        ----------
        film : FilmHit

        Returns
        -------
        bytes or None
            A PNG or JPEG file; None when the image is no longer there or readable.
        """
        try:
            return thumbnail(Path(film.file), THUMBNAIL)
        except BadFilm:
            return None

    def heat_map(self, film: FilmHit, finding: str) -> bytes | None:
        """Draw where in a film the encoder sees a finding.

        Parameters
        ----------
        film : FilmHit
        finding : str
            Canonical name. `mmrag.brief.heat.CAPTION` has to stand beside the picture.

        Returns
        -------
        bytes or None
            A JPEG file; None when the encoder cannot show it (`ExplainsFilms`), or the image
            is no longer there or readable.

        Raises
        ------
        QueryError
            When the finding is none of the 14.
        """
        encoder = self._opened.encoder
        if not isinstance(encoder, ExplainsFilms):
            return None
        try:
            pixels = read_film(Path(film.file)).pixels
            return draw_heat(pixels, encoder.heat_map(pixels, finding), THUMBNAIL)
        except BadFilm:
            return None

    def heat_overlay(self, film: FilmHit | FilmRecord, finding: str) -> bytes | None:
        """Draw the same as `heat_map` without the film, to be laid over it.

        Parameters
        ----------
        film : FilmHit or FilmRecord
        finding : str

        Returns
        -------
        bytes or None
            A PNG file with transparent parts, of the film's proportions.

        Raises
        ------
        QueryError
            When the finding is none of the 14.
        BadFilm
            When the image is no longer there or readable.
        """
        encoder = self._opened.encoder
        if not isinstance(encoder, ExplainsFilms):
            return None
        pixels = read_film(Path(film.file)).pixels
        return draw_overlay(encoder.heat_map(pixels, finding), pixels.shape[1], pixels.shape[0])

    def facets(self, query: ClinicalQuery) -> tuple[Facet, ...]:
        """Count, by field, the films and panels that a compiled question leaves."""
        return count_facets(self._opened.room, query)

    def film(self, id_: str, source: str | None = None) -> FilmRecord | None:
        """Find a stored film by its identifier, of the first source that has it by default."""
        return find_film(self._opened.store, id_, source)

    def panel(self, id_: str, source: str | None = None) -> PanelRecord | None:
        """Find a stored laboratory panel by its identifier, as `film` does."""
        return find_panel(self._opened.store, id_, source)

    def timeline(self, patient: str) -> Timeline | None:
        """Collect what is stored of a patient (``source:identifier``); None for a stranger."""
        return timeline(self._opened.store, patient)

    def courses(
        self, wanted: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], list[SeriesPoint]]:
        """List patients' values of LOINC codes by time, in each analyte's canonical unit.

        Parameters
        ----------
        wanted : collection of (str, str)
            Patient, ``source:identifier``, and LOINC code.

        Returns
        -------
        dict of (str, str) to list of SeriesPoint
            A pair without values is left out.
        """
        return self._opened.store.labs.courses(wanted)

    @property
    def audit(self) -> AuditTrail:
        """Where it is written down who asked what."""
        return AuditTrail(self._opened.store.audit, self._settings.audit_query)

    @property
    def tokens(self) -> Tokens:
        """Who may use the service from elsewhere."""
        return self._opened.store.tokens

    def close(self) -> None:
        """Leave the database; the embedded one stops when its last user leaves."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _film_shown(
        self, image: str | Path | None, film: str | None, itself: bool
    ) -> tuple[Shown | None, str | None]:
        """Take the film of a question and its hash; nothing where it shows none."""
        store = self._opened.store
        if film is not None:
            return stored_film(store, film, itself=itself)
        if image is None:
            return None, None
        read = read_film(Path(image))
        vector = self._opened.encoder.encode_films([read.pixels])[0]
        return film_of_file(store, vector, read.sha256, itself=itself), read.sha256

    def _encode_again(self, source: Source, progress: Progress) -> EncodedAgain | None:
        if self.plan_again() is None:
            return None
        return encode_again(
            self._opened.store,
            self._opened.encoder,
            self._opened.anchors,
            self._opened.model,
            source,
            progress,
        )
