"""Out-of-fold vectors: taken where they belong, refused where they do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from mmrag.encoders.compact import CompactEncoder
from mmrag.errors import SourceError, SpaceMismatch
from mmrag.eval_cli import eval_command
from mmrag.evaluation.collection import encode_collection, films_of
from mmrag.evaluation.recorded import read_recorded
from mmrag.evaluation.results import EvaluationReport
from mmrag.sources.demo import DemoFolders

app = typer.Typer()
app.command()(eval_command)


def write(file: Path, names: list[str], **changed: Any) -> Path:
    vectors = np.random.default_rng(2).normal(size=(len(names), 128)).astype(np.float16)
    parts: dict[str, Any] = {
        "weights": CompactEncoder().film_weights,
        "films": np.array(names),
        "vectors": vectors,
    }
    np.savez_compressed(file, **{k: v for k, v in (parts | changed).items() if v is not None})
    return file


def test_vectors_come_back_whole_and_of_unit_length(tmp_path: Path) -> None:
    read = read_recorded(write(tmp_path / "v.npz", ["a.png", "b.png"]), CompactEncoder())
    assert list(read) == ["a.png", "b.png"]
    for vector in read.values():
        assert vector.shape == (512,)
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)
        assert not vector[128:].any()


def test_vectors_of_other_weights_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "v.npz", ["a.png"], weights="f" * 64)
    with pytest.raises(SpaceMismatch, match="vectors of the weights ffffffffffff"):
        read_recorded(file, CompactEncoder())


def test_an_encoder_that_names_no_weights_gets_no_vectors(tmp_path: Path) -> None:
    class Nameless:
        dimension = 512

    file = write(tmp_path / "v.npz", ["a.png"])
    with pytest.raises(SpaceMismatch, match="not named"):
        read_recorded(file, Nameless())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        {"vectors": None},
        {"weights": None},
        {"vectors": np.zeros((3, 128))},
        {"vectors": np.zeros(2)},
        {"vectors": np.zeros((2, 700))},
        {"films": np.array([{"a": 1}, {}], dtype=object)},
        {"vectors": np.array([["x"], ["y"]])},
    ],
)
def test_a_file_that_is_no_such_file_is_refused(changed: dict[str, Any], tmp_path: Path) -> None:
    file = write(tmp_path / "v.npz", ["a.png", "b.png"], **changed)
    with pytest.raises(SourceError, match=r"v\.npz"):
        read_recorded(file, CompactEncoder())


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut", b"Image Index,x\n"])
def test_a_file_of_another_kind_is_refused(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "v.npz"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SourceError, match=r"v\.npz: no file of out-of-fold vectors"):
        read_recorded(file, CompactEncoder())


def test_only_films_without_a_recorded_vector_are_encoded(
    tmp_path: Path, made_up: DemoFolders
) -> None:
    films = films_of(made_up.films)[0][:9]
    encoder = CompactEncoder()
    recorded = read_recorded(write(tmp_path / "v.npz", [f.id for f in films[1::3]]), encoder)
    plain = encode_collection(films, encoder, lambda _: None)
    mixed = encode_collection(films, encoder, lambda _: None, recorded)
    for row, film in enumerate(films):
        expected = recorded.get(film.id, plain.pixels[row])
        assert np.array_equal(mixed.pixels[row], expected)
    assert np.array_equal(mixed.blank, plain.blank)
    assert mixed.recorded == set(recorded)
    assert mixed.take(np.arange(len(films)) == 1).recorded == {films[1].id}


def test_the_command_says_which_films_were_judged_out_of_fold(
    tmp_path: Path, made_up: DemoFolders
) -> None:
    labelled = [film.id for film in films_of(made_up.films)[0] if film.findings is not None]
    file = write(tmp_path / "v.npz", [*labelled, "a film that is not there.png"])
    asked = ["--data", str(made_up.films), "--quick", "--json", "--vectors", str(file)]
    answer = CliRunner().invoke(app, asked)
    assert answer.exception is None, answer.output
    made = EvaluationReport.model_validate_json(answer.stdout)
    assert made.out_of_fold == len(labelled)


def test_the_command_refuses_vectors_of_other_weights(tmp_path: Path, made_up: DemoFolders) -> None:
    file = write(tmp_path / "v.npz", ["a.png"], weights="0" * 64)
    answer = CliRunner().invoke(app, ["--data", str(made_up.films), "--vectors", str(file)])
    assert isinstance(answer.exception, SpaceMismatch)
