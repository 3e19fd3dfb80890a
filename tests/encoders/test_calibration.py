from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from mmrag.encoders import agreement, calibration
from mmrag.encoders.base import GreyImage
from mmrag.encoders.biomedclip import open_exported
from mmrag.encoders.calibration import FEWEST_FILMS, calibrate
from mmrag.encoders.exported import INT8, INT8_REPORT, INT8_TEXT_TOWER, Exported, read_exported
from mmrag.encoders.openvino_towers import cpu_has_bf16
from mmrag.errors import EncoderError, InputError
from mmrag.settings import Settings


@pytest.fixture
def exported(small_encoders: Path, tmp_path: Path) -> Exported:
    if find_spec("nncf") is None:
        pytest.skip("missing extra: nncf is not installed, see make test-biomedclip")
    shutil.copytree(small_encoders / "biomedclip", tmp_path / "biomedclip")
    return read_exported(tmp_path / "biomedclip")


@pytest.fixture
def films(made_films: list[GreyImage], monkeypatch: pytest.MonkeyPatch) -> list[GreyImage]:
    """As many as the limit allows, which is lowered to save time."""
    monkeypatch.setattr(calibration, "FEWEST_FILMS", 2 * len(made_films))
    return made_films * 2


def _settings(exported: Exported, precision: str) -> Settings:
    return Settings(encoders=exported.path.parent).model_copy(update={"precision": precision})


def test_too_few_films_are_refused(exported: Exported, made_films: list[GreyImage]) -> None:
    with pytest.raises(InputError, match=f"33 readable films are too few.*{FEWEST_FILMS}"):
        calibrate(exported, made_films)


def test_films_below_their_limit_leave_no_int8(
    exported: Exported, films: list[GreyImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "LEAST_COSINE", 1.0)
    result = calibrate(exported, films)
    assert any("films" in line for line in result.shortcomings)
    assert not (exported.path / INT8).exists()
    with pytest.raises(EncoderError, match="not calibrated"):
        open_exported(exported, _settings(exported, "int8"))


@pytest.mark.parametrize("texts_in_bf16", [0.992, 0.98])
def test_texts_below_their_limit_take_the_fastest_arithmetic_within_it(
    exported: Exported,
    films: list[GreyImage],
    monkeypatch: pytest.MonkeyPatch,
    texts_in_bf16: float,
) -> None:
    if not cpu_has_bf16():
        pytest.skip("this CPU has no bf16")
    # of films and of texts, in int8, bf16 and fp32
    told = iter([0.995, 0.914, 0.995, texts_in_bf16, 0.995, 1.0])
    monkeypatch.setattr(agreement, "mean_removed_cosine", lambda *_: next(told))
    monkeypatch.setattr(agreement, "LEAST_OVERLAP", 0.2)
    result = calibrate(exported, films)
    wanted = "bf16" if texts_in_bf16 > agreement.LEAST_COSINE else "fp32"
    assert (result.text_tower, result.rest, result.shortcomings) == (wanted, "bf16", [])
    assert result.turned_down[0] == "int8: mean-removed cosine of texts 0.914 (at least 0.99)"
    assert len(result.turned_down) == (1 if wanted == "bf16" else 2)
    assert not (exported.path / INT8 / INT8_TEXT_TOWER).exists()
    small = open_exported(exported, _settings(exported, "int8"))
    plain = open_exported(exported, _settings(exported, wanted))
    texts = ["pleural effusion", "leukocytosis; thrombocytopenia"]
    assert np.array_equal(small.encode_texts(texts), plain.encode_texts(texts))
    assert not np.array_equal(small.encode_films(films[:3]), plain.encode_films(films[:3]))


def test_int8_within_its_limits_is_a_space_of_its_own(
    exported: Exported, films: list[GreyImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("LEAST_COSINE", "LEAST_OVERLAP"):
        monkeypatch.setattr(agreement, limit, 0.2)
    result = calibrate(exported, films)
    assert (result.text_tower, result.turned_down, result.shortcomings) == ("int8", [], [])
    assert result.agreement.films == 33
    small = open_exported(exported, _settings(exported, "int8"))
    full = open_exported(exported, _settings(exported, "fp32"))
    assert small.fingerprint.precision == "int8"
    assert small.fingerprint.weights != full.fingerprint.weights
    alike = np.sum(small.encode_films(films) * full.encode_films(films), axis=1)
    assert 0.9 < alike.min() < 1


def test_int8_beside_bf16_needs_a_cpu_with_bf16(
    exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    (exported.path / INT8).mkdir()
    report = {"sha256": "c" * 64, "text_tower": "int8", "rest": "bf16"}
    (exported.path / INT8 / INT8_REPORT).write_text(json.dumps(report))
    monkeypatch.setattr("mmrag.encoders.biomedclip.cpu_has_bf16", lambda: False)
    with pytest.raises(EncoderError, match="no bf16: run mmrag encoder calibrate here"):
        open_exported(exported, _settings(exported, "int8"))
