"""How much faster BiomedCLIP encodes here than by the loop that people write today.

The loop: torch in fp32, image by image through open_clip's transform, text by text, each
padded to 256 tokens. Beside it runs every path of this package, interleaved in one process,
so that whatever else the machine does meets all of them. Ratios are of wall-clock time,
the median over rounds, with the least and the largest.

Without BiomedCLIP's weights (``MMRAG_BIOMEDCLIP``) the same architecture with random numbers
stands in: speed does not depend on the numbers. No quality is measured here.

    python benchmarks/encoders.py [--quick] [--json] [--write docs/performance.md]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import platformdirs
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.encoders.made_models import FULL, made_folder

from mmrag.encoders import open_encoder
from mmrag.encoders.base import Encoder, GreyImage
from mmrag.encoders.calibration import FEWEST_FILMS, calibrate
from mmrag.encoders.exported import read_calibrated, read_exported
from mmrag.encoders.openclip_folder import read_folder
from mmrag.encoders.openvino_towers import best_rest, cpu_has_bf16
from mmrag.errors import EncoderError
from mmrag.settings import Settings
from mmrag.sources.images import read_film

CACHE = Path(platformdirs.user_cache_dir("mmrag-benchmarks"))
START, END = "<!-- made by benchmarks/encoders.py -->", "<!-- end -->"

SIDE = 1024
BATCH = 8
DECODERS = 2
LABELS = ["No Finding", "Effusion|Infiltration"]
FILMS_A_LABEL, QUICK_FILMS_A_LABEL = 14, 2
"""All 112,120 films of the NIH set have 836 labels, one for 134 films."""

ROUNDS, QUICK_ROUNDS = 5, 2

PANELS = [
    "leukocytosis; thrombocytopenia; haemoglobin normal",
    "haemoglobin normal; leukocytes normal; platelets normal; erythrocytes normal",
    "hyperglycaemia; creatinine normal; sodium normal; potassium normal",
]
"""Of 3,626 results in one export 1,169 have texts of their own: one in three."""

PATHS: dict[str, dict[str, str]] = {
    "torch fp32, batched": {"runtime": "torch", "precision": "fp32"},
    "ONNX Runtime fp32": {"runtime": "onnxruntime", "precision": "fp32"},
    "OpenVINO fp32": {"runtime": "openvino", "precision": "fp32"},
    "OpenVINO bf16": {"runtime": "openvino", "precision": "bf16"},
    "OpenVINO int8": {"runtime": "openvino", "precision": "int8"},
}

Work = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Ratio:
    """How often a path fits into the loop's time.

    Attributes
    ----------
    median, least, largest : float
        Over rounds.
    """

    median: float
    least: float
    largest: float

    def __str__(self) -> str:
        return f"{self.median:.1f} ({self.least:.1f} to {self.largest:.1f})"


@dataclass(frozen=True, slots=True)
class Load:
    """What is encoded in one round."""

    films: list[Path]
    labels: list[str]
    panels: list[str]


class PlainLoop:
    """The loop that people write."""

    def __init__(self, folder: Path) -> None:
        from mmrag.encoders.openclip_load import import_open_clip, load_model

        open_clip = import_open_clip()
        import torch
        from open_clip.transform import PreprocessCfg, image_transform_v2

        self._torch = torch
        self._model = load_model(read_folder(folder, ""))
        self._tokenize = open_clip.get_tokenizer(f"local-dir:{folder}")
        self._preprocess = image_transform_v2(PreprocessCfg(size=224), is_train=False)

    def films(self, load: Load) -> None:
        """Encode films and their labels, one by one."""
        for file, label in zip(load.films, load.labels, strict=True):
            image = self._preprocess(Image.open(file).convert("RGB"))[None]
            with self._torch.no_grad():
                self._model.encode_image(image, normalize=True).numpy()
            self._text(label)

    def panels(self, load: Load) -> None:
        """Encode laboratory texts, one by one."""
        for text in load.panels:
            self._text(text)

    def _text(self, text: str) -> None:
        with self._torch.no_grad():
            self._model.encode_text(self._tokenize([text]), normalize=True).numpy()


def films_of(encoder: Encoder, load: Load) -> None:
    """Encode films and their labels by one of this package's paths, decoding as ingest does."""
    with ThreadPoolExecutor(DECODERS) as decoders:
        decoded = decoders.map(read_film, load.films)
        while films := [film.pixels for film in islice(decoded, BATCH)]:
            encoder.encode_films(films)
    encoder.encode_texts(load.labels)


def panels_of(encoder: Encoder, load: Load) -> None:
    """Encode laboratory texts by one of this package's paths."""
    encoder.encode_texts(load.panels)


def main() -> None:
    """Measure, and print or write the table."""
    options = _options()
    folder = Path(os.environ.get("MMRAG_BIOMEDCLIP") or made_folder(FULL, "full"))
    encoders = CACHE / "encoders"
    _prepare(folder, encoders)
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    with tempfile.TemporaryDirectory() as scratch:
        load = _load(Path(scratch), QUICK_FILMS_A_LABEL if options.quick else FILMS_A_LABEL)
        ratios = _measure(folder, encoders, load, rounds)
    warm = _warm_start(folder, encoders, 1 if options.quick else 3)
    if options.json:
        named = {name: {w: asdict(r) for w, r in row.items()} for name, row in ratios.items()}
        print(json.dumps({"ratios": named, "warm_start": asdict(warm), "rounds": rounds}))
        return
    table = _table(ratios, warm, rounds, load) + _of_int8(encoders)
    print(table)
    if options.write:
        _write(options.write, table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="Under a minute once prepared.")
    parser.add_argument("--json", action="store_true", help="Print one JSON object.")
    parser.add_argument("--write", type=Path, help="Put the table into this document.")
    return parser.parse_args()


def _prepare(folder: Path, encoders: Path) -> None:
    """Export and calibrate once; this is not timed."""
    settings = Settings(encoders=encoders, biomedclip=folder, runtime="openvino", precision="fp32")
    open_encoder("biomedclip", settings)
    if _possible("int8", encoders):
        return
    print("calibrating int8, once: a few minutes", file=sys.stderr)
    rng = np.random.default_rng(1)
    films = (_film(rng, 320) for _ in range(FEWEST_FILMS))
    for line in calibrate(read_exported(encoders / "biomedclip"), films).shortcomings:
        print(f"int8 refused: {line}", file=sys.stderr)


def _film(rng: np.random.Generator, side: int) -> GreyImage:
    """Draw a film of soft blobs and grain; its content does not matter for the speed."""
    rows, columns = np.mgrid[:side, :side] / side
    drawn = np.zeros((side, side))
    for _ in range(6):
        y, x, wide = rng.random(3)
        drawn += rng.random() * np.exp(
            -((rows - y) ** 2 + (columns - x) ** 2) / (0.02 + 0.2 * wide)
        )
    grainy = drawn / drawn.max() + rng.normal(0, 0.02, drawn.shape)
    film: GreyImage = (255 * np.clip(grainy, 0, 1)).astype(np.uint8)
    return film


def _load(scratch: Path, films_a_label: int) -> Load:
    rng = np.random.default_rng(0)
    labels = LABELS * films_a_label
    films = []
    for number in range(len(labels)):
        films.append(scratch / f"{number:02}.png")
        Image.fromarray(_film(rng, SIDE)).save(films[-1])
    return Load(films, labels, PANELS * 3)


def _measure(folder: Path, encoders: Path, load: Load, rounds: int) -> dict[str, dict[str, Ratio]]:
    plain = PlainLoop(folder)
    films: dict[str, Work] = {"plain": partial(plain.films, load)}
    panels: dict[str, Work] = {"plain": partial(plain.panels, load)}
    for name, chosen in PATHS.items():
        if not _possible(chosen["precision"], encoders):
            continue
        settings = Settings(encoders=encoders, biomedclip=folder).model_copy(update=chosen)
        encoder = open_encoder("biomedclip", settings)
        films[name] = partial(films_of, encoder, load)
        panels[name] = partial(panels_of, encoder, load)
    works = {"films and labels": films, "laboratory texts": panels}
    for paths in works.values():
        for work in list(paths.values())[1:]:
            work()
    ratios: dict[str, dict[str, Ratio]] = {name: {} for name in films if name != "plain"}
    for what, paths in works.items():
        taken: dict[str, list[float]] = {name: [] for name in paths}
        for turn in range(rounds):
            names = list(paths)[turn % len(paths) :] + list(paths)[: turn % len(paths)]
            for name in names:
                taken[name].append(_seconds(paths[name]))
        for name in ratios:
            ratios[name][what] = _ratio(taken["plain"], taken[name])
    return ratios


def _possible(precision: str, encoders: Path) -> bool:
    if precision == "int8":
        try:
            read_calibrated(read_exported(encoders / "biomedclip"))
        except EncoderError:
            return False
        return True
    return precision != "bf16" or cpu_has_bf16()


def _seconds(work: Work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _ratio(plain: list[float], other: list[float]) -> Ratio:
    each = [slow / fast for slow, fast in zip(plain, other, strict=True)]
    return Ratio(statistics.median(each), min(each), max(each))


_WARM_START = """
import sys
import numpy as np
from mmrag.encoders import open_encoder
encoder = open_encoder("biomedclip")
encoder.encode_films([np.zeros((300, 300), np.uint8)])
encoder.encode_texts(["leukocytosis"])
"""


def _warm_start(folder: Path, encoders: Path, rounds: int) -> Ratio:
    """CPU time of torch over that of the fast path, from nothing to the first two vectors."""
    taken: dict[str, list[float]] = {"torch": [], "fast": []}
    ways = (("torch", "fp32", "torch"), ("openvino", best_rest(), "fast"))
    for _ in range(rounds):
        for runtime, precision, key in ways:
            environment = os.environ | {
                "MMRAG_BIOMEDCLIP": str(folder),
                "MMRAG_ENCODERS": str(encoders),
                "MMRAG_RUNTIME": runtime,
                "MMRAG_PRECISION": precision,
            }
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [sys.executable, "-W", "ignore", "-c", _WARM_START], env=environment, check=True
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            taken[key].append(used)
    return _ratio(taken["torch"], taken["fast"])


def _table(ratios: dict[str, dict[str, Ratio]], warm: Ratio, rounds: int, load: Load) -> str:
    lines = [
        "| path | films and labels | laboratory texts |",
        "| --- | --- | --- |",
        "| plain loop, torch fp32 | 1 | 1 |",
    ]
    for name, row in ratios.items():
        cells = (str(row[what]) for what in ("films and labels", "laboratory texts"))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        "",
        f"Times faster than the plain loop: median of {rounds} interleaved rounds, least and "
        f"largest in brackets; {len(load.films)} films of {SIDE} x {SIDE} pixels with "
        f"{len(set(load.labels))} labels of their own, {len(load.panels)} laboratory texts of "
        f"which {len(set(load.panels))} differ; {os.cpu_count()} CPU cores.",
        "",
        f"Warm start, from nothing to the first film and text: torch takes {warm} times the CPU "
        "time of OpenVINO.",
    ]
    return "\n".join(lines)


def _of_int8(encoders: Path) -> str:
    if not _possible("int8", encoders):
        return "\n\nWith these weights the calibration refused int8."
    texts = read_calibrated(read_exported(encoders / "biomedclip")).text_tower
    return (
        f"\n\nWith these weights the calibration gave the text tower {texts}, in the row of "
        "OpenVINO int8."
    )


def _write(document: Path, table: str) -> None:
    before, _, rest = document.read_text("utf-8").partition(START)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{START}\n{table}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
