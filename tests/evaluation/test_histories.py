"""Histories of the judged films: from which table, under which condition, and audited."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from mmrag.encoders import open_encoder
from mmrag.evaluation.bench import lot
from mmrag.evaluation.collection import encode_collection, films_of
from mmrag.evaluation.conditions import covered, without_finding
from mmrag.evaluation.grounding_claims import AuditedClaim
from mmrag.evaluation.grounding_history import history_problems, without_history
from mmrag.records import FilmLabels
from mmrag.sources.demo import DemoFolders

HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position\n"
)


def test_an_archives_table_tells_of_films_that_are_not_here(
    made_up: DemoFolders, tmp_path: Path
) -> None:
    folder = tmp_path / "films"
    (folder / "images").mkdir(parents=True)
    picture = min((made_up.films / "images").iterdir())
    for name in ("00000007_000.png", "00000007_001.png", "00000008_000.png"):
        shutil.copy(picture, folder / "images" / name)
    rows = {
        "00000007_000.png": "Effusion",
        "00000007_001.png": "No Finding",
        "00000008_000.png": "Mass",
        "00000007_002.png": "Mass|Effusion",
        "00000009_000.png": "Hernia",
    }
    table = tmp_path / "archive.csv"
    lines = [f"{n},{told},{int(n[9:12])},{int(n[:8])},60,M,PA\n" for n, told in rows.items()]
    table.write_text(HEADER + "".join(lines), encoding="utf-8")
    films, others = films_of(folder, table)
    assert others == (FilmLabels("00000007_002.png", "nih:7", ("Mass", "Effusion")),)
    collection = encode_collection(films, open_encoder("compact"), lambda _: None, others=others)
    assert collection.told == (("Effusion",), (), ("Mass",), ("Mass", "Effusion"))
    named = [history.named for history in collection.histories(collection.told)]
    assert named == [
        {"No Finding": 1, "Mass": 1, "Effusion": 1},
        {"Effusion": 2, "Mass": 1},
        {},
    ]
    # a film that is not judged still tells of the others
    part = collection.take(np.array([True, False, True]))
    assert set(part.others) == {*others, FilmLabels("00000007_001.png", "nih:7", ())}
    assert part.histories(part.told)[0].films == 2
    unlabelled = covered(collection.told, 0.0, lot("none"))
    assert [history.films for history in collection.histories(unlabelled)] == [0, 0, 0]
    never = collection.histories(without_finding(collection.told, "Effusion"))
    assert never[0].films == 2
    assert "Effusion" in never[0].silent


CLAUSE = "(Effusion on 5 and Pleural_Thickening on 0 of 12 that have labels)"
CITED = (
    ("film:a.png", "history[Effusion]", 5),
    ("film:a.png", "history[Pleural_Thickening]", 0),
    ("film:a.png", "history.films", 12),
)


@pytest.mark.parametrize(
    ("clause", "is_true"),
    [
        (CLAUSE, True),
        (CLAUSE.replace("5", "6"), False),
        (CLAUSE.replace("12", "13"), False),
        (CLAUSE.replace("Effusion", "Mass"), False),
        ("(12 that have labels)", False),
    ],
)
def test_what_is_counted_among_other_films_has_to_be_cited(clause: str, is_true: bool) -> None:
    text = f"Film #1 has no label; its pixels and the labels of its patient's other films {clause}"
    claim = AuditedClaim("c1", "limit", "imaging", f"{text} rank it #1.", CITED)
    assert (not list(history_problems(claim))) == is_true
    assert "Effusion" not in without_history(claim.text)
