"""By which a store knows that its films were weighed with these parameters."""

from __future__ import annotations

import hashlib

from mmrag.evidence.model import EvidenceModel
from mmrag.evidence.shipped import write_model


def parameters_hash(model: EvidenceModel) -> str:
    """Hash a model as it is written to a file.

    Parameters
    ----------
    model : EvidenceModel

    Returns
    -------
    str
        SHA-256 in hexadecimal; equal for equal parameters in every process.
    """
    return hashlib.sha256(write_model(model).encode("ascii")).hexdigest()
