"""Behind the page: sessions, films that are asked with, exports, facets and heat maps."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from mmrag import Engine
from mmrag.errors import InputError
from mmrag.settings import Settings
from mmrag.sources.demo import DemoFolders
from mmrag.store import Scope
from mmrag.web.access import COOKIE
from mmrag.web.app import create_app
from mmrag.web.asked import AskedFilms
from mmrag.web.csv_table import csv_table
from mmrag.web.limits import LARGEST_UPLOAD
from mmrag.web.page_templates import signed
from tests.web.local import local

BROWSER = {"accept": "text/html,application/xhtml+xml"}
WOMEN = "effusion without pneumothorax in women over 60"


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[TestClient]:
    with local(create_app(engine)) as opened:
        yield opened


@pytest.fixture
def outside(engine: Engine) -> Iterator[TestClient]:
    with TestClient(
        create_app(engine, Settings(requests_per_minute=20), open_here=False),
        base_url="https://mmrag.example",
    ) as opened:
        yield opened


def png(side: int = 64, grey: int = 90) -> bytes:
    buffer = io.BytesIO()
    film = Image.new("L", (side, side), grey)
    film.putpixel((0, 0), 0)
    film.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_browser_logs_in_with_a_token_and_out_again(outside: TestClient, engine: Engine) -> None:
    refused = outside.get("/", params={"q": "effusion"}, headers=BROWSER)
    assert refused.status_code == 401
    assert 'value="/?q=effusion"' in refused.text
    assert outside.post("/login", data={"token": "mmrag_0_x"}).status_code == 401
    token, secret = engine.tokens.create("ward", [Scope.READ])
    inside = outside.post(
        "/login", data={"token": secret, "then": "/?q=effusion"}, follow_redirects=False
    )
    assert inside.status_code == 303
    assert inside.headers["location"] == "/?q=effusion"
    cookie = inside.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict", "secure"))
    assert secret not in cookie
    answer = outside.get("/", params={"q": "effusion"}, headers=BROWSER)
    assert answer.status_code == 200
    assert "Log out" in answer.text
    engine.tokens.revoke(token.id)
    assert outside.get("/", headers=BROWSER).status_code == 401
    outside.post("/logout")
    assert COOKIE not in outside.cookies


@pytest.mark.parametrize(
    "then", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", ""]
)
def test_a_login_leads_nowhere_else(outside: TestClient, engine: Engine, then: str) -> None:
    _, secret = engine.tokens.create("ward", [Scope.READ])
    inside = outside.post("/login", data={"token": secret, "then": then}, follow_redirects=False)
    assert inside.headers["location"] == "/"


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/nowhere", 404, "nothing at this address"),
        ("GET", "/ask/film", 405, "does not take that method"),
        ("GET", "/v1/films/none", 404, "no film &#39;none&#39; is stored"),
        ("GET", f"/?film={'x' * 600}", 422, "at most 500 characters"),
        ("POST", "/ask/film", 413, "more than 40 MiB"),
    ],
)
def test_what_goes_wrong_is_a_page_for_a_person(
    client: TestClient, method: str, path: str, status: int, said: str
) -> None:
    content = b"\0" * (LARGEST_UPLOAD + 1) if status == 413 else None
    shown = client.request(method, path, headers=BROWSER, content=content)
    assert shown.status_code == status
    assert shown.headers["content-type"].startswith("text/html")
    assert shown.headers["content-security-policy"].startswith("default-src 'none'")
    assert said in shown.text
    takes_json = {"accept": "application/json, text/html;q=0.5"}
    for headers in ({}, takes_json):
        told = client.request(method, path, headers=headers, content=content)
        assert told.headers["content-type"] == "application/problem+json"
    assert told.headers["x-content-type-options"] == "nosniff"


def test_a_person_with_too_many_questions_is_told_to_wait(
    outside: TestClient, engine: Engine
) -> None:
    _, secret = engine.tokens.create("ward", [Scope.READ])
    headers = BROWSER | {"authorization": f"Bearer {secret}"}
    answers = (outside.get("/healthz", headers=headers) for _ in range(200))
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert "wait a few seconds" in refused.text
    assert "<h1>Too many requests</h1>" in refused.text


def test_no_marked_film_leads_back_to_the_results(client: TestClient) -> None:
    shown = client.get("/compare", params={"back": "q=effusion"}, headers=BROWSER)
    assert shown.status_code == 404
    assert "mark some among the results" in shown.text
    assert '<a href="/?q=effusion">Back to the results</a>' in shown.text


def test_pictures_of_a_page_do_not_use_up_its_budget(outside: TestClient, engine: Engine) -> None:
    _, secret = engine.tokens.create("ward", [Scope.READ])
    outside.post("/login", data={"token": secret})
    film = engine.search("effusion", films=1, labs=0).films[0]
    codes = {outside.get(f"/v1/films/{film.id}/thumbnail").status_code for _ in range(25)}
    assert codes == {200}


def test_films_asked_with_are_bounded() -> None:
    films = AskedFilms(most=2, most_bytes=10_000)
    names = [films.keep(png(grey=grey)) for grey in (10, 20, 30)]
    with pytest.raises(InputError, match="give the film again"):
        films.get(names[0])
    assert films.get(names[2]) == png(grey=30)
    assert AskedFilms(most_bytes=10).keep(png()) != ""


def test_a_film_is_kept_for_asking_and_named_by_its_hash(client: TestClient) -> None:
    sent = client.post(
        "/ask/film", files={"film": ("../../etc/passwd", png())}, data={"q": "effusion"},
        follow_redirects=False,
    )  # fmt: skip
    assert sent.status_code == 303
    where = sent.headers["location"]
    assert where.startswith("/?q=effusion&image=")
    assert client.get(where).status_code == 200
    small = client.get(f"/ask/film/{where[-64:]}")
    assert small.headers["content-type"] == "image/jpeg"
    wrong = client.post("/ask/film", files={"film": ("x", b"<svg/>")})
    assert "not a PNG or JPEG" in wrong.text


def test_a_film_that_is_gone_is_not_shown_as_a_broken_picture(client: TestClient) -> None:
    refused = client.get("/", params={"image": "a" * 64})
    assert refused.status_code == 400
    assert "give the film again" in refused.text
    assert "<img" not in refused.text


def test_one_is_not_spoken_of_as_many(client: TestClient) -> None:
    answer = client.get("/?q=pneumonia&films=1&labs=1").text
    assert 'data-announce="1 film and 1 laboratory panel found, ' in answer
    assert not re.search(r"[^\d,.]1 (more |other )?(results|claims|films|panels)", answer)
    assert "\N{MINUS SIGN}0.00" not in answer
    assert "-0.00" not in answer


@pytest.mark.parametrize(
    ("figure", "written"),
    [(0.21, "+0.21"), (-0.054, "\N{MINUS SIGN}0.05"), (-0.001, "0.00"), (0.001, "0.00")],
)
def test_what_labels_add_has_a_sign_where_it_is_anything(figure: float, written: str) -> None:
    assert signed(figure) == written


def test_facets_are_what_a_search_would_find(client: TestClient, engine: Engine) -> None:
    items = client.get("/v1/facets", params={"q": WOMEN}).json()["items"]
    counts = {(each["field"], each["value"]): each["count"] for each in items}
    found = engine.search(WOMEN, films=100, labs=0)
    assert counts["sex", "F"] == len(found.films) == found.coverage.films.qualifying
    labelled = [film for film in found.films if film.findings and "Effusion" in film.findings]
    assert counts["finding", "Effusion"] == len(labelled)
    assert ("finding", "Pneumothorax") not in counts
    everything = client.get("/v1/facets").json()["items"]
    assert sum(e["count"] for e in everything if e["field"] == "source") == 40


def test_a_narrowed_question_is_answered_and_holds_later(
    engine: Engine, client: TestClient
) -> None:
    query = {"findings": [{"finding": "Effusion"}], "among": {"labelled": False}}
    brief = client.get("/v1/export", params={"query": json.dumps(query), "form": "json"}).json()
    assert all(film["findings"] is None for film in brief["films"])
    assert brief["dropped"] == 0
    none = {"findings": [{"finding": "Effusion"}], "among": {"films": "nowhere"}}
    found = client.get("/v1/export", params={"query": json.dumps(none), "form": "json"}).json()
    assert found["films"] == []


def test_an_export_in_csv_has_a_row_for_each_film_and_result(engine: Engine) -> None:
    result = engine.search("pneumonia and WBC above 11", films=3, labs=2)
    rows = list(csv.DictReader(io.StringIO(csv_table(result))))
    films = [row for row in rows if row["leg"] == "films"]
    assert [row["id"] for row in films] == [film.id for film in result.films]
    assert {row["labels_by"] for row in films if row["findings"]} == {"source"}
    assert not any(row["labels_by"] for row in films if not row["findings"])
    assert len(rows) - len(films) == sum(len(lab.observations) for lab in result.labs)
    hostile = result.films[0].model_copy(update={"id": "=cmd|'/c calc'!A1"})
    written = csv_table(result.model_copy(update={"films": (hostile,)}))
    assert next(csv.DictReader(io.StringIO(written)))["id"].startswith("'=")


def test_an_export_of_nothing_is_refused(client: TestClient) -> None:
    answer = client.get("/v1/export")
    assert answer.status_code == 400
    assert "empty question" in answer.json()["detail"]


def test_a_heat_map_lies_over_its_film(client: TestClient, engine: Engine) -> None:
    film = engine.search("effusion", films=1, labs=0).films[0]
    answer = client.get(f"/v1/films/{film.id}/heat-map", params={"finding": "Effusion"})
    with Image.open(io.BytesIO(answer.content)) as drawn:
        assert drawn.mode == "RGBA"
        opacity = np.asarray(drawn.getchannel("A"))
    assert opacity.min() < opacity.max()
    assert client.get(f"/v1/films/{film.id}/heat-map?finding=Rust").status_code == 422
    assert client.get("/v1/films/none/heat-map?finding=Mass").status_code == 404


def test_an_encoder_without_heat_maps_says_so(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = engine.search("effusion", films=1, labs=0).films[0]
    monkeypatch.setattr(Engine, "heat_overlay", lambda *_: None)
    answer = client.get(f"/v1/films/{film.id}/heat-map", params={"finding": "Effusion"})
    assert answer.status_code == 404
    assert "cannot show" in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["image", "thumbnail", "heat-map?finding=Mass"])
def test_a_film_whose_file_is_gone_is_missed_without_its_path(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    hit = engine.search("effusion", films=1, labs=0).films[0]
    stored = engine.film(hit.id)
    assert stored is not None
    gone = stored.model_copy(update={"file": "/somewhere/else.png"})
    monkeypatch.setattr(Engine, "film", lambda *_: gone)
    answer = client.get(f"/v1/films/{hit.id}/{kind}")
    assert answer.status_code == 404
    assert "/somewhere" not in answer.text


@pytest.mark.parametrize(
    "parameters",
    [{"q": '"><img src=x onerror=alert(1)>'}, {"query": "<script>alert(1)</script>"},
     {"film": "demo:<script>alert(1)</script>"}, {"image": "<script>alert(1)</script>"},
     {"back": "q=<script>alert(1)</script>", "film": "demo:x"},
     {"q": "effusion", "films": "<script>alert(1)"},
     {"q": '{"findings": [{"finding": "<script>alert(1)</script>"}]}'}],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/facets", "/film", "/compare", "/edit"])
def test_markup_stays_text_wherever_it_comes_in(
    client: TestClient, path: str, parameters: dict[str, str]
) -> None:
    answer = client.get(f"{path}?{urlencode(parameters)}")
    assert answer.status_code in {200, 400, 404, 422}
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text


def test_hostile_names_of_records_do_no_harm(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    brief = engine.brief("effusion", films=2, labs=1)
    name = "\"><script>alert(1)</script>\u202e'"
    film = brief.films[0].model_copy(
        update={"id": name, "patient": name, "findings": (name,), "source": name}
    )
    lab = brief.labs[0].model_copy(update={"report": name, "patient": name})
    hostile = brief.model_copy(update={"films": (film,), "labs": (lab,)})
    monkeypatch.setattr(Engine, "brief", lambda *_, **__: hostile)
    answer = client.get("/?q=effusion")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text


def test_no_style_or_script_stands_in_a_page(client: TestClient, made_up: DemoFolders) -> None:
    for path in ("/", f"/?{urlencode({'q': WOMEN})}", "/login", "/film?film=none"):
        text = client.get(path).text
        assert " style=" not in text
        assert "<style" not in text
        assert " onclick" not in text
        assert "<script>" not in text
        assert "For research only" in text
