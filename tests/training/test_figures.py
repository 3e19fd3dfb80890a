from __future__ import annotations

import json
from pathlib import Path

from mmrag.encoders.compact import SHIPPED

ROOT = Path(__file__).resolve().parents[2]


def test_the_figures_are_those_of_the_shipped_weights() -> None:
    figures = json.loads((ROOT / "training" / "figures.json").read_text(encoding="utf-8"))
    shipped = SHIPPED.with_name(SHIPPED.name + ".sha256").read_text("ascii").split()[0]
    assert figures["weights"] == shipped


def test_the_model_card_shows_them() -> None:
    figures = json.loads((ROOT / "training" / "figures.json").read_text(encoding="utf-8"))
    card = (ROOT / "docs" / "compact-encoder.md").read_text(encoding="utf-8")
    for way, row in figures["experts"]["mean"].items():
        assert f"| {way} | {row['ap']:.3f} (" in card
