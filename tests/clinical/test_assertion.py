from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrag.clinical.assertion import assess
from mmrag.clinical.lexicon import find_findings

SHORT = {
    "Effusion": "eff",
    "Pneumothorax": "ptx",
    "Cardiomegaly": "card",
    "Pneumonia": "pna",
    "Atelectasis": "atel",
    "Consolidation": "cons",
    "Edema": "edema",
}
MARK = {"present": "+", "absent": "-", "uncertain": "?"}


def read(text: str) -> str:
    mentions = [m for m in find_findings(text) if m.via != "group"]
    assertions = assess(text, mentions)
    return " ".join(
        MARK[assertion] + SHORT[m.finding]
        for m, assertion in zip(mentions, assertions, strict=True)
    )


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("effusion", "+eff"),
        ("no effusion", "-eff"),
        ("without pneumothorax", "-ptx"),
        ("w/o effusion", "-eff"),
        ("free of effusion and pneumothorax", "-eff -ptx"),
        ("absence of effusion", "-eff"),
        ("negative for pneumonia or effusion", "-pna -eff"),
        ("pneumonia ruled out", "-pna"),
        ("pneumonia excluded", "-pna"),
        ("denies pneumonia however effusion", "-pna +eff"),
        ("resolved pneumonia", "-pna"),
        ("effusion has resolved", "-eff"),
        ("resolution of the effusion", "-eff"),
        ("effusion rather than pneumothorax", "+eff -ptx"),
        ("effusion instead of pneumothorax", "+eff -ptx"),
        ("neither effusion nor pneumothorax", "-eff -ptx"),
        ("doesn't show pneumonia", "-pna"),
        ("does not show pneumonia", "-pna"),
        ("patients who do not have pneumonia and have effusion", "-pna +eff"),
        ("non-pneumonia", "-pna"),
        # lists
        ("no evidence of effusion or pneumothorax", "-eff -ptx"),
        ("no effusion, pneumothorax, or pneumonia", "-eff -ptx -pna"),
        ("no focal consolidation, large effusion, or pneumothorax", "-cons -eff -ptx"),
        ("effusion, pneumothorax, and pneumonia are not seen", "-eff -ptx -pna"),
        ("no effusion or pneumothorax is seen", "-eff -ptx"),
        # ends of scope
        ("effusion without pneumothorax", "+eff -ptx"),
        ("no effusion but cardiomegaly", "-eff +card"),
        ("not effusion but pneumothorax", "-eff +ptx"),
        ("no effusion; pneumonia", "-eff +pna"),
        ("No effusion. Pneumonia.", "-eff +pna"),
        ("no effusion\npneumonia", "-eff +pna"),
        ("no effusion, mild cardiomegaly", "-eff +card"),
        ("no effusion and the heart is enlarged", "-eff +card"),
        ("no effusion and cardiomegaly is present", "-eff +card"),
        ("no pneumonia with effusion", "-pna +eff"),
        ("cardiomegaly without heart failure", "+card -edema"),
        ("cardiomegaly is present, effusion is absent", "+card -eff"),
        ("effusion is present and pneumothorax is absent", "+eff -ptx"),
        ("cardiomegaly and edema, effusion not seen", "+card +edema -eff"),
        ("no abnormality other than cardiomegaly", "+card"),
        ("no abnormality except a small effusion", "+eff"),
        ("effusion except pneumothorax", "+eff -ptx"),
        # after the term
        ("effusion is absent", "-eff"),
        ("pneumothorax not seen", "-ptx"),
        ("effusion no longer seen", "-eff"),
        ("effusion: none", "-eff"),
        # inside the term
        ("the heart is not enlarged", "-card"),
        ("absence of lung markings", "+ptx"),
        # denials that are none
        ("not without effusion", "+eff"),
        ("no change in effusion", "+eff"),
        ("no increase in the pleural effusion", "+eff"),
        ("not only effusion but also pneumothorax", "+eff +ptx"),
        ("no significant interval change in the effusion", "+eff"),
        # left open
        ("cannot exclude effusion", "?eff"),
        ("pneumonia cannot be excluded", "?pna"),
        ("pneumonia not ruled out", "?pna"),
        ("possible effusion", "?eff"),
        ("may represent pneumonia", "?pna"),
        ("rule out pneumonia", "?pna"),
        ("r/o pneumonia", "?pna"),
        ("?pneumonia", "?pna"),
        ("atelectasis versus pneumonia", "?atel ?pna"),
        ("effusion and suspected pneumonia", "+eff ?pna"),
        ("pneumonia suspected", "?pna"),
        ("pneumonia unlikely", "?pna"),
        ("pneumonia with or without effusion", "+pna ?eff"),
        ("no effusion, possible pneumonia", "-eff ?pna"),
        ("possible pneumonia, no effusion", "?pna -eff"),
        ("could be atelectasis, pneumonia or effusion", "?atel ?pna ?eff"),
        # a question is no doubt
        ("films with pneumonia?", "+pna"),
    ],
)
def test_reads(text: str, reading: str) -> None:
    assert read(text) == reading
    assert read(text.upper()) == reading


WORDS = [
    *("no", "not", "without", "but", "with", "effusion", "pneumonia", "and", "or", ",", ".", "?"),
    *("is", "absent", "cannot", "exclude", "possible", "except", "versus", "resolved", "seen"),
]


@given(st.lists(st.sampled_from(WORDS), max_size=25))
def test_always_decides(parts: list[str]) -> None:
    text = " ".join(parts)
    mentions = find_findings(text)
    decided = assess(text, mentions)
    assert len(decided) == len(mentions)
    assert set(decided) <= {"present", "absent", "uncertain"}


def test_spans_without_words_are_asserted() -> None:
    (mention,) = find_findings("effusion")
    assert assess("   ", [mention]) == ["present"]
    assert assess("", []) == []


def _reports(folder: Path) -> Iterator[tuple[str, set[str]]]:
    with tarfile.open(folder / "openi" / "NLMCXR_reports.tgz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is None or not member.name.endswith(".xml"):
                continue
            report = ElementTree.fromstring(file.read())
            text = "\n".join(
                part.text
                for part in report.iter("AbstractText")
                if part.get("Label") in {"FINDINGS", "IMPRESSION"} and part.text
            )
            yield text, {(tag.text or "").split("/")[0].strip() for tag in report.iter("major")}


FLOORS = {
    "Effusion": ({"Pleural Effusion", "Hydropneumothorax", "Hemopneumothorax"}, 0.95, 0.89),
    "Cardiomegaly": ({"Cardiomegaly"}, 0.93, 0.91),
    "Hernia": ({"Hernia, Hiatal", "Hernia, Diaphragmatic"}, 0.93, 0.92),
    "Atelectasis": ({"Pulmonary Atelectasis"}, 0.94, 0.89),
}


def test_asserts_in_real_reports_what_their_indexers_did(shared_data: Path) -> None:
    counts = dict.fromkeys(FLOORS, (0, 0, 0))
    for text, tags in _reports(shared_data):
        mentions = [m for m in find_findings(text) if m.via in {"name", "synonym", "compound"}]
        shown = {
            mention.finding
            for mention, assertion in zip(mentions, assess(text, mentions), strict=True)
            if assertion == "present"
        }
        for finding, (meant, _, _) in FLOORS.items():
            right, said, true = counts[finding]
            is_said, is_true = finding in shown, bool(meant & tags)
            counts[finding] = (right + (is_said and is_true), said + is_said, true + is_true)
    for finding, (_, precision, recall) in FLOORS.items():
        right, said, true = counts[finding]
        assert right / said >= precision, finding
        assert right / true >= recall, finding
