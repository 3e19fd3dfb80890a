"""What networks are taught on: a GPU or the cores, in 16 bits where the hardware has them."""

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


def has_16_bits() -> bool:
    """Tell whether bfloat16 is computed by the hardware.

    Processors without AVX-512 only imitate it, at ten times the time of 32 bits.
    """
    if DEVICE.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.backends.cpu.get_cpu_capability() == "AVX512"


def in_16_bits(wanted: bool = True) -> torch.autocast:
    """Compute in 16 bits within a ``with`` block, where that is wanted and the hardware can."""
    return torch.autocast(DEVICE.type, torch.bfloat16, enabled=wanted and has_16_bits())
