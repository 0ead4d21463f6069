"""PostgreSQL without an administrator: `ensure(folder)` gives a running server of our own.

The folder holds everything: `pgdata`, the socket directory `run`, `secrets` (scram passwords, mode
0600), `lock`, `postgres.log`. One *sitter* process (`sitter.py`) holds the lock for as long as the server
runs, so two servers on one folder cannot exist; whoever comes second attaches to the first. The server lives
and dies with the process that started it: when that process ends in whatever way, the sitter sees
its pipe close and shuts the server down in good order.

Three roles: `postgres` (superuser, used here only), `onewindow_owner` (owns the tables, for migrations)
and `onewindow_app` (the running program: rows only, no definitions). It listens on a unix socket only.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from registers.postgres.binaries import PostgresError, choose, tool
from registers.postgres.users import RunUser, reachable, run_user

__all__ = ["DATABASE", "PostgresError", "Server", "ensure", "superuser", "throwaway", "tool", "usable_folder"]

DATABASE = "onewindow"
SUPERUSER, OWNER, APP = "postgres", "onewindow_owner", "onewindow_app"
PORT = 5432
_SOCKET_PATH_LIMIT = 90  # sun_path holds 107 bytes, the name of the socket takes 16 of them
_ATTACH_SECONDS = 120.0


@dataclass
class Server:
    """A running server: two addresses and, for the process that started it, the right to stop it."""

    owner_url: str
    app_url: str
    folder: Path
    _sitter: subprocess.Popen[str] | None = field(default=None, repr=False)

    @property
    def started_here(self) -> bool:
        """True when this process started the server (and the server ends with it)."""
        return self._sitter is not None

    def stop(self) -> None:
        """Shut down in good order and wait for the end; does nothing to a server somebody else started."""
        sitter, self._sitter = self._sitter, None
        if sitter is None:
            return
        assert sitter.stdin is not None
        try:
            sitter.stdin.write("stop\n")
            sitter.stdin.close()
        except BrokenPipeError:
            pass
        sitter.wait()
        if sitter.stdout is not None:
            sitter.stdout.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def ensure(folder: Path, *, durable: bool = True, binaries: Path | None = None) -> Server:
    """Start the server of this folder, or attach to the one that runs; return when it answers.

    `durable=False` gives up safety against power cuts, for throwaway servers of tests. Raises
    `PostgresError` with a sentence for the person when the server cannot be had.
    """
    user = run_user(folder)
    folder = _prepare(folder, user)
    deadline = time.monotonic() + _ATTACH_SECONDS
    while True:
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            if _answers(folder):
                return Server(*_urls(folder), folder)
        else:
            sitter = _start_sitter(folder, lock, user, durable, binaries)
            os.close(lock)
            _wait_until_ready(folder, sitter)
            return Server(*_urls(folder), folder, sitter)
        if time.monotonic() > deadline:
            raise PostgresError(
                f"数据库目录 {folder} 被另一个进程占用，但数据库没有应答。",
                f"Another process holds {folder / 'lock'}, but its PostgreSQL does not answer; "
                f"see {folder / 'postgres.log'}.",
            )
        time.sleep(0.1)


@contextlib.contextmanager
def throwaway() -> Iterator[Server]:
    """A server in a folder of its own that vanishes afterwards: for tests, rehearsals and benchmarks."""
    parent = Path(tempfile.mkdtemp(prefix="onewindow-throwaway-"))
    parent.chmod(0o711)  # the server's own user must get through
    try:
        with ensure(parent / "data", durable=False) as server:
            yield server
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def superuser(folder: Path, database: str) -> str:
    """How the superuser of our own server is reached: for backups and their restore, nothing else."""
    return _conninfo(folder, SUPERUSER, database)


def usable_folder(preferred: Path) -> Path:
    """The preferred folder, or one under /var/lib when root's server user cannot reach the preferred one."""
    user = run_user(preferred)
    if user.switch and not reachable(preferred.absolute().parent, user):
        return Path("/var/lib/onewindow") / preferred.absolute().as_posix().strip("/").replace("/", "-")
    return preferred


def _prepare(folder: Path, user: RunUser) -> Path:
    """Make the folder and give it to the user the server runs as. Never changes rights of any parent."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if user.switch:
        if not reachable(folder.parent, user):
            raise PostgresError(
                f"以 root 运行时数据库使用系统用户 {user.name}，该用户无法进入 {folder.parent}。请把数据目录放在别处。",
                f"As root, PostgreSQL runs as the system user {user.name}, who cannot reach {folder.parent}. "
                "Choose a data folder elsewhere, for example below /var/lib.",
            )
        os.chown(folder, user.uid, user.gid)
    if folder.stat().st_uid == user.uid:
        folder.chmod(0o700)
    return folder


def _socket_dir(folder: Path) -> Path:
    """Where the socket is: `run` in the folder; if that path is too long, what the sitter chose."""
    inside = folder / "run"
    if len(os.fsencode(inside)) <= _SOCKET_PATH_LIMIT:
        return inside
    marker = folder / "socket_dir"
    if marker.exists():
        return Path(marker.read_text().strip())
    return inside


def _start_sitter(
    folder: Path, lock: int, user: RunUser, durable: bool, binaries: Path | None
) -> subprocess.Popen[str]:
    version_file = folder / "pgdata" / "PG_VERSION"
    major = int(version_file.read_text()) if version_file.exists() else None
    order = {
        "folder": str(folder),
        "bin": str(choose(major, binaries, folder, user)),
        "lock": lock,
        "uid": user.uid if user.switch else None,
        "gid": user.gid,
        "durable": durable,
        "port": PORT,
        "superuser": SUPERUSER,
        "passwords": [SUPERUSER, OWNER, APP],
        "socket_path_limit": _SOCKET_PATH_LIMIT,
    }
    return subprocess.Popen(
        [sys.executable, "-I", str(Path(__file__).with_name("sitter.py")), json.dumps(order)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(lock,),
        start_new_session=True,  # Ctrl-C at the terminal is for the program; it then stops the server itself
        text=True,
        bufsize=1,
        cwd="/",
    )


def _wait_until_ready(folder: Path, sitter: subprocess.Popen[str]) -> None:
    """No time limit: replaying a long log after a crash takes as long as it takes."""
    while not _answers(folder):
        if sitter.poll() is not None:
            said = sitter.stdout.read().strip() if sitter.stdout else ""
            raise PostgresError(
                f"数据库未能启动：{said}。日志：{folder / 'postgres.log'}",
                f"PostgreSQL did not start: {said}. Its log: {folder / 'postgres.log'}",
            )
        time.sleep(0.02)


def _conninfo(folder: Path, role: str, database: str) -> str:
    return psycopg.conninfo.make_conninfo(
        host=str(_socket_dir(folder)),
        port=PORT,
        user=role,
        password=_password(folder, role),
        dbname=database,
        connect_timeout=5,
    )


def _password(folder: Path, role: str) -> str:
    return (folder / "secrets" / role).read_text().strip()


def _answers(folder: Path) -> bool:
    """True when the program's role gets in; sets roles and database up the first time."""
    try:
        with psycopg.connect(_conninfo(folder, APP, DATABASE)):
            return True
    except (OSError, psycopg.OperationalError):
        pass
    try:
        with psycopg.connect(_conninfo(folder, SUPERUSER, "postgres"), autocommit=True) as conn:
            _set_up(conn, folder)
    except (OSError, psycopg.OperationalError):
        return False
    return False  # the next try gets in as the program


def _set_up(conn: psycopg.Connection[tuple[object, ...]], folder: Path) -> None:
    """Roles, database and rights; safe to repeat and to run from two processes at once."""
    conn.execute("SELECT pg_advisory_lock(7001)")
    for role in (OWNER, APP):
        verb = "ALTER" if conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() else "CREATE"
        conn.execute(
            sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                sql.SQL(verb),
                sql.Identifier(role),
                sql.Literal(_password(folder, role)),
            )
        )
    if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
        conn.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
    with psycopg.connect(_conninfo(folder, SUPERUSER, DATABASE)) as inside:
        inside.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
        # Temporary tables: a rehearsal (sandbox case, scenario, replay) counts its numbers there.
        inside.execute(f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {APP}")
        inside.execute(f"ALTER SCHEMA public OWNER TO {OWNER}")
        inside.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        grants = (("USAGE", "SCHEMAS"), ("SELECT, INSERT, UPDATE, DELETE", "TABLES"), ("USAGE", "SEQUENCES"))
        for rights, things in grants:
            inside.execute(
                sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT {} ON {} TO {}").format(
                    sql.Identifier(OWNER), sql.SQL(rights), sql.SQL(things), sql.Identifier(APP)
                )
            )
    conn.execute("SELECT pg_advisory_unlock(7001)")


def _urls(folder: Path) -> tuple[str, str]:
    host = quote(str(_socket_dir(folder)), safe="")  # not quote_plus: libpq does not read "+" as a space

    def url(role: str) -> str:
        password = quote(_password(folder, role), safe="")
        return f"postgresql+psycopg://{role}:{password}@/{DATABASE}?host={host}&port={PORT}"

    return url(OWNER), url(APP)
