from __future__ import annotations

import pytest

from mmrag.clinical.query import compile_query


@pytest.mark.parametrize(
    "text",
    [
        "only a small left effusion",
        "effusion on the left only",
        "effusion only, PA view",
        "effusion in isolation",
        "nothing except effusion",
        "normal chest except for effusion",
        "no finding other than effusion",
        "effusion but otherwise clear lungs",
        "possible effusion alone in women",
        "effusion without any other abnormality",
    ],
)
def test_excludes_every_other_finding(text: str) -> None:
    query = compile_query(text)
    assert query.exclusive
    assert query.sought == ("Effusion",)
    assert query.absent == ()
    assert not query.normal_chest


@pytest.mark.parametrize(
    "text",
    [
        "effusion only in men",
        "only women with effusion",
        "not only effusion",
        "no isolated effusion",
        "isolated hypokalaemia and effusion",
        "otherwise normal chest",
        "lateral only",
        "effusion",
    ],
)
def test_excludes_nothing(text: str) -> None:
    assert not compile_query(text).exclusive


def test_its_no_denies_nothing_behind_it() -> None:
    query = compile_query("effusion with no other finding and leukocytosis")
    assert [term.negated for term in query.labs] == [False]
