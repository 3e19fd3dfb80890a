"""``mmrag evidence``: what a film's pixels and labels are worth, learnt from experts' reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from mmrag import terminal
from mmrag.clinical.prompts import anchor_prompts
from mmrag.encoders import open_encoder
from mmrag.errors import InputError
from mmrag.evaluation.collection import Collection, encode_collection, films_of, labels_besides
from mmrag.evaluation.judges import EXPERT_TABLE, read_reads
from mmrag.evaluation.recorded import NOTHING, read_recorded
from mmrag.evaluation.teaching import reads_of
from mmrag.evidence import NAMES, EvidenceModel
from mmrag.evidence.fit import fit_evidence
from mmrag.evidence.shipped import file_name, write_model
from mmrag.fusion import anchors_from_prompts
from mmrag.settings import Settings
from mmrag.sources.nih_reads import Read

SEED = 20261124
"""Deals the patients into folds."""

SIMILARITY = 0.1
"""Share of the vector's similarity in a score: docs/evidence.md has what other shares give."""

evidence_app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="What pixels and labels are worth as evidence, learnt from films that experts read.",
)


@evidence_app.callback()
def evidence() -> None:
    """Keep ``fit`` a command of its own name."""


@evidence_app.command()
def fit(
    data: Annotated[Path, typer.Option(help="Folder of films, with their label table.")],
    reads: Annotated[
        list[Path] | None,
        typer.Option(help="Table of experts' reads; may be repeated. DATA/expert_labels.csv."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="Label table in place of the folder's own, such as a whole archive's."),
    ] = None,
    vectors: Annotated[
        Path | None,
        typer.Option(help="Out-of-fold vectors, for films that the encoder learnt from."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="File for the parameters; by default where mmrag looks for them."),
    ] = None,
    encoder: Annotated[str | None, typer.Option(help="Encoder; MMRAG_ENCODER by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Fit an encoder's evidence to films that experts read; minutes, most of them encoding."""
    settings = Settings() if encoder is None else Settings(encoder=encoder)
    opened = open_encoder(settings.encoder, settings)
    known = _reads(reads or [data / EXPERT_TABLE])
    every, rows = films_of(data, labels)
    films = [film for film in every if film.id in known]
    others = (*rows, *labels_besides(films, every))
    recorded = NOTHING if vectors is None else read_recorded(vectors, opened)
    with terminal.progress_bar() as progress:
        progress.begin("films", len(films))
        collection = encode_collection(films, opened, progress.advance, recorded, others)
    anchors = anchors_from_prompts(anchor_prompts(), opened.encode_texts)
    taught = reads_of(collection, known, anchors, np.random.default_rng(SEED))
    name = f"{opened.fingerprint.name}:{opened.fingerprint.weights}"
    model = fit_evidence(taught, name, SIMILARITY)
    file = settings.evidence / file_name(name) if out is None else out
    _write(file, write_model(model))
    _report(model, collection, file, as_json=as_json)
    if out is None:
        terminal.note("films that are stored already: mmrag refuse weighs them anew")


def _reads(tables: list[Path]) -> Mapping[str, Read]:
    known: dict[str, Read] = {}
    for table in tables:
        if not table.is_file():
            raise InputError(
                f"{table}: no such table of experts' reads: give --reads CSV with the columns "
                "Image ID, Abnormal and the 14 findings, YES or NO"
            )
        known |= read_reads(table)
    return known


def _write(out: Path, text: str) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}: choose another --out") from error


def _report(model: EvidenceModel, collection: Collection, out: Path, *, as_json: bool) -> None:
    films, patients = len(collection), len(set(collection.patients))
    if as_json:
        rates = dict(zip(NAMES, model.base_rate.round(4).tolist(), strict=True))
        answer = {"name": model.name, "films": films, "patients": patients, "base_rate": rates}
        typer.echo(json.dumps(answer | {"out": str(out)}))
        return
    typer.echo(f"{model.name}: fitted to {films} films of {patients} patients; written to {out}")
