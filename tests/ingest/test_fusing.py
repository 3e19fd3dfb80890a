"""Evidence and searched vectors of films, made one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mmrag.clinical.findings import finding_names
from mmrag.evidence import NAMES, EvidenceModel, Weighing
from mmrag.evidence.identity import parameters_hash
from mmrag.fusion import Anchors, FusionWeights, normalize
from mmrag.ingest.fusing import Fusing, name_of
from mmrag.records import NO_HISTORY, LabelsBy

SIZE = len(NAMES)
WEIGHTS = FusionWeights(0.7, 0.3)
ANCHORS = Anchors({name: np.eye(20, dtype=np.float32)[n] for n, name in enumerate(NAMES)})
MODEL = EvidenceModel(
    name="tests:0",
    centre=np.zeros(SIZE),
    scale=np.full(SIZE, 0.2),
    base_rate=np.full(SIZE, 0.1),
    unlabelled=Weighing(np.full(SIZE, -2.2), np.eye(SIZE)),
    labelled=Weighing(np.full(SIZE, -2.5), np.eye(SIZE), 3 * np.eye(SIZE)),
    similarity=0.1,
    history_rate=np.full(SIZE, 0.1),
)
BY: tuple[LabelsBy, ...] = get_args(LabelsBy)
LABELS = st.none() | st.lists(st.sampled_from(finding_names()), max_size=3, unique=True)


def pixels(films: int, seed: int = 0) -> NDArray[np.float32]:
    return normalize(np.random.default_rng(seed).standard_normal((films, 20)))


@pytest.mark.parametrize("kind", ["soft", "hard"])
@given(
    films=st.lists(st.tuples(LABELS, st.sampled_from(BY)), min_size=1, max_size=9),
    seed=st.integers(0, 99),
)
def test_what_else_is_in_the_batch_changes_no_bit(
    kind: str, films: list[tuple[list[str] | None, LabelsBy]], seed: int
) -> None:
    labels, by = [names for names, _ in films], [by for _, by in films]
    fusing = Fusing(ANCHORS, MODEL, WEIGHTS, "soft" if kind == "soft" else "hard")
    vectors = pixels(len(labels), seed)
    fused, evidence = fusing.fuse(labels, by, [NO_HISTORY] * len(labels), vectors)
    for row, names in enumerate(labels):
        alone, known = fusing.fuse([names], [by[row]], [NO_HISTORY], vectors[row : row + 1])
        np.testing.assert_array_equal(fused[row], alone[0])
        np.testing.assert_array_equal(evidence.probability[row], known.probability[0])
        np.testing.assert_array_equal(evidence.pixels_only[row], known.pixels_only[0])
    assert fused.dtype == evidence.probability.dtype == np.float32


def test_hard_fusion_is_the_plain_formula() -> None:
    vector = pixels(1)
    fused, _ = Fusing(ANCHORS, MODEL, WEIGHTS, "hard").fuse(
        [("Effusion", "Mass")], ["reports"], [NO_HISTORY], vector
    )
    label = ANCHORS.label_vector(("Effusion", "Mass"))
    assert label is not None
    np.testing.assert_allclose(fused[0], normalize(0.7 * vector[0] + 0.3 * label), atol=1e-6)


def test_a_label_raises_its_finding_and_pixels_alone_know_nothing_of_it() -> None:
    vector = np.repeat(pixels(1), 2, axis=0)
    _, evidence = Fusing(ANCHORS, MODEL, WEIGHTS, "hard").fuse(
        [("Mass",), None], ["reports"] * 2, [NO_HISTORY] * 2, vector
    )
    mass = NAMES.index("Mass")
    assert evidence.probability[0, mass] > evidence.probability[1, mass]
    np.testing.assert_array_equal(evidence.pixels_only[0], evidence.pixels_only[1])
    np.testing.assert_array_equal(evidence.probability[1], evidence.pixels_only[1])


def test_soft_fusion_moves_an_unlabelled_film_by_what_its_pixels_say() -> None:
    vector = normalize(ANCHORS.by_finding["Effusion"] + 0.5 * pixels(1))
    fused, _ = Fusing(ANCHORS, MODEL, WEIGHTS, "soft").fuse(
        [None], ["source"], [NO_HISTORY], vector
    )
    effusion = ANCHORS.by_finding["Effusion"]
    assert fused[0] @ effusion > vector[0] @ effusion
    still, _ = Fusing(ANCHORS, MODEL, WEIGHTS, "hard").fuse(
        [None], ["source"], [NO_HISTORY], vector
    )
    np.testing.assert_allclose(still, vector, atol=1e-6)


def test_with_certain_labels_soft_and_hard_are_one() -> None:
    certain = {name: float(name in ("Effusion", "Mass")) for name in NAMES}
    soft, hard = ANCHORS.soft_label_vector(certain), ANCHORS.label_vector(("Effusion", "Mass"))
    assert soft is not None
    assert hard is not None
    np.testing.assert_allclose(soft, hard, atol=1e-6)


@given(st.dictionaries(st.sampled_from(NAMES), st.floats(0, 1)))
def test_little_evidence_moves_little(above: dict[str, float]) -> None:
    vector = ANCHORS.soft_label_vector(above)
    longest = np.sqrt(sum(weight**2 for weight in above.values()))
    if vector is None:
        assert longest == 0
    else:
        assert np.linalg.norm(vector) == pytest.approx(min(1.0, longest), abs=1e-6)


def test_parameters_are_known_by_their_numbers() -> None:
    same = replace(MODEL, centre=MODEL.centre.copy())
    other = replace(MODEL, similarity=0.2)
    assert parameters_hash(same) == parameters_hash(MODEL) != parameters_hash(other)
    assert name_of(MODEL).name == "tests:0"
    assert Fusing(ANCHORS, MODEL, WEIGHTS, "soft").recipe.evidence == name_of(MODEL)


def test_what_radiologists_read_is_fused_though_the_pixels_say_otherwise() -> None:
    vector = normalize(ANCHORS.by_finding["Mass"] + 0.1 * pixels(1))
    fusing = Fusing(ANCHORS, MODEL, WEIGHTS, "soft")
    fused, evidence = fusing.fuse([("Effusion",)], ["radiologists"], [NO_HISTORY], vector)
    mass, effusion = NAMES.index("Mass"), NAMES.index("Effusion")
    assert evidence.probability[0, effusion] == pytest.approx(0.97, abs=1e-6)
    assert evidence.probability[0, mass] < 0.02
    assert evidence.pixels_only[0, mass] > 0.9
    assert fused[0] @ ANCHORS.by_finding["Effusion"] > vector[0] @ ANCHORS.by_finding["Effusion"]
