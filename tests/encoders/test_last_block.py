from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmrag.encoders.last_block import class_token_alone
from mmrag.encoders.openclip_folder import read_folder


@pytest.fixture(scope="module")
def visual(small_model: Path) -> Any:
    from mmrag.encoders.openclip_load import load_model

    return load_model(read_folder(small_model, "")).visual


def test_the_vector_stays_the_same(visual: Any) -> None:
    import torch

    pictures = torch.randn(3, 3, 224, 224, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        whole = visual(pictures)
        last = visual.trunk.blocks[-1]
        with class_token_alone(visual):
            assert visual.trunk.blocks[-1] is not last
            shortened = visual(pictures)
    assert visual.trunk.blocks[-1] is last
    assert torch.allclose(whole, shortened, atol=1e-5 * float(whole.abs().max()))


def test_a_tower_that_reads_all_tokens_is_left_alone(visual: Any) -> None:
    last = visual.trunk.blocks[-1]
    visual.trunk.global_pool = "avg"
    try:
        with class_token_alone(visual):
            assert visual.trunk.blocks[-1] is last
    finally:
        visual.trunk.global_pool = "token"


def test_the_block_comes_back_after_an_error(visual: Any) -> None:
    last = visual.trunk.blocks[-1]
    with pytest.raises(RuntimeError, match="stop"), class_token_alone(visual):
        raise RuntimeError("stop")
    assert visual.trunk.blocks[-1] is last
