"""``mmrag serve`` as a process: says where it is, answers, and stops cleanly."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from mmrag import Engine
from mmrag.store import Scope


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_serve_answers_and_stops(filled_home: Path, engine: Engine, stop: signal.Signals) -> None:
    environment = {**os.environ, "MMRAG_HOME": str(filled_home)}
    environment.pop("MMRAG_DSN", None)
    with subprocess.Popen(
        [sys.executable, "-m", "mmrag", "serve", "--port", "0"],
        env=environment, stderr=subprocess.PIPE, text=True,
    ) as run:  # fmt: skip
        assert run.stderr is not None
        address = re.search(r"http://127\.0\.0\.1:\d+", run.stderr.readline())
        assert address is not None
        with urlopen(f"{address[0]}/healthz") as answer:
            assert json.load(answer) == {"status": "ok"}
        run.send_signal(stop)
        assert run.wait(timeout=30) == 0
        assert run.stderr.read() == ""


def test_a_taken_port_is_one_line(filled_home: Path, engine: Engine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run = subprocess.run(
            [sys.executable, "-m", "mmrag", "serve", "--port", port],
            env={**os.environ, "MMRAG_HOME": str(filled_home)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert run.returncode == 2
    assert "choose another --port" in run.stderr


def test_nothing_of_questions_people_or_tokens_is_logged(filled_home: Path, engine: Engine) -> None:
    patient = engine.search("leukocytosis", films=0, labs=1).labs[0].patient
    _, secret = engine.tokens.create("ward", [Scope.READ])
    environment = {**os.environ, "MMRAG_HOME": str(filled_home)}
    environment.pop("MMRAG_DSN", None)
    with subprocess.Popen(
        [sys.executable, "-m", "mmrag", "serve", "--port", "0"],
        env=environment, stderr=subprocess.PIPE, text=True,
    ) as run:  # fmt: skip
        assert run.stderr is not None
        address = run.stderr.readline().strip()
        asked = [
            f"/v1/patients/{quote(patient)}/timeline", "/v1/films/zebra.png/image", "/?q=zebra",
            "/?q=WBC+outside+4+to+11+zebra", "/v1/query?text=", "/film?film=zebra", "/metrics",
        ]  # fmt: skip
        said = [answered(address, path, secret) for path in asked]
        said.append(answered(address, "/?q=zebra", f"{secret}wrong"))
        run.send_signal(signal.SIGTERM)
        run.wait(timeout=30)
        logged = run.stderr.read()
    assert [status for status, _ in said] == [200, 404, 200, 400, 422, 404, 200, 401]
    assert logged == ""
    figures = said[6][1]
    for kept in (secret, patient, patient.partition(":")[2], "zebra", "ward"):
        assert kept not in figures


def answered(address: str, path: str, secret: str) -> tuple[int, str]:
    request = Request(address + path, headers={"Authorization": f"Bearer {secret}"})
    try:
        with urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_writer_that_is_not_set_is_said_at_once(filled_home: Path, engine: Engine) -> None:
    environment = {**os.environ, "MMRAG_HOME": str(filled_home)}
    for name in ("MMRAG_DSN", "MMRAG_WRITER_URL", "MMRAG_WRITER_MODEL"):
        environment.pop(name, None)
    run = subprocess.run(
        [sys.executable, "-m", "mmrag", "serve", "--port", "0", "--writer"],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 2
    assert "MMRAG_WRITER_URL" in run.stderr
