"""Texts to token ids with a model folder's own tokenizer, without transformers or torch."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from mmrag.errors import EncoderError, MissingExtra

VERSION = 1
"""Raised whenever this module's code changes an id."""

FILES = ("tokenizer.json", "vocab.txt")
"""Tokenizer files of a model folder, best first."""


class Tokenizer(Protocol):
    """Texts to token ids."""

    @property
    def pad(self) -> int:
        """Id that fills up a batch and that the text tower looks away from."""
        ...

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, special tokens among them, cut to the model's context."""
        ...


class Wordpieces:
    """The tokenizer of a model folder.

    Ids are those of open_clip's wrapper around the transformers tokenizer, less its padding:
    open_clip first mends broken Unicode and HTML entities and folds white space.

    Parameters
    ----------
    file : pathlib.Path
        ``tokenizer.json`` or a BERT ``vocab.txt``.
    context : int
        Longest text in tokens; what is longer is cut at the end.
    pad : int
        Id that fills up a batch.

    Raises
    ------
    EncoderError
        When the file cannot be read.
    MissingExtra
        When a package is missing.
    """

    def __init__(self, file: Path, context: int, pad: int = 0) -> None:
        self._tokenizer = _open(file)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(context)
        self._pad = pad

    @property
    def pad(self) -> int:
        """Id that fills up a batch."""
        return self._pad

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text.

        Parameters
        ----------
        texts : sequence of str

        Returns
        -------
        list of list of int
            Each of 1 to ``context`` ids.
        """
        encoded = self._tokenizer.encode_batch([clean(text) for text in texts])
        return [list(one.ids) for one in encoded]


def clean(text: str) -> str:
    """Mend a text as open_clip does before it reads it.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        With broken Unicode and HTML entities mended and white space folded.
    """
    try:
        import ftfy
    except ModuleNotFoundError as error:
        raise MissingExtra("ftfy", "biomedclip-fast") from error
    mended: str = ftfy.fix_text(text)
    return " ".join(html.unescape(html.unescape(mended)).split())


def _open(file: Path) -> Any:
    try:
        import tokenizers
    except ModuleNotFoundError as error:
        raise MissingExtra("tokenizers", "biomedclip-fast") from error
    try:
        if file.name == "vocab.txt":
            return tokenizers.BertWordPieceTokenizer(str(file), lowercase=_lowercase(file))
        return tokenizers.Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises bare Exception
        raise EncoderError(
            f"{file}: cannot be read as a tokenizer: copy it again from the model's page"
        ) from error


def _lowercase(vocabulary: Path) -> bool:
    settings = vocabulary.with_name("tokenizer_config.json")
    if not settings.is_file():
        return True
    return bool(json.loads(settings.read_text("utf-8")).get("do_lower_case", True))
