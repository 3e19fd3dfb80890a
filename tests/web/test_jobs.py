"""Ingests beside the service: watched, stopped, and never from outside their folders."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from mmrag import Engine
from mmrag.errors import InputError, SourceError
from mmrag.ingest.progress import Progress
from mmrag.ingest.report import IngestReport
from mmrag.settings import Settings
from mmrag.sources.demo import DemoFolders
from mmrag.web.app import create_app
from mmrag.web.jobs import Job, Jobs
from tests.web.local import local


def ended(jobs: Jobs, id_: str) -> Job:
    for _ in range(400):
        job = jobs.get(id_)
        assert job is not None
        if job.ended_at is not None:
            return job
        time.sleep(0.02)
    raise AssertionError("the job never ended")


@pytest.fixture
def client(made_up: DemoFolders, tmp_path: Path) -> Iterator[TestClient]:
    settings = Settings(home=tmp_path / "home", ingest_roots=(made_up.labs.parent,))
    with (
        Engine.open(settings=settings) as engine,
        local(create_app(engine, settings)) as opened,
    ):
        yield opened


def test_an_ingest_is_started_watched_and_told_of(client: TestClient, made_up: DemoFolders) -> None:
    started = client.post("/v1/ingest", json={"kind": "synthea", "path": str(made_up.labs)})
    assert started.status_code == 202
    path = f"/v1/ingest/{started.json()['id']}"
    events = client.get(f"{path}/events").text.split("\n\n")
    assert '"state":"done"' in events[-2]
    job = client.get(path).json()
    assert job["report"]["labs"]["added"] > 0
    assert client.get("/v1/ingest").json()["total"] == 1
    assert client.get("/v1/status").json()["labs"]


def test_outside_the_folders_nothing_is_read_or_told(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    told = {
        client.post("/v1/ingest", json={"kind": "nih", "path": path})
        .json()["detail"]
        .split(":", 1)[1]
        for path in (str(tmp_path / "there"), str(tmp_path / "missing"), "/etc", "..", "a\0b")
    }
    assert told == {" not in a folder that this service may ingest from"}


def test_without_folders_a_service_ingests_nothing(engine: Engine) -> None:
    with local(create_app(engine, Settings())) as client:
        answer = client.post("/v1/ingest", json={"kind": "nih", "path": "/"})
    assert answer.status_code == 400
    assert "MMRAG_INGEST_ROOTS" in answer.json()["detail"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "out").symlink_to(tmp_path)
    jobs = Jobs(_never, (root,))
    with pytest.raises(InputError, match="may ingest from"):
        jobs.start("nih", str(root / "out"))
    jobs.close()


def _never(kind: str, path: Path, progress: Progress) -> IngestReport:
    raise AssertionError(f"{kind} {path} {progress}")


def test_a_running_job_stops_and_a_waiting_one_never_starts(tmp_path: Path) -> None:
    running = threading.Event()

    def work(kind: str, path: Path, progress: Progress) -> IngestReport:
        running.set()
        progress.begin(kind, None)
        while True:
            progress.advance()
            time.sleep(0.01)

    jobs = Jobs(work, (tmp_path,))
    first, second = (jobs.start("nih", str(tmp_path)) for _ in range(2))
    running.wait()
    assert jobs.cancel(second.id) is not None
    jobs.cancel(first.id)
    assert ended(jobs, first.id).state == "cancelled"
    assert ended(jobs, second.id).state == "cancelled"
    assert [job.id for job in jobs.every()] == [second.id, first.id]
    jobs.close()


def test_a_job_that_fails_says_why_in_one_line(tmp_path: Path) -> None:
    def work(kind: str, path: Path, progress: Progress) -> IngestReport:
        raise SourceError(f"{path}: no films")

    jobs = Jobs(work, (tmp_path,))
    job = ended(jobs, jobs.start("nih", str(tmp_path)).id)
    assert (job.state, job.error) == ("failed", f"{tmp_path}: no films")
    jobs.close()
