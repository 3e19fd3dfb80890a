"""``mmrag encoder``: weights, exported towers and calibration of open_clip models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mmrag.clinical.analytes import load_analytes
from mmrag.encoders.base import GreyImage
from mmrag.encoders.biomedclip import NAME, Model, locate, model_named
from mmrag.encoders.encoder_check import check as check_model
from mmrag.encoders.exported import read_exported
from mmrag.encoders.openclip_folder import file_sha256, read_folder
from mmrag.encoders.openclip_hub import download
from mmrag.errors import BadFilm, InputError
from mmrag.settings import Settings
from mmrag.sources.images import read_film

encoder_app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Weights and exported towers of BiomedCLIP and other open_clip models.",
)

Name = Annotated[
    str, typer.Argument(help="biomedclip, hf-hub:owner/name, or the folder of an open_clip model.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
