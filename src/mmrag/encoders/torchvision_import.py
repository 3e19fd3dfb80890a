"""Import torchvision where its compiled part does not fit the installed torch."""

from __future__ import annotations

import sys
from typing import Any

_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)

_kept_alive: list[Any] = []


def import_torchvision() -> None:
    """Import torchvision, declaring the operators that its compiled part would have brought.

    A torchvision built for CUDA beside a torch without it cannot load its compiled part, and
    then stumbles over its own box operators. The models here use none of them: their names
    are all that the import needs. Where the compiled part loads, nothing is declared.
    """
    import torch

    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    else:
        return
    for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in _OPERATORS:
        library.define(operator)
    # the operators vanish again with the object that declared them
    _kept_alive.append(library)
    import torchvision  # noqa: F401
