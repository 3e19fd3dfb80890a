"""What a film's source tells of the case stands beside the film, as text and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from mmrag import Engine, Settings
from mmrag.web.app import create_app
from tests.sources.test_covid import folder_of
from tests.web.local import local

NOTE = "Fever\nand <script>alert(1)</script> \N{RIGHT-TO-LEFT OVERRIDE}cough."


def test_a_film_shows_its_note_as_text(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, {"clinical_notes": NOTE}, {"filename": "b.png", "clinical_notes": ""}
    )
    for name, brightest in (("a.png", 60), ("b.png", 90)):
        film = np.tile(np.linspace(0, brightest, 64, dtype=np.uint8), (64, 1))
        Image.fromarray(film).save(folder / "images" / name)
    settings = Settings(home=tmp_path / "home", dsn=None)
    with Engine.open(settings=settings) as engine, local(create_app(engine)) as client:
        engine.ingest("covid", folder)
        page = client.get("/film", params={"film": "covid:a.png"}).text
        assert "Fever and &lt;script&gt;alert(1)&lt;/script&gt; cough." in page
        assert "Note of the source" not in client.get("/film?film=covid:b.png").text
        assert client.get("/v1/films/a.png").json()["note"] == NOTE
        assert client.get("/v1/films/b.png").json()["note"] is None
