from __future__ import annotations

import csv
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmrag.encoders.base import ExplainsFilms, GreyImage, Vectors
from mmrag.encoders.compact import SHIPPED, CompactEncoder
from mmrag.encoders.compact_space import DIMENSION, FINDINGS, LOOK, WORDS, anchor, normal_anchor
from mmrag.errors import BadFilm, EncoderError, QueryError
from mmrag.evaluation.leaks import KnowsWhatItLearnt
from mmrag.evaluation.recorded import read_recorded

MEGABYTE = 1_000_000
OUT_OF_FOLD = Path(__file__).resolve().parents[2] / "training" / "out_of_fold.npz"


def noise_films(count: int) -> list[GreyImage]:
    random = np.random.default_rng(3)
    sizes = [(384, 384), (320, 320), (200, 310), (512, 384)]
    return [random.integers(0, 256, sizes[i % 4], dtype=np.uint8) for i in range(count)]


@pytest.fixture(scope="module")
def vectors(compact: CompactEncoder) -> Vectors:
    return compact.encode_films(noise_films(32))


def test_vectors_are_unit_float32(vectors: Vectors, compact: CompactEncoder) -> None:
    assert vectors.shape == (32, DIMENSION) == (32, compact.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)


def test_a_film_uses_no_axis_of_words(vectors: Vectors) -> None:
    assert not vectors[:, WORDS].any()
    assert vectors[:, LOOK].any(axis=1).all()


@pytest.mark.parametrize("size", [1, 7])
def test_a_vector_does_not_depend_on_its_batch(
    size: int, vectors: Vectors, compact: CompactEncoder
) -> None:
    films = noise_films(32)
    parts = [compact.encode_films(films[i : i + size]) for i in range(0, 14, size)]
    assert np.array_equal(np.concatenate(parts), vectors[:14])


def test_no_film_no_vector(compact: CompactEncoder) -> None:
    assert compact.encode_films([]).shape == (0, DIMENSION)
    assert compact.encode_texts([]).shape == (0, DIMENSION)


@pytest.mark.parametrize("shape", [(1, 1), (5000, 40), (1, 3000)])
@pytest.mark.parametrize("grey", [0, 255])
def test_odd_films_still_give_unit_vectors(
    shape: tuple[int, int], grey: int, compact: CompactEncoder
) -> None:
    vector = compact.encode_films([np.full(shape, grey, np.uint8)])[0]
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)


def test_a_film_that_is_none_is_refused(compact: CompactEncoder) -> None:
    with pytest.raises(BadFilm):
        compact.encode_films([np.zeros((4, 4, 3), np.uint8)])


def test_a_view_into_a_larger_array_is_read_right(compact: CompactEncoder) -> None:
    film = noise_films(1)[0]
    assert np.array_equal(
        compact.encode_films([film[::2, ::-1]]),
        compact.encode_films([np.ascontiguousarray(film[::2, ::-1])]),
    )


def test_another_process_gives_the_same_vectors_without_torch(compact: CompactEncoder) -> None:
    script = (
        "import sys, numpy as np\n"
        "from mmrag.encoders import open_encoder\n"
        "encoder = open_encoder('compact')\n"
        "film = np.arange(90000, dtype=np.uint32).reshape(300, 300).astype(np.uint8)\n"
        "texts = ['effusion', 'low platelets', 'wegener', '']\n"
        "rows = np.concatenate([encoder.encode_films([film]), encoder.encode_texts(texts)])\n"
        "assert not {'torch', 'torchvision', 'transformers'} & set(sys.modules)\n"
        "sys.stdout.write(str(encoder.fingerprint) + rows.tobytes().hex())\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout
    film = np.arange(90000, dtype=np.uint32).reshape(300, 300).astype(np.uint8)
    rows = np.concatenate(
        [
            compact.encode_films([film]),
            compact.encode_texts(["effusion", "low platelets", "wegener", ""]),
        ]
    )
    assert other == str(compact.fingerprint) + rows.tobytes().hex()


def test_what_ships_is_small() -> None:
    shipped = sum(f.stat().st_size for f in SHIPPED.parent.iterdir() if f.is_file())
    assert shipped <= 25 * MEGABYTE


def copy_of_weights(folder: Path, content: bytes) -> Path:
    file = folder / "compact.onnx"
    file.write_bytes(content)
    file.with_name("compact.onnx.sha256").write_bytes(
        SHIPPED.with_name("compact.onnx.sha256").read_bytes()
    )
    return file


def test_missing_weights_say_how_to_mend(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="install med-multimodal-rag again"):
        CompactEncoder(tmp_path / "compact.onnx")


def test_weights_without_their_hash_are_refused(tmp_path: Path) -> None:
    file = copy_of_weights(tmp_path, SHIPPED.read_bytes())
    file.with_name("compact.onnx.sha256").write_bytes(b"")
    with pytest.raises(EncoderError, match="without its hash"):
        CompactEncoder(file)


@pytest.mark.parametrize("harm", ["cut short", "one bit", "empty"])
def test_damaged_weights_say_how_to_mend(harm: str, tmp_path: Path) -> None:
    content = bytearray(SHIPPED.read_bytes())
    if harm == "one bit":
        content[len(content) // 2] ^= 1
    else:
        del content[len(content) // 2 if harm == "cut short" else 0 :]
    with pytest.raises(EncoderError, match=r"damaged.*install med-multimodal-rag again"):
        CompactEncoder(copy_of_weights(tmp_path, bytes(content)))


def test_weights_that_are_no_model_fail_on_the_first_film(tmp_path: Path) -> None:
    file = tmp_path / "compact.onnx"
    file.write_bytes(b"not a model")
    digest = hashlib.sha256(b"not a model").hexdigest()
    file.with_name("compact.onnx.sha256").write_text(f"{digest}  compact.onnx\n")
    with pytest.raises(EncoderError, match="cannot be loaded"):
        CompactEncoder(file).encode_films(noise_films(1))


def read_table(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def decode(file: Path) -> GreyImage:
    with Image.open(file) as image:
        return np.asarray(image.convert("L"))


@pytest.fixture(scope="module")
def expert_films(shared_data: Path, compact: CompactEncoder) -> tuple[Vectors, np.ndarray]:
    """Vectors of the films that experts read, and whether they saw an effusion.

    By weights that never saw their patients: the shipped ones have learnt from these reads.
    """
    rows = read_table(shared_data / "nih" / "expert_labels.csv")
    apart = read_recorded(OUT_OF_FOLD, compact)
    vectors = np.stack([apart[row["Image ID"]] for row in rows])
    return vectors, np.array([row["Effusion"] == "YES" for row in rows])


def test_pixels_alone_find_effusions_that_experts_saw(
    expert_films: tuple[Vectors, np.ndarray], compact: CompactEncoder
) -> None:
    vectors, effusion = expert_films
    scores = vectors @ compact.encode_texts(["pleural effusion"])[0]
    first = np.argsort(-scores, kind="stable")[:20]
    assert effusion[first].mean() >= 1.5 * effusion.mean()


def test_normal_chest_puts_sound_films_first(
    expert_films: tuple[Vectors, np.ndarray], shared_data: Path, compact: CompactEncoder
) -> None:
    vectors, _ = expert_films
    rows = read_table(shared_data / "nih" / "expert_labels.csv")
    sound = np.array([row["Abnormal"] == "NO" for row in rows])
    first = np.argsort(-(vectors @ compact.encode_texts(["normal chest"])[0]))[:20]
    assert sound[first].mean() >= 2 * sound.mean()


def test_labels_fused_with_pixels_answer_by_label(
    shared_data: Path, expert_films: tuple[Vectors, np.ndarray], compact: CompactEncoder
) -> None:
    """The formula of fusion, over the films that experts read."""
    rows = read_table(shared_data / "nih" / "expert_labels.csv")
    listed = {
        row["Image Index"]: row["Finding Labels"]
        for row in read_table(shared_data / "nih" / "Data_Entry_2017.csv")
    }
    labels = [listed[row["Image ID"]].split("|") for row in rows]
    of_labels = np.stack(
        [
            np.sum([normal_anchor() if n == "No Finding" else anchor(n) for n in names], axis=0)
            for names in labels
        ]
    )
    of_labels /= np.linalg.norm(of_labels, axis=1, keepdims=True)
    fused = 0.7 * expert_films[0] + 0.3 * of_labels
    fused /= np.linalg.norm(fused, axis=1, keepdims=True)
    scores = fused @ compact.encode_texts(["pleural effusion"])[0]
    first = [labels[i] for i in np.argsort(-scores, kind="stable")[:20]]
    assert sum("Effusion" in names for names in first) >= 17
    assert not any("No Finding" in names for names in first)


def test_cosine_with_a_finding_is_the_films_coordinate(
    vectors: Vectors, compact: CompactEncoder
) -> None:
    for axis, finding in enumerate(FINDINGS):
        assert np.array_equal(vectors @ compact.encode_texts([finding])[0], vectors[:, axis])


@pytest.mark.parametrize("finding", FINDINGS)
def test_a_heat_map_averages_to_the_films_score(
    finding: str, vectors: Vectors, compact: CompactEncoder
) -> None:
    """The coordinate is the score squashed by a rising curve, so the two order films alike."""
    films = noise_films(12)
    means = [compact.heat_map(film, finding).mean() for film in films]
    coordinates = vectors[:12, FINDINGS.index(finding)]
    assert np.argsort(means).tolist() == np.argsort(coordinates).tolist()


def test_a_mirrored_film_has_a_mirrored_heat_map(
    shared_data: Path, compact: CompactEncoder
) -> None:
    """The map is of places, the left of it the left of the film."""
    right, wrong = [], []
    for file in sorted((shared_data / "nih" / "images").iterdir())[:8]:
        film = decode(file)
        heat = compact.heat_map(film, "Effusion")
        assert heat.dtype == np.float32
        assert heat.shape[0] >= 7
        mirrored = compact.heat_map(film[:, ::-1], "Effusion")
        right.append(np.corrcoef(heat[:, ::-1].ravel(), mirrored.ravel())[0, 1])
        wrong.append(np.corrcoef(heat.ravel(), mirrored.ravel())[0, 1])
    assert np.mean(right) > np.mean(wrong) + 0.1


@pytest.mark.parametrize("finding", ["No Finding", "effusion", "Pleural Thickening", ""])
def test_no_heat_map_of_what_is_none_of_the_findings(finding: str, compact: CompactEncoder) -> None:
    with pytest.raises(QueryError, match="name one of the findings Atelectasis"):
        compact.heat_map(noise_films(1)[0], finding)


def test_the_encoder_explains_films_and_says_what_it_learnt_from(compact: CompactEncoder) -> None:
    assert isinstance(compact, ExplainsFilms)
    assert isinstance(compact, KnowsWhatItLearnt)
    assert len(compact.learnt_patients) > 500
    assert all(re.fullmatch(r"nih:[1-9]\d*", patient) for patient in compact.learnt_patients)
