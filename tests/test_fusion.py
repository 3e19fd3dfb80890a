"""Fusion is exactly its formula, and an absent label is never a penalty."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmrag.clinical.prompts import NORMAL
from mmrag.errors import InputError
from mmrag.fusion import (
    Anchors,
    FusionWeights,
    Vector,
    anchors_from_prompts,
    fuse,
    normalize,
)

DIMENSION = 8

vectors = hnp.arrays(
    np.float32, DIMENSION, elements=st.floats(-1, 1, width=32, allow_subnormal=False)
).filter(lambda v: float(np.linalg.norm(v)) > 1e-3)
unit_vectors = vectors.map(normalize)
weights = st.builds(FusionWeights, st.floats(0.05, 1), st.floats(0.05, 1))


@given(unit_vectors, unit_vectors, weights)
def test_fused_is_the_normalised_weighted_sum(p: Vector, q: Vector, w: FusionWeights) -> None:
    total = w.pixel * p.astype(float) + w.label * q.astype(float)
    if np.linalg.norm(total) < 1e-3:
        return
    expected = total / np.linalg.norm(total)
    np.testing.assert_allclose(fuse(p, q, w), expected, atol=1e-6)


@given(unit_vectors, unit_vectors, weights, st.floats(0.1, 10))
def test_only_the_ratio_of_the_weights_matters(
    p: Vector, q: Vector, w: FusionWeights, scale: float
) -> None:
    scaled = FusionWeights(w.pixel * scale, w.label * scale)
    if np.linalg.norm(w.pixel * p + w.label * q) > 1e-3:
        np.testing.assert_allclose(fuse(p, q, w), fuse(p, q, scaled), atol=1e-5)


@given(unit_vectors, weights)
def test_unlabelled_film_is_its_pixels(p: Vector, w: FusionWeights) -> None:
    np.testing.assert_allclose(fuse(p, None, w), p, atol=1e-6)


@given(unit_vectors, weights)
def test_cancelling_parts_leave_the_pixels(p: Vector, w: FusionWeights) -> None:
    even = FusionWeights(w.pixel, w.pixel)
    np.testing.assert_allclose(fuse(p, -p, even), p, atol=1e-6)


@given(hnp.arrays(np.float32, (3, DIMENSION), elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_normalize_gives_unit_or_zero(rows: Vector) -> None:
    lengths = np.linalg.norm(normalize(rows), axis=1)
    nonzero = np.abs(rows).max(axis=1) > 0
    np.testing.assert_allclose(lengths, nonzero.astype(float), atol=1e-5)


@pytest.mark.parametrize(("pixel", "label"), [(-0.1, 1), (0, 0), (float("nan"), 1), (1, -1)])
def test_impossible_weights_are_refused(pixel: float, label: float) -> None:
    with pytest.raises(InputError, match="fusion weights"):
        FusionWeights(pixel, label)


def encode_by_table(texts: list[str]) -> np.ndarray:
    table = {"has a": [1, 0, 1], "no a": [0, 0, 1], "has b": [0, 1, 1], "no b": [0, 0, 1]}
    return normalize(np.array([table[text] for text in texts], dtype=np.float32))


def test_anchor_is_positive_less_negative() -> None:
    anchors = anchors_from_prompts(
        {"A": (["has a"], ["no a"]), NORMAL: (["no a", "no b"], ["has a", "has b"])},
        lambda texts: encode_by_table(list(texts)),
    )
    direction = encode_by_table(["has a"])[0] - encode_by_table(["no a"])[0]
    np.testing.assert_allclose(anchors.by_finding["A"], normalize(direction), atol=1e-6)


def test_label_vector_tells_no_finding_from_no_label() -> None:
    axes = np.eye(3, dtype=np.float32)
    anchors = Anchors({"A": axes[0], "B": axes[1], NORMAL: axes[2]})
    assert anchors.label_vector(None) is None
    normal = anchors.label_vector(())
    both = anchors.label_vector(("A", "B"))
    assert normal is not None
    assert both is not None
    np.testing.assert_allclose(normal, axes[2])
    np.testing.assert_allclose(both, [0.5**0.5, 0.5**0.5, 0], atol=1e-6)
