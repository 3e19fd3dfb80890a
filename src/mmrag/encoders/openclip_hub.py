"""Model folders from the hub and from its cache."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmrag.encoders import wordpieces
from mmrag.encoders.openclip_folder import CONFIG, WEIGHTS
from mmrag.errors import EncoderError, MissingExtra

BIOMEDCLIP = "microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224"

_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
)


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
    return _cached_beside(repository, (CONFIG,))


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
    repository = _tokenizer_page(folder)
    return None if repository is None else _cached_beside(repository, wordpieces.FILES)


def download(repository: str, into: Path | None = None) -> Path:
    """Download a model from the hub, with its tokenizer where that is on another page.

    A download that was cut off goes on where it stopped.

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
    folder = _snapshot(repository, _files_of(repository), into)
    page = _tokenizer_page(folder)
    if page is not None and not any((folder / name).is_file() for name in wordpieces.FILES):
        _snapshot(page, _TOKENIZER_FILES, into)
    return folder


def _files_of(repository: str) -> tuple[str, ...]:
    """Names of the files to download: of weights in several formats one is enough."""
    with _hub_errors(repository):
        there = set(_hub().list_repo_files(repository))
    weights = [name for name in WEIGHTS if name in there][:1]
    return (CONFIG, *weights, *_TOKENIZER_FILES, "config.json", "LICENSE*", "README.md")


def _snapshot(repository: str, files: tuple[str, ...], into: Path | None) -> Path:
    with _hub_errors(repository):
        return Path(
            _hub().snapshot_download(repository, allow_patterns=list(files), local_dir=into)
        )


@contextmanager
def _hub_errors(repository: str) -> Iterator[None]:
    try:
        yield
    except MissingExtra:
        raise
    except Exception as error:  # the client passes on whatever its network layer raises
        reason = next(iter(str(error).splitlines()), "").partition(". ")[0].strip(" :.")
        told = reason[:200] or type(error).__name__
        raise EncoderError(f"{repository} cannot be downloaded ({told})") from error


def _cached_beside(repository: str, names: Sequence[str]) -> Path | None:
    hub = _hub()
    for name in names:
        try:
            found = hub.try_to_load_from_cache(repository, name)
        except ValueError:  # no name of a repository
            return None
        if isinstance(found, str):
            return Path(found).parent
    return None


def _tokenizer_page(folder: Path) -> str | None:
    try:
        config = json.loads((folder / CONFIG).read_text("utf-8"))
        return str(config["model_cfg"]["text_cfg"]["hf_tokenizer_name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _hub() -> Any:
    # it tells of every try; what is said here is how all of them ended
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    try:
        import huggingface_hub
    except ModuleNotFoundError as error:
        raise MissingExtra("huggingface_hub", "biomedclip") from error
    return huggingface_hub
