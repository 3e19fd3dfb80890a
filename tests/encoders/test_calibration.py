from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from mmrag.encoders import calibration
from mmrag.encoders.base import GreyImage
from mmrag.encoders.biomedclip import open_exported
from mmrag.encoders.calibration import (
    Agreement,
    calibrate,
    mean_removed_cosine,
    overlap,
)
from mmrag.encoders.exported import INT8, Exported, read_exported
from mmrag.errors import EncoderError, InputError
from mmrag.settings import Settings


def test_removing_the_mean_shows_what_a_cosine_hides() -> None:
    rng = np.random.default_rng(0)
    common = 10 * np.ones(32)
    reference = (common + rng.normal(size=(50, 32))).astype(np.float32)
    unrelated = (common + rng.normal(size=(50, 32))).astype(np.float32)
    assert mean_removed_cosine(reference, reference) == pytest.approx(1)
    assert abs(mean_removed_cosine(reference, unrelated)) < 0.2


def test_overlap_counts_shared_neighbours() -> None:
    scores = np.arange(40, dtype=np.float32)[np.newaxis]
    assert overlap(scores, scores) == 1
    assert overlap(scores, -scores) == 0
    shifted = np.roll(scores, 5, axis=1)
    assert overlap(scores, shifted) == pytest.approx(0.5)


def test_a_film_is_no_neighbour_of_itself() -> None:
    own = 100 * np.eye(30, dtype=np.float32)
    others = np.tile(np.arange(30, dtype=np.float32), (30, 1))
    assert overlap(others + own, others, apart=True) == 1


@pytest.mark.parametrize(
    ("agreement", "short"),
    [
        (Agreement(60, 0.99, 0.95, 0.97, 0.95), 0),
        (Agreement(60, 0.96, 0.95, 0.97, 0.95), 1),
        (Agreement(60, 0.99, 0.80, 0.80, 0.80), 3),
        (Agreement(60, float("nan"), 0.95, 0.97, 0.95), 1),
    ],
)
def test_what_lies_below_its_limit_is_named(agreement: Agreement, short: int) -> None:
    assert len(agreement.shortcomings) == short


@pytest.fixture
def exported(small_encoders: Path, tmp_path: Path) -> Exported:
    if find_spec("nncf") is None:
        pytest.skip("missing extra: nncf is not installed, see make test-biomedclip")
    shutil.copytree(small_encoders / "biomedclip", tmp_path / "biomedclip")
    return read_exported(tmp_path / "biomedclip")


def test_too_few_films_are_refused(exported: Exported, made_films: list[GreyImage]) -> None:
    with pytest.raises(InputError, match="33 readable films are too few"):
        calibrate(exported, made_films)


def test_int8_below_its_limits_is_not_kept(
    exported: Exported, made_films: list[GreyImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "LEAST_TEXT_COSINE", 1.0)
    agreement = calibrate(exported, made_films * 2)
    assert agreement.shortcomings
    assert not (exported.path / INT8).exists()
    with pytest.raises(EncoderError, match="not calibrated"):
        open_exported(exported, Settings(precision="int8", encoders=exported.path.parent))


def test_int8_within_its_limits_is_a_space_of_its_own(
    exported: Exported, made_films: list[GreyImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("LEAST_FILM_COSINE", "LEAST_TEXT_COSINE", "LEAST_OVERLAP"):
        monkeypatch.setattr(calibration, limit, 0.2)
    agreement = calibrate(exported, made_films * 2)
    assert agreement.shortcomings == []
    assert agreement.films == 33
    settings = Settings(precision="int8", encoders=exported.path.parent)
    small = open_exported(exported, settings)
    full = open_exported(exported, settings.model_copy(update={"precision": "fp32"}))
    assert small.fingerprint.precision == "int8"
    assert small.fingerprint.weights != full.fingerprint.weights
    alike = np.sum(small.encode_films(made_films) * full.encode_films(made_films), axis=1)
    assert 0.9 < alike.min() < 1
