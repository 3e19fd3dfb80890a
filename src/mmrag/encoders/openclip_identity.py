"""What makes two embedding spaces of one model different, in one hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mmrag.clinical.prompts import anchor_prompts
from mmrag.encoders import wordpieces
from mmrag.encoders.base import Fingerprint
from mmrag.encoders.framing import Framing
from mmrag.encoders.openclip_folder import ModelFolder, file_sha256

Precision = Literal["fp32", "bf16", "int8"]
Rest = Literal["fp32", "bf16"]
"""Arithmetic of what is not int8 in a calibrated model."""

FRAMING_VERSION = 1
"""Raised whenever the framing's code changes a pixel."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A model, as far as it determines vectors.

    Attributes
    ----------
    name : str
        Encoder name, e.g. ``biomedclip``.
    dimension : int
        Length of a vector.
    context : int
        Longest text, in tokens.
    framing : Framing
    weights : str
        SHA-256 of the weight file.
    tokenizer : str
        SHA-256 of the tokenizer file; empty for open_clip's own tokenizer.
    """

    name: str
    dimension: int
    context: int
    framing: Framing
    weights: str
    tokenizer: str

    @classmethod
    def of(cls, name: str, folder: ModelFolder, weights: str | None = None) -> Identity:
        """Identity of a model folder; reads the whole weight file unless its hash is given."""
        return cls(
            name=name,
            dimension=folder.dimension,
            context=folder.context,
            framing=folder.framing,
            weights=weights or file_sha256(folder.weights),
            tokenizer="" if folder.tokenizer is None else file_sha256(folder.tokenizer),
        )

    def fingerprint(self, precision: Precision, calibration: str = "") -> Fingerprint:
        """Name the space.

        Parameters
        ----------
        precision : str
            Arithmetic of the forward pass.
        calibration : str
            Hash of the calibrated towers, for int8.

        Returns
        -------
        Fingerprint
            Its hash covers weights, preprocessing, tokenizer, prompt set and calibration;
            not the runtime, since all runtimes of one precision give one space.
        """
        parts: dict[str, Any] = asdict(self) | {
            "versions": [FRAMING_VERSION, wordpieces.VERSION],
            "prompts": anchor_prompts(),
            "calibration": calibration,
        }
        del parts["name"]
        described = json.dumps(parts, sort_keys=True)
        return Fingerprint(self.name, hashlib.sha256(described.encode()).hexdigest(), precision)
