"""Films that are sent: good ones answer, hostile ones are refused in one line."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from mmrag import Engine
from mmrag.web.app import create_app
from mmrag.web.limits import LARGEST_UPLOAD
from tests.web.local import local


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[TestClient]:
    with local(create_app(engine)) as opened:
        yield opened


def png(width: int, height: int, rows: bytes | None = None) -> bytes:
    """A PNG whose header says what it likes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(rows if rows is not None else b"\0" * (width + 1) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def sent(
    client: TestClient, content: bytes, name: str = "film.png", **fields: str
) -> tuple[int, str]:
    answer = client.post("/v1/search/film", files={"film": (name, content)}, data=fields)
    return answer.status_code, answer.text


def test_a_stored_film_that_is_sent_finds_its_like(client: TestClient, engine: Engine) -> None:
    film = engine.search("pneumothorax", films=1, labs=0).films[0]
    answer = client.post(
        "/v1/search/film",
        files={"film": Path(film.file).read_bytes()},
        data={"films": "3", "labs": "0"},
    )
    assert answer.status_code == 200
    assert len(answer.json()["films"]) == 3


def test_a_jpeg_and_words_together(client: TestClient) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.tile(np.arange(64, dtype=np.uint8), (64, 1))).save(buffer, "JPEG")
    status, _ = sent(client, buffer.getvalue(), text="without pneumothorax", films="2")
    assert status == 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a" + b"\0" * 100,
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"\xff\xd8\xff\xe0 broken",
        b"II*\0" + b"\0" * 64,
        png(64, 64, b"\0" * 10),
        png(64, 64)[:70],
        png(100_000, 100_000, b""),
        png(7000, 7000, b""),
        png(0, 64, b""),
    ],
    ids=[
        "empty",
        "mark",
        "gif",
        "svg",
        "pdf",
        "jpeg",
        "tiff",
        "short",
        "cut",
        "bomb",
        "big",
        "flat",
    ],
)
def test_what_is_no_film_is_refused_in_one_line(client: TestClient, content: bytes) -> None:
    status, text = sent(client, content)
    assert status in {400, 422}
    assert "problem" in text or '"detail"' in text
    assert "/tmp" not in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a\0b.png", "x" * 5000, "ü.png"]
)
def test_what_a_film_calls_itself_has_no_part(
    client: TestClient, tmp_path: Path, name: str
) -> None:
    status, _ = sent(client, png(64, 64), name)
    assert status in {200, 400, 422}


def test_more_than_fits_is_cut_off(client: TestClient) -> None:
    status, text = sent(client, b"\0" * (LARGEST_UPLOAD + 1))
    assert status == 413
    assert "more than 40 MiB: send less" in text
    body = b'{"text": "' + b"x" * 70_000 + b'"}'
    assert client.post("/v1/search", content=body).status_code == 413


def test_a_body_that_does_not_say_how_long_it_is_is_cut_off_too(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    answer = client.post(
        "/v1/search", content=pieces(), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/v1/films/..%2f..%2fetc%2fpasswd/image",
        "/v1/films/%2fetc%2fpasswd/image",
        "/v1/films/%00/image",
        "/v1/films/x/thumbnail?size=100000",
        "/v1/labs/..%2f",
        "/v1/patients/%2e%2e/timeline",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
    ],
)
def test_no_path_leads_out(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in {400, 404, 422}
    assert "root:" not in answer.text
