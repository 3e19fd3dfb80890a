"""What the compact encoder takes for a film and for a question, on one core.

Made-up films of 1024 x 1024 pixels. Decoding a film's PNG file, encoding the film and encoding
a question run by turns in one process, so that whatever else the machine does meets all three;
the ratios are to decoding. Linux alone can keep a process on one core.

    python benchmarks/compact.py [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from mmrag.encoders import open_encoder
from mmrag.sources.images import read_film

SIDE = 1024
QUESTION = "liquid at the bottom of the chest cavity, no pneumothorax"


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    figures = measure(arguments.rounds)
    if arguments.json:
        print(json.dumps(figures))
        return
    print(f"one core, medians of {arguments.rounds} rounds")
    for name, took in figures.items():
        print(f"{name:>15} {took:8.2f} ms  {took / figures['decode a film']:6.2f} of decoding")


def measure(rounds: int) -> dict[str, float]:
    """Take the median milliseconds of each step."""
    encoder = open_encoder("compact")
    with tempfile.TemporaryDirectory() as folder:
        file = write_film(Path(folder) / "film.png")
        pixels = read_film(file).pixels
        steps: dict[str, Callable[[], object]] = {
            "decode a film": lambda: read_film(file),
            "encode a film": lambda: encoder.encode_films([pixels]),
            "encode a text": lambda: encoder.encode_texts([QUESTION]),
        }
        for step in steps.values():
            step()  # loads what is loaded once
        taken: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(rounds):
            for name, step in steps.items():
                taken[name].append(timed(step))
    return {name: statistics.median(times) for name, times in taken.items()}


def timed(step: Callable[[], object]) -> float:
    """Milliseconds of one step."""
    started = time.perf_counter()
    step()
    return 1000.0 * (time.perf_counter() - started)


def write_film(file: Path) -> Path:
    """Write a film of rising grey with the grain of a detector."""
    random = np.random.default_rng(1)
    rising = np.linspace(30.0, 220.0, SIDE)[:, None] + random.normal(0.0, 4.0, (SIDE, SIDE))
    Image.fromarray(rising.clip(0, 255).astype(np.uint8)).save(file)
    return file


if __name__ == "__main__":
    main()
