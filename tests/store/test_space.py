from __future__ import annotations

import pytest

from mmrag.errors import SpaceMismatch
from mmrag.settings import Settings
from mmrag.store import Store
from tests.store.conftest import DIMENSION, Fingerprint


def test_an_empty_store_has_no_space_and_takes_the_first(store: Store) -> None:
    assert store.space is None
    claimed = store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    assert store.space == claimed
    assert (claimed.w_pixel, claimed.w_label) == (0.7, 0.3)
    assert claimed.fingerprint == "compact:000000000000:fp32"


def test_the_stored_weights_win(store: Store, settings: Settings) -> None:
    first = store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    with Store.open(settings, DIMENSION) as other:
        assert other.claim_space(Fingerprint(), DIMENSION, 0.1, 0.9) == first


@pytest.mark.parametrize(
    ("other", "dimension", "named"),
    [
        (Fingerprint(name="biomedclip"), DIMENSION, "biomedclip:000000000000:fp32"),
        (Fingerprint(weights="f" * 64), DIMENSION, "compact:ffffffffffff:fp32"),
        (Fingerprint(precision="int8"), DIMENSION, "compact:000000000000:int8"),
        (Fingerprint(), 768, "length 768"),
    ],
)
def test_another_space_is_refused_by_name(
    store: Store, other: Fingerprint, dimension: int, named: str
) -> None:
    store.claim_space(Fingerprint(), DIMENSION, 0.7, 0.3)
    with pytest.raises(SpaceMismatch) as caught:
        store.claim_space(other, dimension, 0.7, 0.3)
    assert named in str(caught.value)
    assert "compact:000000000000:fp32" in str(caught.value)
    assert "another MMRAG_HOME" in str(caught.value)
