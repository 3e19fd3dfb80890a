"""``mmrag eval``: judges, baselines, leak checks and a report."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import psycopg
import typer
from rich.console import Console

from mmrag import terminal
from mmrag.brief import Brief, StoredRecords, compose
from mmrag.encoders import open_encoder
from mmrag.engine import Engine
from mmrag.errors import InputError, MissingExtra, MmragError
from mmrag.evidence import EvidenceModel, evidence_model_for
from mmrag.fusion import FusionWeights
from mmrag.settings import Settings
from mmrag.store import Store
from mmrag.store.connection import Address
from mmrag.store.schema import set_search_path

if TYPE_CHECKING:
    from mmrag.evaluation.lab_exactness import Labs
    from mmrag.evaluation.results import EvaluationReport

_WIDE = 160
"""Columns where the output is no terminal: no cell is broken in two."""


def eval_command(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of films, with expert_labels.csv where there is one."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="Label table in place of the folder's own, such as a whole archive's."),
    ] = None,
    labs: Annotated[Path | None, typer.Option(help="csv folder of a Synthea export.")] = None,
    encoder: Annotated[str | None, typer.Option(help="Encoder; MMRAG_ENCODER by default.")] = None,
    vectors: Annotated[
        Path | None,
        typer.Option(help="Out-of-fold vectors, for films that the encoder learnt from."),
    ] = None,
    brief: Annotated[
        bool, typer.Option("--brief", help="Audit the brief's sentences, not the ranking.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="To see that it works.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for page, plots and figures.")] = None,
) -> None:
    """Judge the ranking on your films; exit code 1 where a leak check fails.

    With --brief every sentence of many briefs is checked against the rows, and again after a
    tenth of the rows is made wrong; exit code 1 where a sentence is not borne out.
    """
    if data is None:
        raise InputError(
            "nothing to judge: give --data DIR, a folder of films in the layout of NIH "
            "ChestX-ray14 with Data_Entry_2017*.csv and, for experts as judge, expert_labels.csv"
        )
    settings = Settings() if encoder is None else Settings(encoder=encoder)
    if brief:
        _audit_briefs(data, labels, labs, settings, quick=quick, as_json=as_json, out=out)
        return
    try:
        from mmrag.evaluation.run import evaluate
        from mmrag.evaluation.written import print_report, write_report
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "ir-measures", "eval") from error
    with _lab_leg(labs, settings) as leg, terminal.progress_bar() as progress:
        opened = open_encoder(settings.encoder, settings)
        name = opened.fingerprint
        report = evaluate(
            data,
            opened,
            FusionWeights(settings.w_pixel, settings.w_label),
            evidence_model_for(name.name, name.weights, settings.evidence),
            progress,
            labels=labels,
            labs=leg,
            vectors=vectors,
            quick=quick,
        )
    if as_json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        print_report(report, Console(width=None if Console().is_terminal else _WIDE))
    if out is not None:
        terminal.note(f"written to {write_report(report, out)}")
    if report.leaks:
        failed = "; ".join(f"{check.name} ({check.subject})" for check in report.leaks)
        raise MmragError(f"no figure can be trusted: leak found by {failed}: {_mend(report)}")


def _mend(report: EvaluationReport) -> str:
    from mmrag.evaluation.results import SEEN_BEFORE

    if any(check.name == SEEN_BEFORE for check in report.leaks):
        return (
            "give --vectors FILE, vectors by weights that never saw these patients "
            "(training/out_of_fold.npz of a checkout for the compact encoder)"
        )
    return "mend it first"


@contextmanager
def _lab_leg(folder: Path | None, settings: Settings) -> Iterator[Labs | None]:
    """Hold the export in a store of its own, asked through the front door."""
    if folder is None:
        yield None
        return
    from mmrag.evaluation.lab_exactness import Labs

    with _store_of_its_own(settings) as own, Engine.open(settings=own) as engine:
        engine.ingest("synthea", folder)
        yield Labs(folder, lambda text, k: engine.search(text, films=0, labs=k).labs)


def _audit_briefs(
    data: Path,
    labels: Path | None,
    labs: Path | None,
    settings: Settings,
    *,
    quick: bool,
    as_json: bool,
    out: Path | None,
) -> None:
    from mmrag.evaluation.grounding import audit_grounding
    from mmrag.evaluation.grounding_page import print_grounding, write_grounding

    if labs is None:
        raise InputError("an audit of the brief needs results, too: give --labs DIR")
    with (
        _store_of_its_own(settings) as own,
        Engine.open(settings=own) as engine,
        terminal.progress_bar() as progress,
    ):
        engine.ingest("nih", data, labels=labels, progress=progress)
        engine.ingest("synthea", labs, progress=progress)
        with _rows_of(own) as connection, _Briefs.over(engine, own) as briefs:
            report = audit_grounding(briefs, connection, progress, quick=quick)
    if as_json:
        typer.echo(report.model_dump_json(indent=2))
    else:
        print_grounding(report, Console(width=None if Console().is_terminal else _WIDE))
    if out is not None:
        terminal.note(f"written to {write_grounding(report, out)}")
    if not report.is_clean:
        raise MmragError("a sentence of the brief is not borne out: see the claims named above")


class _Briefs:
    """Briefs as JSON objects; the first answer to each question is remembered."""

    def __init__(self, engine: Engine, store: Store, model: EvidenceModel) -> None:
        self._engine = engine
        self._store = store
        self._model = model
        self._first: dict[str, Brief] = {}

    @classmethod
    @contextmanager
    def over(cls, engine: Engine, settings: Settings) -> Iterator[_Briefs]:
        """Open a second way into the engine's store, for checks without a search."""
        store = Store.open_existing(settings)
        if store is None:
            raise InputError("nothing was ingested: give other folders with --data and --labs")
        with store:
            space = store.space
            if space is None:
                raise InputError("nothing was encoded: give other folders with --data and --labs")
            yield cls(engine, store, evidence_model_for(space.encoder, space.weights))

    def ask(self, question: str) -> Mapping[str, Any]:
        brief = self._engine.brief(question)
        self._first.setdefault(question, brief)
        return brief.model_dump(mode="json")

    def again(self, question: str) -> Mapping[str, Any]:
        held = compose(self._first[question], StoredRecords(self._store, self._model))
        return held.model_dump(mode="json")


@contextmanager
def _store_of_its_own(settings: Settings) -> Iterator[Settings]:
    """Keep what is tried apart from the user's stores, and from parameters fitted here."""
    with tempfile.TemporaryDirectory(prefix="mmrag-eval-") as home:
        apart = {"home": Path(home), "dsn": None, "evidence": Path(home) / "evidence"}
        yield settings.model_copy(update=apart)


@contextmanager
def _rows_of(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """Connect to the store beside all code that reads it otherwise."""
    address = Address.of(settings)
    try:
        with contextlib.closing(address.connect()) as connection:
            set_search_path(connection)
            yield connection
    finally:
        address.leave()
