"""``mmrag eval``: judges, baselines, leak checks and a report."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from mmrag import terminal
from mmrag.encoders import open_encoder
from mmrag.engine import Engine
from mmrag.errors import InputError, MissingExtra, MmragError
from mmrag.fusion import FusionWeights
from mmrag.settings import Settings

if TYPE_CHECKING:
    from mmrag.evaluation.lab_exactness import Labs

_WIDE = 160
"""Columns where the output is no terminal: no cell is broken in two."""


def eval_command(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of films, with expert_labels.csv where there is one."),
    ] = None,
    labs: Annotated[Path | None, typer.Option(help="csv folder of a Synthea export.")] = None,
    encoder: Annotated[str | None, typer.Option(help="Encoder; MMRAG_ENCODER by default.")] = None,
    vectors: Annotated[
        Path | None,
        typer.Option(help="Out-of-fold vectors, for films that the encoder learnt from."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="To see that it works.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for page, plots and figures.")] = None,
) -> None:
    """Judge the ranking on your films; exit code 1 where a leak check fails."""
    if data is None:
        raise InputError(
            "nothing to judge: give --data DIR, a folder of films in the layout of NIH "
            "ChestX-ray14 with Data_Entry_2017*.csv and, for experts as judge, expert_labels.csv"
        )
    try:
        from mmrag.evaluation.run import evaluate
        from mmrag.evaluation.written import print_report, write_report
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "ir-measures", "eval") from error
    settings = Settings() if encoder is None else Settings(encoder=encoder)
    with _lab_leg(labs, settings) as leg, terminal.progress_bar() as progress:
        report = evaluate(
            data,
            open_encoder(settings.encoder, settings),
            FusionWeights(settings.w_pixel, settings.w_label),
            progress,
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
        raise MmragError(f"no figure can be trusted: leak found by {failed}: mend it first")


@contextmanager
def _lab_leg(folder: Path | None, settings: Settings) -> Iterator[Labs | None]:
    """Hold the export in a store of its own, asked through the front door."""
    if folder is None:
        yield None
        return
    from mmrag.evaluation.lab_exactness import Labs

    with tempfile.TemporaryDirectory(prefix="mmrag-eval-") as home:
        own = settings.model_copy(update={"home": Path(home), "dsn": None})
        with Engine.open(settings=own) as engine:
            engine.ingest("synthea", folder)
            yield Labs(folder, lambda text, k: engine.search(text, films=0, labs=k).labs)
