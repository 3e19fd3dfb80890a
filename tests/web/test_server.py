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
from urllib.request import urlopen

import pytest

from mmrag import Engine


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
