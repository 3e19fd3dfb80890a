"""Films and texts to vectors: one module an encoder."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mmrag.encoders.base import Encoder
from mmrag.encoders.compact import CompactEncoder
from mmrag.errors import InputError

__all__ = ["KNOWN", "Encoder", "open_encoder"]

KNOWN: Mapping[str, Callable[[], Encoder]] = {"compact": CompactEncoder}
"""Encoders by name."""


def open_encoder(name: str) -> Encoder:
    """Open an encoder by name.

    Parameters
    ----------
    name : str
        A key of `KNOWN`.

    Returns
    -------
    Encoder

    Raises
    ------
    InputError
        When no encoder has that name.
    EncoderError
        When its weights are missing or damaged.
    """
    if name not in KNOWN:
        raise InputError(f"no encoder is called {name!r}: choose one of {', '.join(KNOWN)}")
    return KNOWN[name]()
