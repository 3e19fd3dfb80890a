"""``mmrag encoder``: weights, exported towers and calibration of open_clip models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmrag.encoders.base import GreyImage
from mmrag.encoders.biomedclip import NAME, Model, locate, model_named
from mmrag.encoders.encoder_check import check as check_model
from mmrag.encoders.exported import read_exported
from mmrag.encoders.openclip_folder import file_sha256, read_folder
from mmrag.encoders.openclip_hub import download
from mmrag.errors import BadFilm, EncoderError, InputError
from mmrag.settings import Settings
from mmrag.sources.images import read_film

if TYPE_CHECKING:
    from mmrag.encoders.calibration import Calibration

encoder_app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Weights and exported towers of BiomedCLIP and other open_clip models.",
)

Name = Annotated[
    str, typer.Argument(help="biomedclip, hf-hub:owner/name, or the folder of an open_clip model.")
]
_SUFFIXES = {".png", ".jpg", ".jpeg"}

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@encoder_app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="biomedclip or hf-hub:owner/name.")],
    folder: Annotated[Path, typer.Argument(help="Folder to fill.")],
    as_json: AsJson = False,
) -> None:
    """Download a model from the hub into a folder that works without a network."""
    model = _model(name, Settings())
    if model.repository is None:
        raise InputError(f"{name}: a folder is there already: give biomedclip or hf-hub:owner/name")
    fetched = read_folder(_downloaded(model.repository, folder), "run the same command again")
    digest = file_sha256(fetched.weights)
    if as_json:
        typer.echo(
            json.dumps({"folder": str(folder), "weights": str(fetched.weights), "sha256": digest})
        )
    else:
        typer.echo(f"{fetched.weights}\nsha256 {digest}")
        typer.echo(
            f"to use it: MMRAG_BIOMEDCLIP={folder}"
            if name == NAME
            else f"to use it: --encoder {folder}"
        )


@encoder_app.command()
def export(
    name: Name = NAME,
    out: Annotated[Path | None, typer.Option(help="Folder for the exported towers.")] = None,
    as_json: AsJson = False,
) -> None:
    """Export both towers for the fast path, and compare them with torch."""
    from mmrag.encoders.onnx_export import export as export_model

    settings = Settings()
    model = _model(name, settings)
    target = out or settings.encoders / model.key
    exported = export_model(model.name, locate(model), target)
    if as_json:
        typer.echo(json.dumps({"folder": str(target), "least_cosine": dict(exported.measured)}))
        return
    typer.echo(f"exported to {target}")
    for part, cosine in exported.measured.items():
        typer.echo(f"{part} tower: least cosine with torch {cosine:.8f}")


@encoder_app.command()
def check(name: Name = NAME, as_json: AsJson = False) -> None:
    """Say what is there, what is missing and how to mend it; exit code 3 when not usable."""
    settings = Settings()
    findings, usable = check_model(_model(name, settings), settings)
    if as_json:
        typer.echo(json.dumps({"usable": usable, "findings": [asdict(f) for f in findings]}))
    else:
        for finding in findings:
            typer.echo(f"{'ok' if finding.fine else '--'}  {finding.what}: {finding.state}")
            if finding.mend:
                typer.echo(f"    {finding.mend}")
        typer.echo("ready to use" if usable else "not usable yet")
    raise typer.Exit(0 if usable else 3)


@encoder_app.command()
def calibrate(
    films: Annotated[Path, typer.Argument(help="Folder of your own films (PNG or JPEG).")],
    name: Annotated[str, typer.Option("--encoder", help="Which model.")] = NAME,
    as_json: AsJson = False,
) -> None:
    """Make int8 towers from your own films; refused where they agree too little with fp32."""
    from mmrag.encoders.calibration import calibrate as calibrate_model

    settings = Settings()
    exported = read_exported(_model(name, settings).exported_in(settings))
    calibration = calibrate_model(exported, _films_in(films))
    if as_json:
        told = asdict(calibration)
        typer.echo(json.dumps(told.pop("agreement") | told))
    else:
        _print_calibration(calibration)
    if calibration.shortcomings:
        raise EncoderError(
            f"int8 is refused: {'; '.join(calibration.shortcomings)}: use bf16 or fp32, or "
            "calibrate with more films"
        )
    if not as_json:
        typer.echo("to use it: MMRAG_PRECISION=int8, with a MMRAG_HOME of its own")


def _print_calibration(calibration: Calibration) -> None:
    agreement = calibration.agreement
    typer.echo(f"compared on {agreement.films} films that did not calibrate:")
    if calibration.turned_down:
        typer.echo(
            f"the text tower stays in {calibration.text_tower}, turned down: "
            f"{'; '.join(calibration.turned_down)}"
        )
    typer.echo(
        f"mean-removed cosine with fp32: films {agreement.film_cosine:.3f}, "
        f"texts {agreement.text_cosine:.3f}"
    )
    typer.echo(
        f"overlap of the ten nearest films: for films {agreement.film_overlap:.3f}, "
        f"for texts {agreement.text_overlap:.3f}"
    )


def _downloaded(repository: str, folder: Path) -> Path:
    try:
        return download(repository, folder)
    except EncoderError as error:
        raise EncoderError(
            f"{error}: check the name and the network, and run the same command again; it goes "
            "on where it stopped"
        ) from error


def _model(name: str, settings: Settings) -> Model:
    model = model_named(name, settings)
    if model is None:
        raise InputError(
            f"{name!r} is no open_clip model: give biomedclip, hf-hub:owner/name, or a folder"
        )
    return model


def _films_in(folder: Path) -> Iterator[GreyImage]:
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in _SUFFIXES)
    if not files:
        raise InputError(f"{folder}: no PNG or JPEG films in it")
    for file in files:
        try:
            yield read_film(file).pixels
        except BadFilm:
            continue  # the number of readable ones is what is checked
