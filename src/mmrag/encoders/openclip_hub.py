"""Model folders from the hub and from its cache."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mmrag.encoders.openclip_folder import CONFIG, WEIGHTS
from mmrag.errors import EncoderError, MissingExtra

BIOMEDCLIP = "microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224"

_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
)
_FILES = (CONFIG, *WEIGHTS, *_TOKENIZER_FILES, "config.json", "LICENSE*", "README.md")


def cached(repository: str) -> Path | None:
    """Find a model in the hub's cache; asks nobody.

    Parameters
    ----------
    repository : str
        ``owner/name`` on the hub.

    Returns
    -------
    pathlib.Path or None
        A folder in the hub's layout; it may hold only part of the files.
    """
    hub = _hub()
    try:
        return Path(hub.snapshot_download(repository, local_files_only=True))
    except (OSError, ValueError):
        return None


def cached_tokenizer(folder: Path) -> Path | None:
    """Find a model's tokenizer in the hub's cache, where open_clip left it on another page.

    Parameters
    ----------
    folder : pathlib.Path
        The model's own folder in the cache.

    Returns
    -------
    pathlib.Path or None
    """
    try:
        config = json.loads((folder / CONFIG).read_text("utf-8"))
        repository = str(config["model_cfg"]["text_cfg"]["hf_tokenizer_name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return cached(repository)


def download(repository: str, into: Path | None = None) -> Path:
    """Download a model from the hub.

    Parameters
    ----------
    repository : str
        ``owner/name`` on the hub.
    into : pathlib.Path, optional
        Folder to fill; the hub's cache by default.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    EncoderError
        When the hub cannot be reached or refuses.
    """
    hub = _hub()
    try:
        return Path(hub.snapshot_download(repository, allow_patterns=_FILES, local_dir=into))
    except Exception as error:  # the client passes on whatever its network layer raises
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise EncoderError(f"{repository} cannot be downloaded ({reason[:200]})") from error


def _hub() -> Any:
    try:
        import huggingface_hub
    except ModuleNotFoundError as error:
        raise MissingExtra("huggingface_hub", "biomedclip") from error
    return huggingface_hub
