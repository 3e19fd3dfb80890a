from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.findings import load_findings
from mmrag.clinical.lexicon import Mention, find_findings, mentions_of
from mmrag.clinical.words import words_of

TABLE = load_findings()
OWN_TERMS = [
    (finding.name, via, term)
    for finding in TABLE.findings.values()
    for via, terms in (
        ("name", (finding.name, finding.display)),
        ("synonym", finding.synonyms),
        ("sign", finding.signs),
        ("denial", finding.denied_by),
    )
    for term in terms
]


def named(text: str) -> list[str]:
    return [mention.finding for mention in find_findings(text)]


@pytest.mark.parametrize(("finding", "via", "term"), OWN_TERMS)
def test_every_term_means_its_finding_alone(finding: str, via: str, term: str) -> None:
    (mention,) = find_findings(f"show {term}, please")
    assert (mention.finding, mention.via, mention.written) == (finding, via, term)


@pytest.mark.parametrize("term", [term for _, _, term in OWN_TERMS if term.isascii()])
def test_every_term_in_capitals_and_hyphens(term: str) -> None:
    assert named(term.upper().replace(" ", "-")) == named(term)


@pytest.mark.parametrize("group", TABLE.groups.values(), ids=lambda g: g.name)
def test_wider_words_mean_all_their_children(group) -> None:  # type: ignore[no-untyped-def]
    for term in (group.name, *group.terms):
        mentions = find_findings(term)
        assert [m.finding for m in mentions] == list(group.children)
        assert {(m.via, m.group, m.written) for m in mentions} == {("group", group.name, term)}


@pytest.mark.parametrize("phrase", TABLE.exclusions)
def test_excluded_phrases_are_no_findings(phrase: str) -> None:
    assert named(phrase) == []


@pytest.mark.parametrize("term", TABLE.normal_terms)
def test_normal_chest_is_no_finding(term: str) -> None:
    assert named(term) == []
    assert [m.via for m in mentions_of(term, words_of(term))] == ["normal"]


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("Effusion", ["Effusion"]),
        (
            "Effusion|Infiltration|Pleural_Thickening",
            ["Effusion", "Infiltration", "Pleural_Thickening"],
        ),
        ("bilateral pleural effusions", ["Effusion"]),
        ("plural efusion", ["Effusion"]),
        ("pnuemonia and pnemothorax", ["Pneumonia", "Pneumothorax"]),
        ("cardiomeglay", ["Cardiomegaly"]),
        ("atalectasis", ["Atelectasis"]),
        ("pneumo thorax", ["Pneumothorax"]),
        ("cardio-megaly", ["Cardiomegaly"]),
        ("PTX", ["Pneumothorax"]),
        ("pulmonary oedema", ["Edema"]),
        ("oedemas", ["Edema"]),
        ("blunting of the left costophrenic angle", ["Effusion"]),
        ("costophrenic angles are mildly blunted", ["Effusion"]),
        ("collapse of the left lower lobe", ["Atelectasis"]),
        ("collapsed lung", ["Pneumothorax"]),
        ("lung collapse", ["Atelectasis"]),
        ("hydropneumothorax", ["Effusion", "Pneumothorax"]),
        ("nodule or mass", ["Nodule", "Mass"]),
        ("haemothorax in the left hemithorax", ["Effusion"]),
        ("tumours of the lung", ["Mass", "Nodule"]),
        ("mass", ["Mass"]),
        ("a mass, index 3", ["Mass"]),
        ("hiatus hernia", ["Hernia"]),
        ("heart failure", ["Edema"]),
        ("pleural or pericardial effusion", ["Effusion"]),
        # the same words with another sense
        ("pericardial effusion", []),
        ("knee joint effusions", []),
        ("effusion in the right knee", []),
        ("body mass index above 30", []),
        ("mass effect", []),
        ("breast masses", []),
        ("mass of the left kidney", []),
        ("peripheral oedema", []),
        ("oedema of both ankles", []),
        ("edema in her legs", []),
        ("inguinal hernia", []),
        ("thyroid nodules", []),
        ("nodule in the left thyroid lobe", []),
        ("subcutaneous emphysema", []),
        ("cystic fibrosis", []),
        ("glomerular filtration rate", []),
        ("fatty infiltration of the liver", []),
        ("a module for lessons", []),
        ("amass, masseuse, massive", []),
        ("", []),
    ],
)
def test_reads(text: str, findings: list[str]) -> None:
    assert named(text) == findings


def test_not_inside_a_term_is_kept() -> None:
    (mention,) = find_findings("the heart is not enlarged")
    assert mention.denied_inside
    assert mention.written == "heart is not enlarged"


@given(st.text(max_size=200))
def test_spans_hold_what_was_written(text: str) -> None:
    _check_spans(text, find_findings(text))


@given(
    st.lists(
        st.sampled_from(
            ["no", "pleural", "effusion", ",", "pneumo", "thorax", "-", "heart", "is", "not"]
        )
    )
)
def test_spans_of_mixed_words(parts: list[str]) -> None:
    text = " ".join(parts)
    _check_spans(text, find_findings(text))


def _check_spans(text: str, mentions: list[Mention]) -> None:
    for mention in mentions:
        assert 0 <= mention.start < mention.end <= len(text)
        assert text[mention.start : mention.end] == mention.written
        assert mention.finding in TABLE.findings
    places = sorted({(m.start, m.end) for m in mentions})
    assert all(one[1] <= other[0] for one, other in pairwise(places))
