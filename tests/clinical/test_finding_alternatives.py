from __future__ import annotations

import pytest

from mmrag.clinical.query import compile_query
from mmrag.errors import QueryError


def groups(text: str) -> list[set[str]]:
    found: dict[object, set[str]] = {}
    for place, term in enumerate(compile_query(text).findings):
        if term.assertion != "absent":
            found.setdefault(place if term.group is None else term.group, set()).add(term.finding)
    return list(found.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mass or nodule", [{"Mass", "Nodule"}]),
        ("mass or a small left nodule", [{"Mass", "Nodule"}]),
        ("mass, nodule, or fibrosis", [{"Mass", "Nodule", "Fibrosis"}]),
        ("mass or nodule or fibrosis", [{"Mass", "Nodule", "Fibrosis"}]),
        ("hernia and (mass or nodule)", [{"Hernia"}, {"Mass", "Nodule"}]),
        ("(mass or nodule) and hernia", [{"Mass", "Nodule"}, {"Hernia"}]),
        ("mass or nodule, and hernia", [{"Mass", "Nodule"}, {"Hernia"}]),
        ("mass or nodule; hernia", [{"Mass", "Nodule"}, {"Hernia"}]),
        ("mass or nodule with fibrosis or edema", [{"Mass", "Nodule"}, {"Fibrosis", "Edema"}]),
        ("mass in men 60 or older, nodule", [{"Mass"}, {"Nodule"}]),
        ("mass in men or women with nodule", [{"Mass"}, {"Nodule"}]),
        ("mass with or without nodule", [{"Mass"}, {"Nodule"}]),
        ("mass without nodule or hernia", [{"Mass"}]),
        ("mass without bronchiectasis or hernia", [{"Mass"}]),
        ("mass, hernia with nodule or edema", [{"Mass"}, {"Hernia"}, {"Nodule", "Edema"}]),
    ],
)
def test_alternatives(text: str, expected: list[set[str]]) -> None:
    assert groups(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mass and nodule or hernia", "brackets"),
        ("mass or nodule and hernia", "brackets"),
        ("mass or (nodule and hernia)", "brackets"),
        ("mass or no nodule", "cannot be alternatives"),
        ("mass or leukocytosis", "cannot be alternatives"),
        ("hydropneumothorax or mass", "stands for several findings"),
        ("women with mass or men with nodule", "is not clear"),
        ("mass with fever or nodule", "cannot be alternatives"),
    ],
)
def test_what_cannot_be_placed_is_refused(text: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        compile_query(text)
