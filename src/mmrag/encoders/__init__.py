"""Films and texts to vectors: encoders by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points

from mmrag.encoders.base import Encoder
from mmrag.encoders.biomedclip import NAME, model_named, open_model
from mmrag.encoders.compact import CompactEncoder
from mmrag.errors import EncoderError, InputError
from mmrag.settings import Settings

__all__ = ["ENTRY_POINTS", "KNOWN", "Encoder", "open_encoder"]

ENTRY_POINTS = "mmrag.encoders"
"""Entry point group in which other packages register encoders: name to a callable."""

KNOWN: Mapping[str, Callable[[Settings], Encoder]] = {"compact": lambda _: CompactEncoder()}
"""Encoders of this package that are no open_clip models, by name."""


def open_encoder(name: str, settings: Settings | None = None) -> Encoder:
    """Open an encoder by name.

    Parameters
    ----------
    name : str
        A key of `KNOWN`; ``biomedclip``; the name under which another package registered
        its own in the group `ENTRY_POINTS`; ``hf-hub:owner/name``; or a folder of an
        open_clip model.
    settings : Settings, optional
        Where weights are and what runs them; the environment's by default.

    Returns
    -------
    Encoder

    Raises
    ------
    InputError
        When no encoder has that name.
    EncoderError
        When its weights are missing or damaged.
    MissingExtra
        When a package that it needs is not installed.
    """
    settings = settings or Settings()
    if name in KNOWN:
        return KNOWN[name](settings)
    registered = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name in registered and name != NAME:
        return _open_registered(registered[name])
    model = model_named(name, settings)
    if model is None:
        choices = dict.fromkeys([*KNOWN, NAME, *sorted(registered)])
        raise InputError(
            f"no encoder is called {name!r}: choose one of {', '.join(choices)}, or give the "
            "folder of an open_clip model"
        )
    return open_model(model, settings)


def _open_registered(point: EntryPoint) -> Encoder:
    try:
        encoder = point.load()()
    except (ImportError, AttributeError, TypeError) as error:
        raise EncoderError(
            f"encoder {point.name!r} of {point.value} cannot be opened ({error}): mend or remove "
            "the package that registers it"
        ) from error
    if not isinstance(encoder, Encoder):
        raise EncoderError(
            f"encoder {point.name!r} of {point.value} is no encoder: it needs fingerprint, "
            "dimension, encode_films and encode_texts"
        )
    return encoder
