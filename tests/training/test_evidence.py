"""What the shipped evidence is made from."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from training.evidence import BEGIN, PAGE, TABLE, read_archive
from training.page import END

from mmrag.records import NO_HISTORY


def test_frequencies_are_shares_of_films(tmp_path: Path) -> None:
    table = tmp_path / "table.csv.gz"
    rows = ("a.png,Mass|Nodule,1", "b.png,No Finding,1", "c.png,Mass,2", "d.png,No Finding,3")
    with gzip.open(table, "wt", encoding="utf-8") as stream:
        stream.write("Image Index,Finding Labels,Patient ID\n" + "\n".join(rows) + "\n")
    archive = read_archive(table)
    assert archive.frequencies == {"Mass": 0.5, "Nodule": 0.25, "No Finding": 0.5}
    assert archive.histories["a.png"].named == {"No Finding": 1}
    assert archive.histories["b.png"].named == {"Mass": 1, "Nodule": 1}
    assert archive.histories["c.png"] == NO_HISTORY


def test_the_archive_is_the_official_table(shared_data: Path) -> None:
    told = read_archive(shared_data / "labels" / TABLE).frequencies
    assert len(told) == 15
    assert told["No Finding"] == pytest.approx(60361 / 112120)


def test_the_page_has_a_place_for_the_tables() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    assert text.index(BEGIN) < text.index("| Pneumothorax |") < text.index(END)
