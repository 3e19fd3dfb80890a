"""Judges read what is written, and refuse what they cannot understand."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmrag.clinical.findings import finding_names
from mmrag.errors import BadRecord, SourceError
from mmrag.evaluation.collection import films_of
from mmrag.evaluation.judges import EXPERT_TABLE, expert_judge, label_judge, read_expert_table
from tests.evaluation.conftest import film

HEADER = "Image ID,Patient ID,Abnormal," + ",".join(n.replace("_", " ") for n in finding_names())


def table(folder: Path, *rows: str) -> Path:
    (folder / EXPERT_TABLE).write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return folder


def cells(finding: str | None) -> str:
    return ",".join("YES" if name == finding else "NO" for name in finding_names())


def test_reads_become_truth(tmp_path: Path) -> None:
    rows = (f"a.png,1,YES,{cells('Pleural_Thickening')}", f"b.png,2,NO,{cells(None)}")
    reads = read_expert_table(table(tmp_path, *rows))
    films = [film(1, None, "nih:1"), film(2, None, "nih:2")]
    renamed = {films[0].id: reads["a.png"], films[1].id: reads["b.png"]}
    judge = expert_judge(films, renamed)
    assert judge.has("Pleural_Thickening").tolist() == [True, False]
    assert judge.normal.tolist() == [False, True]
    assert judge.shows.sum() == 1


def test_an_abnormal_film_without_a_finding_is_not_normal(tmp_path: Path) -> None:
    reads = read_expert_table(table(tmp_path, f"a.png,1,YES,{cells(None)}"))
    judge = expert_judge([film(1, None, "nih:1")], {film(1, None, "").id: reads["a.png"]})
    assert not judge.normal.any()
    assert not judge.shows.any()


def test_a_folder_without_reads_has_none(tmp_path: Path) -> None:
    assert read_expert_table(tmp_path) == {}


def test_a_cell_that_is_neither_yes_nor_no_is_named(tmp_path: Path) -> None:
    row = f"a.png,1,YES,{cells(None)}".replace("NO", "maybe", 1)
    with pytest.raises(BadRecord, match=r"row 2: Atelectasis is 'maybe'"):
        read_expert_table(table(tmp_path, row))


def test_a_short_row_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadRecord, match="row 2"):
        read_expert_table(table(tmp_path, "a.png,1,YES,NO"))


def test_a_lacking_column_is_named(tmp_path: Path) -> None:
    (tmp_path / EXPERT_TABLE).write_text("Image ID,Abnormal\n", encoding="utf-8")
    with pytest.raises(SourceError, match="Effusion"):
        read_expert_table(tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / EXPERT_TABLE).write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(SourceError, match="UTF-8"):
        read_expert_table(tmp_path)


def test_labels_judge_as_they_are() -> None:
    judge = label_judge([film(1, ("Mass",), "nih:1"), film(2, (), "nih:2")])
    assert judge.has("Mass").tolist() == [True, False]
    assert judge.normal.tolist() == [False, True]


def test_the_real_reads(shared_data: Path) -> None:
    reads = read_expert_table(shared_data / "nih")
    assert len(reads) == 268
    assert reads.keys() <= {f.id for f in films_of(shared_data / "nih")[0]}
    assert sum("Effusion" in read.findings for read in reads.values()) == 74
