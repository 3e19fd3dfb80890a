"""What the shipped evidence is made from."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from training.evidence import BEGIN, PAGE, label_frequencies
from training.page import END


def test_frequencies_are_shares_of_films(tmp_path: Path) -> None:
    table = tmp_path / "table.csv.gz"
    rows = ("a.png,Mass|Nodule", "b.png,No Finding", "c.png,Mass", "d.png,No Finding")
    with gzip.open(table, "wt", encoding="utf-8") as stream:
        stream.write("Image Index,Finding Labels\n" + "\n".join(rows) + "\n")
    assert label_frequencies(table) == {"Mass": 0.5, "Nodule": 0.25, "No Finding": 0.5}


def test_the_archive_is_the_official_table(shared_data: Path) -> None:
    told = label_frequencies(shared_data / "labels" / "Data_Entry_2017_v2020.csv.gz")
    assert len(told) == 15
    assert told["No Finding"] == pytest.approx(60361 / 112120)


def test_the_page_has_a_place_for_the_tables() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    assert text.index(BEGIN) < text.index("| Pneumothorax |") < text.index(END)
