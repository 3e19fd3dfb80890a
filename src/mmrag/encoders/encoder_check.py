"""What is there to run BiomedCLIP with, what is missing, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from mmrag.encoders.biomedclip import Model, find_locally
from mmrag.encoders.exported import (
    INT8,
    INT8_REPORT,
    MEND,
    is_exported,
    read_calibrated,
    read_exported,
)
from mmrag.encoders.openclip_identity import Identity
from mmrag.encoders.openvino_towers import best_rest, openvino_is_installed
from mmrag.errors import EncoderError, MissingExtra
from mmrag.settings import Settings

FAST = ("openvino", "tokenizers", "ftfy")
FULL = ("torch", "torchvision", "open_clip_torch", "timm", "transformers", "onnx", "onnxscript")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    what : str
    state : str
        What was found.
    fine : bool
    mend : str
        What to do; empty when it is fine.
    """

    what: str
    state: str
    fine: bool
    mend: str = ""


def check(model: Model, settings: Settings) -> tuple[list[Finding], bool]:
    """Look through packages, weights, exported towers and calibration.

    Parameters
    ----------
    model : Model
    settings : Settings

    Returns
    -------
    tuple of (list of Finding, bool)
        What was found, and whether the model can be used as it is.
    """
    fast = _packages("packages of the fast path", FAST, "biomedclip-fast")
    full = _packages("packages to load and export", FULL, "biomedclip")
    weights = _weights(model)
    towers = _towers(model, settings)
    findings = [fast, full, weights, towers, _precision(settings), *_int8(model, settings)]
    usable = fast.fine and (towers.fine or (full.fine and weights.fine))
    return findings, usable


def _packages(what: str, names: tuple[str, ...], extra: str) -> Finding:
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        mend = f"pip install 'med-multimodal-rag[{extra}]'"
        return Finding(what, f"missing: {', '.join(missing)}", False, mend)
    return Finding(what, ", ".join(found), True)


def _weights(model: Model) -> Finding:
    try:
        folder = find_locally(model)
        identity = Identity.of(model.name, folder)
    except (EncoderError, MissingExtra) as error:
        state, _, mend = str(error).rpartition(": ")
        return Finding("weights", state, False, mend)
    return Finding("weights", f"{folder.weights}, sha256 {identity.weights}", True)


def _towers(model: Model, settings: Settings) -> Finding:
    path = model.exported_in(settings)
    what = "exported towers"
    if not is_exported(path):
        mend = "run mmrag encoder export; the first use does it, too"
        return Finding(what, f"none in {path}", False, mend)
    try:
        damaged = read_exported(path).damaged()
    except EncoderError as error:
        state, _, mend = str(error).rpartition(": ")
        return Finding(what, state, False, mend)
    if damaged:
        return Finding(what, f"{path}: damaged: {', '.join(damaged)}", False, MEND)
    return Finding(what, f"{path}, every file as exported", True)


def _precision(settings: Settings) -> Finding:
    if settings.precision:
        return Finding("precision", f"{settings.precision}, as MMRAG_PRECISION says", True)
    runs = "OpenVINO" if openvino_is_installed() else "ONNX Runtime"
    return Finding("precision", f"{best_rest()} on {runs}, without a graphics card", True)


def _int8(model: Model, settings: Settings) -> list[Finding]:
    path = model.exported_in(settings)
    wanted = settings.precision == "int8"
    if not is_exported(path) or not (wanted or (path / INT8 / INT8_REPORT).is_file()):
        return []
    try:
        calibrated = read_calibrated(read_exported(path))
    except EncoderError as error:
        state, _, mend = str(error).rpartition(": ")
        return [Finding("int8", state, False, mend)]
    state = f"calibrated, texts in {calibrated.text_tower}, sha256 {calibrated.sha256}"
    return [Finding("int8", state, True)]
