from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.findings import load_findings
from mmrag.clinical.prompts import NORMAL, anchor_prompts
from mmrag.encoders.compact_space import DIMENSION, FINDINGS, WORDS, anchor, normal_anchor
from mmrag.encoders.compact_text import encode
from mmrag.fusion import anchors_from_prompts

ANCHORS = np.stack([anchor(finding) for finding in FINDINGS])
TERMS = [
    (finding.name, term)
    for finding in load_findings().findings.values()
    for term in (finding.name, finding.display, *finding.synonyms, *finding.signs)
]


def cosine(first: str, second: str) -> float:
    one, other = encode([first, second])
    return float(one @ other)


def test_the_axes_are_the_findings_of_the_table() -> None:
    assert tuple(load_findings().findings) == FINDINGS


def test_every_name_synonym_and_sign_lands_on_its_finding() -> None:
    cosines = encode([term for _, term in TERMS]) @ ANCHORS.T
    astray = [
        (finding, term)
        for (finding, term), row in zip(TERMS, cosines, strict=True)
        if FINDINGS[int(row.argmax())] != finding or row.max() < 0.9 or np.sum(row > 0.1) > 1
    ]
    assert not astray


def test_a_finding_by_name_is_its_anchor_exactly() -> None:
    assert np.array_equal(encode(FINDINGS), ANCHORS.astype(np.float32))


def test_prompts_give_every_finding_its_own_axis() -> None:
    anchors = anchors_from_prompts(anchor_prompts(), encode).by_finding
    for finding in FINDINGS:
        assert np.allclose(anchors[finding], anchor(finding), atol=1e-6)
    assert anchors[NORMAL] @ normal_anchor() > 0.999


@pytest.mark.parametrize(
    "text", ["no pleural effusion", "without effusion", "effusion is not seen"]
)
def test_a_denied_finding_points_away(text: str) -> None:
    vector = encode([text])[0]
    assert vector @ anchor("Effusion") < -0.9


def test_a_question_with_and_without() -> None:
    wanted = encode(["effusion without cardiomegaly"])[0]
    assert wanted @ anchor("Effusion") > 0.5
    assert wanted @ anchor("Cardiomegaly") < -0.5


def test_said_once_and_denied_elsewhere_is_said() -> None:
    assert encode(["no effusion on the left. effusion on the right"])[0] @ anchor("Effusion") > 0.9


def test_an_open_finding_counts_less_beside_an_asserted_one() -> None:
    vector = encode(["cardiomegaly, possible pneumonia"])[0]
    assert 0 < vector @ anchor("Pneumonia") < vector @ anchor("Cardiomegaly")


@pytest.mark.parametrize("text", ["No Finding", "normal chest", "clear lungs", "no acute disease"])
def test_a_normal_chest_is_the_opposite_of_all_findings(text: str) -> None:
    vector = encode([text])[0]
    assert vector @ normal_anchor() > 0.9
    assert (ANCHORS @ vector < 0).all()


def test_words_beside_a_finding_leave_the_order_of_films_alone() -> None:
    vector = encode(["please show me Sunday's films with effusion"])[0]
    others = np.delete(ANCHORS @ vector, FINDINGS.index("Effusion"))
    assert vector @ anchor("Effusion") > 0.9
    assert not others.any()


@pytest.mark.parametrize("text", ["", "   ", "the of and", "!!!", "\x00", "😀"])
def test_a_text_with_nothing_in_it_has_its_fixed_vector(text: str) -> None:
    vector = encode([text])[0]
    assert np.array_equal(vector, encode([""])[0])
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-6)


def test_free_text_stays_among_the_words() -> None:
    vector = encode(["sarcoidosis staging"])[0]
    assert not vector[: WORDS.start].any()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("sarcoidosis", "sarcodosis"),
        ("tuberculosis", "tubercolosis"),
        ("granulomatous", "granulomatos"),
    ],
)
def test_a_misspelt_word_lands_nearer_than_another(right: str, wrong: str) -> None:
    assert cosine(right, wrong) > cosine(right, "pacemaker") + 0.2


def test_a_panel_of_the_states_asked_for_is_nearer_than_any_other() -> None:
    question = "low platelets and high white cells"
    right = cosine(question, "leukocytosis; thrombocytopenia; haemoglobin normal")
    for other in (
        "leukopenia; thrombocytosis; haemoglobin normal",
        "haemoglobin normal; leukocytes normal; platelets normal",
        "anaemia; leukocytes normal; platelets normal",
        "hyperkalaemia; creatinine high",
        "HbA1c high; LDL high",
    ):
        assert right > cosine(question, other) + 0.2


def test_a_normal_blood_count_says_nothing_of_the_chest() -> None:
    assert not encode(["platelets within normal limits"])[0, : WORDS.start].any()


@given(st.text(max_size=200))
def test_any_text_gives_one_unit_vector(text: str) -> None:
    vectors = encode([text, text])
    assert vectors.shape == (2, DIMENSION)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors[0], vectors[1])
    assert np.linalg.norm(vectors[0]) == pytest.approx(1.0, abs=1e-6)
