"""How long the page takes once the search has returned: the brief, its checks, the drawings.

The service runs in this process, over real or made-up records, and is asked for its page as a
browser on the same machine asks. What is timed begins when the search returns and ends when the
last byte of the page is there. Beside the milliseconds stands the ratio to the search before it.

    python benchmarks/page.py [--data FOLDER] [--labs FOLDER] [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from mmrag import Engine, Settings
from mmrag.demo import run_demo
from mmrag.ingest.progress import Silent
from mmrag.retrieval.results import SearchResult
from mmrag.web.app import create_app

QUESTIONS = (
    "pneumonia with pleural effusion",
    "effusion without pneumothorax in women over 60",
    "cardiomegaly",
    "lymphopenia",
)
ROUNDS = 15


class Watched(Engine):
    """An engine that remembers when its last search began and returned."""

    began_at = returned_at = 0.0

    def search(self, *asked: Any, **how: Any) -> SearchResult:
        """Search as an engine does."""
        self.began_at = time.perf_counter()
        result = super().search(*asked, **how)
        self.returned_at = time.perf_counter()
        return result


@dataclass(frozen=True)
class Figure:
    """What one question's page takes; medians.

    Attributes
    ----------
    question : str
    page_bytes : int
    search_ms, beyond_ms : float
        The search, and from its return to the end of the page.
    beyond_over_search : float
    """

    question: str
    page_bytes: int
    search_ms: float
    beyond_ms: float
    beyond_over_search: float


def measured(engine: Watched, client: TestClient, question: str, rounds: int) -> Figure:
    """Ask for one page again and again; the first time warms up and does not count."""
    searches, beyond, size = [], [], 0
    for _ in range(rounds + 1):
        answer = client.get("/", params={"q": question})
        ended = time.perf_counter()
        answer.raise_for_status()
        size = len(answer.content)
        searches.append((engine.returned_at - engine.began_at) * 1000)
        beyond.append((ended - engine.returned_at) * 1000)
    search_ms, beyond_ms = statistics.median(searches[1:]), statistics.median(beyond[1:])
    return Figure(
        question, size, round(search_ms, 1), round(beyond_ms, 1), round(beyond_ms / search_ms, 2)
    )


@contextmanager
def stored(folder: Path, data: Path | None, labs: Path | None) -> Iterator[Watched]:
    """Fill a store in `folder` and open it: with the demo's records where none are given."""
    home = folder / "home"
    if data is None and labs is None:
        home = run_demo(folder, progress=Silent()).home
    with Watched.open(settings=Settings(home=home, dsn=None)) as engine:
        for kind, place in (("nih", data), ("synthea", labs)):
            if place is not None:
                engine.ingest(kind, place, progress=Silent())
        yield engine


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="films in the layout of NIH ChestX-ray14")
    parser.add_argument("--labs", type=Path, help="the csv folder of a Synthea export")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        stored(Path(folder), chosen.data, chosen.labs) as engine,
    ):
        client = TestClient(
            create_app(engine), base_url="http://127.0.0.1", client=("127.0.0.1", 50000)
        )
        figures = [measured(engine, client, words, chosen.rounds) for words in QUESTIONS]
    if chosen.json:
        print(json.dumps([asdict(figure) for figure in figures], indent=2))
        return
    for each in figures:
        print(
            f"{each.question:<48}{each.page_bytes // 1024:>5} KiB  search {each.search_ms:>7.1f} ms"
            f"  then {each.beyond_ms:>6.1f} ms  ratio {each.beyond_over_search:.2f}"
        )


if __name__ == "__main__":
    main()
