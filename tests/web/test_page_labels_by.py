"""The page says who gave a film's labels: on its card, in its view and beside others."""

from __future__ import annotations

from pathlib import Path

from mmrag import Engine, Settings
from mmrag.sources.demo import DemoFolders
from mmrag.web.app import create_app
from tests.ingest.test_labels_by import films, write_reads  # noqa: F401
from tests.web.local import local

READ, MINED = "read by radiologists", "text-mined label"


def test_the_page_says_who_read_a_film(
    films: Path,  # noqa: F811
    own_copy: DemoFolders,
    tmp_path: Path,
) -> None:
    name = min(file.name for file in (films / "images").iterdir())
    settings = Settings(home=tmp_path / "home", dsn=None)
    pages = ("/?q=hernia&films=1", f"/film?film=nih:{name}", f"/compare?film=nih:{name}")
    with Engine.open(settings=settings) as engine, local(create_app(engine)) as client:
        engine.ingest("nih", own_copy.films, labels=write_reads(films, [name], "Hernia"))
        for page in pages:
            text = client.get(page).text
            assert READ in text, page
            assert MINED not in text, page
        record = client.get(f"/v1/films/{name}").json()
        assert record["labels_by"] == "radiologists"
        engine.ingest("nih", own_copy.films)
        assert MINED in client.get(pages[1]).text
