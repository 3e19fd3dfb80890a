"""What runs a model's two towers, whichever runtime it is."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""Framed films, shape (n, 1, side, side), dtype uint8."""

Ids = NDArray[np.int64]
"""Token ids, shape (n, length), dtype int64."""

Features = NDArray[np.float32]
"""What a tower says, shape (n, dimension), dtype float32, of any length."""


class Towers(Protocol):
    """An image tower and a text tower, each loaded when it is first needed.

    Safe to call from several threads.
    """

    def films(self, pixels: Pixels) -> Features:
        """Run the image tower on framed films."""
        ...

    def texts(self, ids: Ids) -> Features:
        """Run the text tower on token ids, padded to their batch."""
        ...
