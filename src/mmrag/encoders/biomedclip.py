"""BiomedCLIP and other open_clip models by name: find the weights, choose what runs them."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from mmrag.encoders import openclip_hub
from mmrag.encoders.base import Encoder
from mmrag.encoders.exported import (
    Exported,
    WeightsSeen,
    is_exported,
    read_calibrated,
    read_exported,
)
from mmrag.encoders.onnx_towers import OnnxTowers
from mmrag.encoders.openclip_encoder import FILM_BATCH, OpenClipEncoder
from mmrag.encoders.openclip_folder import ModelFolder, read_folder
from mmrag.encoders.openclip_identity import Identity, Precision
from mmrag.encoders.openvino_towers import (
    OpenVinoTowers,
    best_rest,
    cpu_has_bf16,
    openvino_is_installed,
)
from mmrag.encoders.towers import Towers
from mmrag.encoders.wordpieces import Wordpieces
from mmrag.errors import EncoderError
from mmrag.settings import Settings

NAME = "biomedclip"
HUB_PREFIX = "hf-hub:"

_CARD_BATCH = 64
"""Films that go through a graphics card at once."""

_DRIVER = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True, slots=True)
class Model:
    """An open_clip model that somebody named.

    Attributes
    ----------
    name : str
        Encoder name, part of the fingerprint.
    key : str
        Folder name of its exported towers.
    folder : pathlib.Path or None
        Where its files are; None leaves it to the hub's cache and the hub.
    repository : str or None
        ``owner/name`` on the hub.
    """

    name: str
    key: str
    folder: Path | None
    repository: str | None

    def exported_in(self, settings: Settings) -> Path:
        """Folder of the exported towers."""
        if self.folder is not None and is_exported(self.folder):
            return self.folder
        return settings.encoders / self.key


def model_named(name: str, settings: Settings) -> Model | None:
    """Read a model's name.

    Parameters
    ----------
    name : str
        ``biomedclip``, ``hf-hub:owner/name``, or a folder of an open_clip model or of
        exported towers.
    settings : Settings

    Returns
    -------
    Model or None
        None when the name is none of these.
    """
    if name == NAME:
        return Model(NAME, NAME, settings.biomedclip, openclip_hub.BIOMEDCLIP)
    if name.startswith(HUB_PREFIX):
        repository = name.removeprefix(HUB_PREFIX)
        return Model("open_clip", re.sub(r"[^\w.-]", "--", repository), None, repository)
    path = Path(name)
    if path.is_dir() or "/" in name or os.sep in name:
        place = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
        return Model("open_clip", f"{path.resolve().name}-{place}", path, None)
    return None


def open_model(model: Model, settings: Settings) -> Encoder:
    """Open a model on the best runtime that this machine has.

    The first time without a graphics card, both towers are exported, which takes a minute;
    from then on torch is not imported any more.

    Parameters
    ----------
    model : Model
    settings : Settings

    Returns
    -------
    Encoder

    Raises
    ------
    EncoderError
        When weights are missing or damaged, or the machine cannot do what is asked.
    MissingExtra
        When a package is missing.
    """
    if model.folder is not None and is_exported(model.folder):
        return open_exported(read_exported(model.folder), settings)
    if settings.runtime == "torch" or (settings.runtime is None and _has_graphics_card()):
        return _open_on_torch(model, settings)
    return open_exported(_exported(model, settings), settings)


def open_exported(exported: Exported, settings: Settings) -> Encoder:
    """Open exported towers on OpenVINO or ONNX Runtime.

    Parameters
    ----------
    exported : Exported
    settings : Settings

    Returns
    -------
    Encoder
    """
    if settings.runtime == "torch":
        raise EncoderError(
            f"{exported.path}: exported towers do not run on torch: leave MMRAG_RUNTIME out, or "
            "name the folder of the weights"
        )
    precision, calibration, towers = _fast_towers(exported, settings)
    tokenizer = exported.path / exported.tokenizer
    context = exported.identity.context
    return OpenClipEncoder(
        exported.identity,
        precision,
        towers,
        lambda: Wordpieces(tokenizer, context, exported.pad),
        settings.encoders / "prompts",
        calibration=calibration,
    )


def locate(model: Model) -> ModelFolder:
    """Find a model's weights: its folder, else the hub's cache, else the hub.

    Raises
    ------
    EncoderError
        When they are nowhere; says what to put where.
    """
    with suppress(_NotHere):
        return find_locally(model)
    repository = model.repository or ""
    try:
        fetched = openclip_hub.download(repository)
    except EncoderError as error:
        raise EncoderError(
            f"no weights of {model.name} here, and {error}: {_elsewhere(model)}"
        ) from error
    return read_folder(fetched, _elsewhere(model), openclip_hub.cached_tokenizer(fetched))


def find_locally(model: Model) -> ModelFolder:
    """Find a model's weights in its folder or in the hub's cache; asks nobody.

    Raises
    ------
    EncoderError
        When they are in neither; says what to put where.
    """
    if model.folder is not None:
        return read_folder(model.folder, _mend(model, model.folder))
    found = openclip_hub.cached(model.repository or "")
    if found is None:
        raise _NotHere(
            f"no weights of {model.name} in the hub's cache, and no folder named: "
            f"{_elsewhere(model)}"
        )
    try:
        return read_folder(found, _elsewhere(model), openclip_hub.cached_tokenizer(found))
    except EncoderError as error:
        raise _NotHere(str(error)) from error


class _NotHere(EncoderError):
    """Not on this machine, but perhaps on the hub."""


def _mend(model: Model, folder: Path) -> str:
    if model.repository is None:
        return "copy it from the model's page, as open_clip saves it"
    return f"on a machine with a network run mmrag encoder fetch {_spoken(model)} {folder}"


def _elsewhere(model: Model) -> str:
    use = "set MMRAG_BIOMEDCLIP=DIR" if model.name == NAME else "give --encoder DIR"
    return (
        f"on a machine with a network run mmrag encoder fetch {_spoken(model)} DIR, copy DIR to "
        f"this machine and {use}"
    )


def _spoken(model: Model) -> str:
    return NAME if model.name == NAME else f"{HUB_PREFIX}{model.repository}"


def _exported(model: Model, settings: Settings) -> Exported:
    target = settings.encoders / model.key
    if is_exported(target):
        exported = read_exported(target)
        if model.folder is None or _is_export_of(exported, model, locate(model)):
            return exported
    folder = locate(model)
    # imported here, since the fast path must not need torch
    from mmrag.encoders.onnx_export import export

    return export(model.name, folder, target)


def _is_export_of(exported: Exported, model: Model, folder: ModelFolder) -> bool:
    seen = WeightsSeen.of(folder.weights)
    known = exported.identity.weights if seen == exported.seen else None
    if Identity.of(model.name, folder, weights=known) != exported.identity:
        return False
    if seen != exported.seen:
        with suppress(OSError):
            replace(exported, seen=seen).write()
    return True


def _fast_towers(exported: Exported, settings: Settings) -> tuple[Precision, str, Towers]:
    """Precision, hash of the calibration if there is one, and the towers."""
    wanted = settings.precision
    if settings.runtime == "onnxruntime" or (
        settings.runtime is None and not openvino_is_installed()
    ):
        if wanted not in (None, "fp32"):
            raise EncoderError(
                f"ONNX Runtime runs fp32 only, not {wanted}: run pip install "
                "'med-multimodal-rag[biomedclip-fast]' for OpenVINO, or set MMRAG_PRECISION=fp32"
            )
        return "fp32", "", OnnxTowers(exported.path)
    if wanted == "int8":
        calibrated = read_calibrated(exported)
        for arithmetic in (calibrated.rest, calibrated.text_tower):
            _refuse_missing_bf16(arithmetic, "run mmrag encoder calibrate here, or ")
        towers = OpenVinoTowers(
            exported.path, "int8", calibrated.rest, text_precision=calibrated.text_tower
        )
        return "int8", calibrated.sha256, towers
    precision = wanted or best_rest()
    _refuse_missing_bf16(precision)
    return precision, "", OpenVinoTowers(exported.path, precision)


def _refuse_missing_bf16(arithmetic: Precision, mend: str = "") -> None:
    if arithmetic == "bf16" and not cpu_has_bf16():
        raise EncoderError(
            f"this CPU has no bf16: {mend}set MMRAG_PRECISION=fp32, with a MMRAG_HOME of its own"
        )


def _open_on_torch(model: Model, settings: Settings) -> Encoder:
    # imported here, since the fast path must not need torch
    from mmrag.encoders.openclip_load import import_open_clip
    from mmrag.encoders.torch_towers import TorchTowers, cuda_is_available, open_tokenizer

    import_open_clip()
    card = cuda_is_available()
    precision: Precision = settings.precision or ("bf16" if card else "fp32")
    folder = locate(model)
    towers = TorchTowers(folder, precision, "cuda" if card else "cpu")
    return OpenClipEncoder(
        Identity.of(model.name, folder),
        precision,
        towers,
        lambda: open_tokenizer(folder, towers),
        settings.encoders / "prompts",
        film_batch=_CARD_BATCH if card else FILM_BATCH,
    )


def _has_graphics_card() -> bool:
    """Whether to ask torch for a card; a machine without NVIDIA's driver is not worth it."""
    if not _DRIVER.exists() and shutil.which("nvidia-smi") is None:
        return False
    from mmrag.encoders.torch_towers import cuda_is_available

    return cuda_is_available()
