from __future__ import annotations

import pytest

from mmrag.encoders import open_encoder
from mmrag.encoders.base import Encoder
from mmrag.errors import InputError


def test_compact_opens_and_is_an_encoder() -> None:
    encoder = open_encoder("compact")
    assert isinstance(encoder, Encoder)
    assert encoder.fingerprint.name == "compact"


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'resnet'.*compact"):
        open_encoder("resnet")
