from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmrag.encoders import open_encoder
from mmrag.encoders.base import Encoder
from mmrag.errors import EncoderError, InputError


def test_compact_opens_and_is_an_encoder() -> None:
    encoder = open_encoder("compact")
    assert isinstance(encoder, Encoder)
    assert encoder.fingerprint.name == "compact"


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'resnet'.*compact"):
        open_encoder("resnet")


FOREIGN = """
import numpy as np
from mmrag.encoders.base import Fingerprint

class MeanEncoder:
    fingerprint = Fingerprint("mean", "0" * 64, "fp32")
    dimension = 3

    def encode_films(self, films):
        return np.tile(np.float32([1, 0, 0]), (len(films), 1))

    def encode_texts(self, texts):
        return np.tile(np.float32([0, 1, 0]), (len(texts), 1))

class Nothing:
    pass
"""

ENTRY_POINTS = """
[mmrag.encoders]
mean = foreign_encoder:MeanEncoder
nothing = foreign_encoder:Nothing
absent = foreign_encoder:Absent
compact = foreign_encoder:MeanEncoder
"""


@pytest.fixture
def foreign_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of somebody else's, as pip would leave it."""
    (tmp_path / "foreign_encoder.py").write_text(FOREIGN)
    metadata = tmp_path / "foreign_encoder-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: foreign-encoder\nVersion: 1.0\n"
    )
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(tmp_path)


def test_another_package_registers_its_encoder(foreign_package: None) -> None:
    encoder = open_encoder("mean")
    assert isinstance(encoder, Encoder)
    assert encoder.encode_films([np.zeros((4, 4), np.uint8)]).shape == (1, encoder.dimension)


def test_no_package_takes_the_name_of_a_built_in_encoder(foreign_package: None) -> None:
    assert open_encoder("compact").dimension == 512


@pytest.mark.parametrize("name", ["nothing", "absent"])
def test_what_is_no_encoder_is_refused_by_name(foreign_package: None, name: str) -> None:
    with pytest.raises(EncoderError, match=f"'{name}' of foreign_encoder"):
        open_encoder(name)


def test_an_unknown_name_lists_registered_ones_too(foreign_package: None) -> None:
    with pytest.raises(InputError, match=r"compact, biomedclip, .*mean"):
        open_encoder("resnet")
