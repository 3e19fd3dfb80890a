"""Films by their names, which may be paths within a folder."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import quote, urlencode

import httpx2
import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from mmrag import Client, Engine, Settings
from mmrag.web.app import create_app
from tests.sources.test_dicom import write_dicom
from tests.web.local import local, served

FILM = "ward 3/A&B?/film.dcm"
PATIENT = "12/345"
WORDS = ("image", "thumbnail", "heat-map")
"""Words of the routes, which are names of files, too."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service over one DICOM film that lies in a folder below the one that was ingested."""
    folder = tmp_path_factory.mktemp("dicom")
    file = folder / FILM
    file.parent.mkdir(parents=True)
    rising = np.linspace(0, 4000, 64 * 64, dtype=np.uint16).reshape(64, 64)
    write_dicom(file, rising, PatientID=PATIENT, ViewPosition="PA")
    settings = Settings(home=tmp_path_factory.mktemp("home"), dsn=None)
    with Engine.open(settings=settings) as engine:
        assert engine.ingest("dicom", folder).films.added == 1
        with local(create_app(engine)) as opened:
            yield opened


@pytest.mark.parametrize("safe", ["", "/"])
def test_a_slash_in_a_name_leads_to_the_film(client: TestClient, safe: str) -> None:
    address = f"/v1/films/{quote(FILM, safe=safe)}"
    assert client.get(address).json()["id"] == FILM
    for kind in ("image", "thumbnail?size=32", "heat-map?finding=Effusion"):
        answer = client.get(f"{address}/{kind}")
        assert answer.status_code == 200, kind
        Image.open(io.BytesIO(answer.content)).load()


def test_a_slash_in_a_patient_leads_to_the_timeline(client: TestClient) -> None:
    address = f"/v1/patients/{quote(f'dicom:{PATIENT}', safe='')}/timeline"
    assert [film["id"] for film in client.get(address).json()["films"]] == [FILM]


def test_the_pages_links_lead_to_it(client: TestClient) -> None:
    answer = client.get("/", params={"q": "effusion"}).text
    (small,) = set(re.findall(r'src="(/v1/films/[^"]+)"', answer))
    assert client.get(unescape(small)).headers["content-type"] == "image/jpeg"
    (link,) = re.findall(r'href="(/film\?[^"]+)"', answer)
    page = client.get(unescape(link)).text
    assert FILM.replace("&", "&amp;") in page
    (large,) = re.findall(r'data-image="([^"]+)"', page)
    assert client.get(unescape(large)).headers["content-type"] == "image/png"
    compared = client.get(f"/compare?{urlencode({'film': f'dicom:{FILM}'})}")
    assert "data-heat-map" in compared.text


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "ward 3/../ward 3/A&B?/film.dcm", f"./{FILM}",
     "ward 3/A&B?", "ward 3\\A&B?\\film.dcm", f"{FILM}/", f"{FILM}\0"],
)  # fmt: skip
def test_only_the_name_itself_leads_anywhere(client: TestClient, name: str) -> None:
    for rest in ("", "/image", "/thumbnail", "/heat-map?finding=Effusion"):
        answer = client.get(f"/v1/films/{quote(name, safe='')}{rest}")
        assert answer.status_code in {400, 404}, (name, rest)
        assert "root:" not in answer.text
    missed = client.get("/film", params={"film": f"dicom:{name}"})
    assert missed.status_code in {400, 404}


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a service is whose films are called as its routes' words are, `ward` among them.

    Two folders: in one `ward` is a film, in the other a folder of films.
    """
    rising = np.linspace(0, 4000, 64 * 64, dtype=np.uint16).reshape(64, 64)
    folders = [tmp_path_factory.mktemp("dicom") for _ in range(2)]
    write_dicom(folders[0] / "ward", rising, PatientID="1", ViewPosition="PA")
    (folders[1] / "ward").mkdir()
    for number, word in enumerate(WORDS, 2):
        write_dicom(folders[1] / "ward" / word, rising % (1000 * number), PatientID=str(number))
    settings = Settings(home=tmp_path_factory.mktemp("home"), dsn=None)
    with Engine.open(settings=settings) as engine:
        assert sum(engine.ingest("dicom", folder).films.added for folder in folders) == 4
        with served(create_app(engine)) as url:
            yield url


@pytest.mark.parametrize("word", WORDS)
def test_a_film_may_be_called_as_a_picture_of_it_is(words: str, word: str) -> None:
    """Over a socket, since the path as it was sent tells the two apart."""
    with Client(words) as client, httpx2.Client(base_url=f"{words}/v1/films") as http:
        for name in ("ward", f"ward/{word}"):
            found = client.film(name)
            assert found is not None
            assert found.id == name
            for kind in ("image", "thumbnail?size=32", "heat-map?finding=Effusion"):
                answer = http.get(f"/{quote(name, safe='')}/{kind}")
                assert answer.headers["content-type"].startswith("image/"), (name, kind)
        assert http.get(f"/ward%2f{word}").json()["id"] == f"ward/{word}"
        assert http.get("/ward/image").headers["content-type"] == "image/png"
