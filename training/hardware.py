"""What networks are taught on: a GPU or the cores, in 16 bits where that is sooner."""

from __future__ import annotations

import os

import torch

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")

ON_ONE_GPU = 4
"""Networks taught at once on a GPU; each takes some 4 GB of its memory."""


def at_once() -> int:
    """Tell how many networks are taught side by side."""
    cores = os.cpu_count() or 1
    return cores if DEVICE.type == "cpu" else min(cores, ON_ONE_GPU * torch.cuda.device_count())


def in_16_bits(wanted: bool = True) -> torch.autocast:
    """Compute in 16 bits (bfloat16) within a ``with`` block, where that is wanted and sooner.

    That is on a GPU. Processors that have the instructions were a fifth faster with them or a
    third slower, one kind and another; those that have not take ten times as long.
    """
    sooner = DEVICE.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.autocast(DEVICE.type, torch.bfloat16, enabled=wanted and sooner)
