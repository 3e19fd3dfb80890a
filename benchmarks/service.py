"""How the service holds under load: many clients at once, and its process killed among them.

A service runs over the demo's made-up films and patients. Clients ask without a pause, each on
a connection of its own, a search, a brief and a page in turn. Then the service is killed (SIGKILL)
while they ask: each must get an answer or a refused connection, nothing else. It is started again
over the same store and must answer the first question as it did before, with an unbroken audit
log. Milliseconds are wall-clock time as a client sees it.

    python benchmarks/service.py [--quick] [--json]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from mmrag import Engine, Settings
from mmrag.demo import run_demo
from mmrag.ingest.progress import Silent

CLIENTS = 32
QUESTIONS = (
    "pneumonia with pleural effusion",
    "effusion without pneumothorax in women over 60",
    "WBC above 12",
    "low platelets",
    "cardiomegaly without edema",
)
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes
    ----------
    answers, errors : int
        Requests that got a 200, and all others.
    p50_ms, p95_ms : float
    restarted_whole : bool
        Whether the restarted service answered as before, over an unbroken audit log.
    killed : dict of str to int
        What the clients got while the process was killed, by kind.
    """

    clients: int
    seconds: float
    answers: int
    errors: int
    p50_ms: float
    p95_ms: float
    p95_over_p50: float
    killed: dict[str, int]
    restarted_whole: bool


class Service:
    """One ``mmrag serve`` in a process of its own."""

    def __init__(self, home: Path) -> None:
        environment = {**os.environ, "MMRAG_HOME": str(home)}
        environment.pop("MMRAG_DSN", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mmrag", "serve", "--port", "0"],
            env=environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stderr is not None
        said = self.process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", said)
        if found is None:
            raise SystemExit(f"the service did not start: {said}")
        self.port = int(found[1])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the process, and wait for that."""
        self.process.send_signal(how)
        self.process.wait(PATIENCE_S)


class Client(threading.Thread):
    """Asks one question after another, until told to stop."""

    def __init__(self, number: int, port: int, ended: threading.Event) -> None:
        super().__init__(daemon=True)
        self._number = number
        self._port = port
        self._ended = ended
        self.milliseconds: list[float] = []
        self.came: Counter[str] = Counter()

    def run(self) -> None:
        """Ask."""
        turn = self._number
        while not self._ended.is_set():
            turn += 1
            started = time.perf_counter()
            kind = ask(self._port, turn)
            self.came[kind] += 1
            if kind == "200":
                self.milliseconds.append((time.perf_counter() - started) * 1000)
            elif not kind.isdigit():
                self._ended.wait(0.2)  # nobody is there: a client would wait, too


def ask(port: int, turn: int) -> str:
    """Ask one thing, and say what came: a status, or how the connection failed."""
    words = QUESTIONS[turn % len(QUESTIONS)]
    body = json.dumps({"text": words, "films": 5, "labs": 5})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        if turn % 3 == 2:
            connection.request("GET", f"/?q={quote(words)}&films=5&labs=5")
        else:
            path = ("/v1/search", "/v1/brief")[turn % 3]
            connection.request("POST", path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return str(answer.status)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def first_answer(port: int) -> object:
    """Ask the first question; what it finds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    body = json.dumps({"text": QUESTIONS[0]})
    connection.request("POST", "/v1/search", body, {"content-type": "application/json"})
    found = json.loads(connection.getresponse().read())
    connection.close()
    return found["merged"]


def under_load(port: int, clients: int, seconds: float) -> list[Client]:
    """Let clients ask for a while; give them back when all have ended."""
    stop = threading.Event()
    asking = [Client(number, port, stop) for number in range(clients)]
    for client in asking:
        client.start()
    time.sleep(seconds)
    stop.set()
    for client in asking:
        client.join(PATIENCE_S)
    return asking


def run(home: Path, clients: int, seconds: float) -> Outcome:
    """Load the service, kill it under load, start it again."""
    service = Service(home)
    before = first_answer(service.port)
    asked = under_load(service.port, clients, seconds)
    threading.Timer(2.0, service.stop, [signal.SIGKILL]).start()
    killed: Counter[str] = sum(
        (each.came for each in under_load(service.port, clients, 4.0)), Counter()
    )
    again = Service(home)
    same = first_answer(again.port) == before
    again.stop()
    with Engine.open(settings=Settings(home=home, dsn=None)) as engine:
        holds = engine.audit.verify().holds
    times = sorted(ms for each in asked for ms in each.milliseconds)
    came: Counter[str] = sum((each.came for each in asked), Counter())
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    return Outcome(
        clients=clients,
        seconds=seconds,
        answers=came["200"],
        errors=came.total() - came["200"],
        p50_ms=round(p50, 1),
        p95_ms=round(p95, 1),
        p95_over_p50=round(p95 / p50, 2),
        killed=dict(killed),
        restarted_whole=same and holds,
    )


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="eight seconds instead of a minute")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = run_demo(Path(folder), progress=Silent()).home
        outcome = run(home, CLIENTS, 8.0 if chosen.quick else 60.0)
    if chosen.json:
        print(json.dumps(asdict(outcome), indent=2))
        return
    for name, value in asdict(outcome).items():
        print(f"{name:<16}{value}")


if __name__ == "__main__":
    main()
