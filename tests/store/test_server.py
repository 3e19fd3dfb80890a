from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mmrag.errors import DatabaseError
from mmrag.store.cluster import installation
from mmrag.store.server import EmbeddedServer

JOIN = """
import sys, time
from pathlib import Path
from mmrag.store.server import EmbeddedServer
server = EmbeddedServer.join(Path(sys.argv[1]))
print("joined", flush=True)
"""
JOIN_AND_WAIT = JOIN + "time.sleep(60)\n"
JOIN_AND_FORK = (
    JOIN
    + """
import os, psycopg
if os.fork() == 0:
    sys.exit(0)
os.wait()
psycopg.connect(**server.address, dbname="postgres").close()
print("still there")
"""
)
# Root's interpreter may be closed to others, so it is loaded before its rights are given up.
JOIN_AS_NOBODY = (
    """
import os, pwd, psycopg
import mmrag.store.server
nobody = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
"""
    + JOIN
)


@pytest.fixture(scope="module")
def made_home(short_folder: Callable[[], Path]) -> Path:
    folder = short_folder()
    EmbeddedServer.join(folder).leave()
    return folder


@pytest.fixture
def home(made_home: Path) -> Iterator[Path]:
    """A home with a database whose server is stopped, before and after."""
    assert not running(made_home)
    yield made_home
    if running(made_home):
        EmbeddedServer.join(made_home).leave()


def postmaster(home: Path) -> int:
    return int((home / "postgres/data/postmaster.pid").read_text().splitlines()[0])


def running(home: Path) -> bool:
    return (home / "postgres/data/postmaster.pid").exists()


def connect(server: EmbeddedServer) -> psycopg.Connection[Any]:
    dsn = psycopg.conninfo.make_conninfo("", **server.address, dbname="postgres")
    return psycopg.connect(dsn, autocommit=True)


def start(script: str, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, str(home)], stdout=subprocess.PIPE, text=True
    )


def wait_until_joined(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "joined\n"


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_second_user_attaches_and_the_last_one_to_leave_stops_it(home: Path) -> None:
    first = EmbeddedServer.join(home)
    pid = postmaster(home)
    second = EmbeddedServer.join(home)
    assert postmaster(home) == pid
    first.leave()
    connect(second).close()
    second.leave()
    assert not running(home)


def test_other_processes_count_as_users(home: Path) -> None:
    other = start(JOIN_AND_WAIT, home)
    wait_until_joined(other)
    EmbeddedServer.join(home).leave()
    assert running(home)
    kill(other)


def test_a_user_that_ends_without_leaving_leaves(home: Path) -> None:
    other = start(JOIN, home)
    assert other.wait(timeout=30) == 0
    assert not running(home)
    other.communicate()


def test_a_killed_user_does_not_keep_it_running(home: Path) -> None:
    other = start(JOIN_AND_WAIT, home)
    wait_until_joined(other)
    kill(other)
    assert running(home)
    EmbeddedServer.join(home).leave()
    assert not running(home)


def test_the_end_of_a_forked_child_is_not_its_parents(home: Path) -> None:
    process = start(JOIN_AND_FORK, home)
    output, _ = process.communicate(timeout=30)
    assert output.splitlines()[-1] == "still there"


def test_two_processes_may_make_one_home_at_the_same_moment(
    short_folder: Callable[[], Path],
) -> None:
    home = short_folder()
    processes = [start(JOIN, home) for _ in range(2)]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["joined\n"] * 2
    assert [process.returncode for process in processes] == [0, 0]
    assert not running(home)


def test_a_killed_postmaster_loses_nothing(home: Path) -> None:
    server = EmbeddedServer.join(home)
    with connect(server) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 17 AS number")
    os.kill(postmaster(home), signal.SIGKILL)
    server.ensure_running()
    with connect(server) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (17,)
        connection.execute("DROP TABLE kept")
    server.leave()
    assert not running(home)


def test_a_killed_postmaster_and_user_are_recovered_from(home: Path) -> None:
    other = start(JOIN_AND_WAIT, home)
    wait_until_joined(other)
    os.kill(postmaster(home), signal.SIGKILL)
    kill(other)
    server = EmbeddedServer.join(home)
    connect(server).close()
    server.leave()


def test_a_stale_pid_that_is_somebody_elses_now_is_no_server(home: Path) -> None:
    file = home / "postgres/data/postmaster.pid"
    file.write_text(f"{os.getpid()}\n{file.parent}\n1700000000\n5432\n{home}\n\n 1 1\nready\n")
    server = EmbeddedServer.join(home)
    assert postmaster(home) != os.getpid()
    server.leave()


def test_only_a_private_socket_is_listened_on(home: Path) -> None:
    server = EmbeddedServer.join(home)
    with connect(server) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    folder = Path(server.address["host"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "postgres").stat().st_mode) == 0o700
    server.leave()


def test_variables_meant_for_another_server_change_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6000")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("LC_ALL", "xx_YY.UTF-8")
    server = EmbeddedServer.join(home)
    connect(server).close()
    server.leave()


@pytest.mark.parametrize(
    "name", ["naïve päth, with $HOME `and` \"quotes\" and 'more'", "l" * 200, 'in "quotes"']
)
def test_any_path_is_a_home(short_folder: Callable[[], Path], name: str) -> None:
    home = short_folder() / name
    server = EmbeddedServer.join(home)
    connect(server).close()
    server.leave()
    assert not running(home)
    assert not Path(server.address["host"]).exists() or Path(server.address["host"]).is_relative_to(
        home
    )


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match=r"^[^\n]*set MMRAG_HOME[^\n]*$"):
        EmbeddedServer.join(tmp_path / "file" / "home")


def test_a_half_made_database_is_made_again(short_folder: Callable[[], Path]) -> None:
    home = short_folder()
    torn = home / "postgres" / "data.new"
    torn.mkdir(parents=True)
    (torn / "PG_VERSION").write_text("18\n")
    server = EmbeddedServer.join(home)
    connect(server).close()
    server.leave()
    assert not torn.exists()


def test_a_database_of_another_postgresql_is_refused(home: Path) -> None:
    file = home / "postgres/data/PG_VERSION"
    written = file.read_text()
    file.write_text("16\n")
    try:
        with pytest.raises(DatabaseError, match=r"PostgreSQL 16, this version brings 18"):
            EmbeddedServer.join(home)
    finally:
        file.write_text(written)


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    file = home / "postgres/data/postgresql.conf"
    written = file.read_text()
    file.write_text(written + "\nno_such_setting = 1\n")
    try:
        with pytest.raises(DatabaseError, match=r"^[^\n]*did not start:[^\n]*see [^\n]*log$"):
            EmbeddedServer.join(home)
    finally:
        file.write_text(written)
    EmbeddedServer.join(home).leave()


def test_a_server_that_is_ending_is_waited_for(home: Path) -> None:
    first = EmbeddedServer.join(home)
    pid = postmaster(home)
    os.kill(pid, signal.SIGINT)
    second = EmbeddedServer.join(home)
    connect(second).close()
    assert postmaster(home) != pid
    first.leave()
    connect(second).close()
    second.leave()


def test_an_ordinary_user_needs_no_rights(short_folder: Callable[[], Path]) -> None:
    if os.geteuid() != 0:
        pytest.skip("every other test runs as an ordinary user already")
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        pytest.skip("this system has no user without rights")
    program = installation() / "bin" / "postgres"
    if subprocess.run(["/usr/bin/test", "-x", program], user="nobody").returncode != 0:
        pytest.skip("the project's folder is closed to a user without rights")
    folder = short_folder()
    shutil.chown(folder, nobody.pw_uid, nobody.pw_gid)
    done = subprocess.run(
        [sys.executable, "-c", JOIN_AS_NOBODY, str(folder / "home")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "joined\n", done.stderr
    assert (folder / "home/postgres/data").stat().st_uid == nobody.pw_uid
    # What an ordinary user made, root may use, and leaves as it was.
    server = EmbeddedServer.join(folder / "home")
    connect(server).close()
    server.leave()
    assert {f.stat().st_uid for f in (folder / "home/postgres").iterdir()} == {nobody.pw_uid}


def test_a_home_lent_by_a_stranger_is_used(short_folder: Callable[[], Path]) -> None:
    if os.geteuid() != 0:
        pytest.skip("an ordinary user's home is that user's own")
    stranger = 4_000_000_001
    home = short_folder()
    os.chown(home, stranger, stranger)
    server = EmbeddedServer.join(home)
    connect(server).close()
    server.leave()
    assert (home / "postgres").stat().st_uid not in (0, stranger)
