"""The process that sits with PostgreSQL: starts it, restarts it after a crash, and ends it with its owner.

Run by `registers.postgres.ensure` with its order as JSON; only the standard library, because it gives up
root first. It inherits the lock of the folder and keeps it as long as it lives. It promises:

- the server stops (fast, in good order) when the owner asks, when the owner dies in whatever way, and
  when this process gets SIGTERM;
- if this process itself is killed, the kernel tells the server to stop (Linux);
- a data folder is made aside, flushed and renamed, so a half-made one is never used;
- leftovers of a crash (pid files that are stale, empty, or name a process that is now something else) are
  cleared, but only while no living process works in the data folder.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_GENTLE_SECONDS = 60.0
_LOG_LIMIT = 20_000_000
_RESTARTS = 5  # in a row, each sooner than a minute after the last
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Stopped(Exception):
    """The owner asked for the end, or is gone."""


def main() -> int:
    order: dict[str, Any] = json.loads(sys.argv[1])
    if order["uid"] is not None:
        os.setgroups([])
        os.setgid(order["gid"])
        os.setuid(order["uid"])
    os.umask(0o077)
    signal.signal(signal.SIGTERM, _raise_stopped)
    signal.signal(signal.SIGINT, _raise_stopped)
    try:
        return Sitter(order).sit()
    except Stopped:
        return 0
    except Exception as error:
        print(error, flush=True)
        return 1


class Sitter:
    """One server on one folder."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.folder = Path(order["folder"])
        self.data = self.folder / "pgdata"
        self.bin = Path(order["bin"])
        self.log = self.folder / "postgres.log"
        self.environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PGTZ": "UTC"}

    def sit(self) -> int:
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._make_secrets()
        self._make_data()
        quick_ends = 0
        while quick_ends < _RESTARTS:
            self._clear_leftovers()
            started = time.monotonic()
            server = self._start()
            try:
                while server.poll() is None:
                    self._check_owner(0.3)
            except Stopped:
                self._shut_down(server)
                raise
            quick_ends = quick_ends + 1 if time.monotonic() - started < 60 else 1
            self._check_owner(0.2 * quick_ends)
        print("it ended at once several times: " + self._last_words(), flush=True)
        return 1

    def _check_owner(self, seconds: float) -> None:
        """Wait a little; raise when the owner says stop through its pipe, or is gone and the pipe closed."""
        if select.select([0], [], [], seconds)[0]:
            raise Stopped

    def _make_secrets(self) -> None:
        folder = self.folder / "secrets"
        folder.mkdir(mode=0o700, exist_ok=True)
        for name in self.order["passwords"]:
            path = folder / name
            if path.exists() and path.stat().st_size >= 32:
                continue
            if self.data.exists() and name == self.order["superuser"]:
                raise RuntimeError(f"the password file {path} is lost; restore it from the backup")
            unfinished = path.with_suffix(".new")
            unfinished.write_text(secrets.token_urlsafe(32) + "\n")
            _flush(unfinished)
            unfinished.replace(path)
            _flush(folder)

    def _make_data(self) -> None:
        for leftover in self.folder.glob("pgdata.making-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        if (self.data / "PG_VERSION").exists():
            return
        making = Path(tempfile.mkdtemp(prefix="pgdata.making-", dir=self.folder))
        superuser = self.order["superuser"]
        command = [
            *(self.bin / "initdb", "-D", making, "-U", superuser, "--auth=scram-sha-256"),
            *(
                f"--pwfile={self.folder / 'secrets' / superuser}",
                "--encoding=UTF8",
                "--locale=C",
                "--data-checksums",
            ),
            *([] if self.order["durable"] else ["--no-sync"]),
        ]
        done = subprocess.run(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            preexec_fn=_die_with_parent(signal.SIGKILL),
        )
        if done.returncode != 0:
            raise RuntimeError("initdb: " + (done.stderr.strip().splitlines() or ["failed"])[-1])
        making.rename(self.data)  # initdb has flushed what is inside
        _flush(self.folder)

    def _clear_leftovers(self) -> None:
        """We hold the lock, so a process of an earlier server is an orphan: end it, remove its traces."""
        began = time.monotonic()
        while processes := _working_in(self.data):
            waited = time.monotonic() - began
            kind = signal.SIGINT if waited < 10 else signal.SIGQUIT if waited < 20 else signal.SIGKILL
            for process in processes:
                _signal(process, kind)
            self._check_owner(0.1)
        for trace in (self.data / "postmaster.pid", *self.folder.glob("run/.s.PGSQL.*")):
            trace.unlink(missing_ok=True)

    def _start(self) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": '"' + str(self._socket_folder()).replace('"', '""') + '"',
            "unix_socket_permissions": "0700",
            "port": self.order["port"],
            "cluster_name": "onewindow",
            "max_connections": 100,
            "max_wal_size": "1GB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "logging_collector": "off",
            "log_lock_waits": "on",
            "client_connection_check_interval": "5s" if sys.platform == "linux" else "0",
            "idle_in_transaction_session_timeout": "60s",
            "password_encryption": "scram-sha-256",
        }
        if not self.order["durable"]:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [self.bin / "postgres", "-D", self.data, *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data,
                start_new_session=True,
                preexec_fn=_die_with_parent(signal.SIGINT),
            )

    def _socket_folder(self) -> Path:
        inside = self.folder / "run"
        if not inside.is_dir():
            inside.mkdir(mode=0o700)
        marker = self.folder / "socket_dir"
        if len(os.fsencode(inside)) <= self.order["socket_path_limit"]:
            return inside
        place = Path(marker.read_text().strip()) if marker.exists() else None
        if place is None or not place.is_dir() or place.stat().st_uid != os.getuid():
            place = Path(tempfile.mkdtemp(prefix="onewindow-"))
            marker.write_text(f"{place}\n")
        for trace in place.glob(".s.PGSQL.*"):
            trace.unlink(missing_ok=True)
        return place

    def _shut_down(self, server: subprocess.Popen[bytes]) -> None:
        """Fast shutdown: open transactions are rolled back, a checkpoint is written."""
        server.send_signal(signal.SIGINT)
        try:
            server.wait(_GENTLE_SECONDS)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGQUIT)
            server.wait()

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return next((line for line in reversed(lines) if "FATAL" in line or "PANIC" in line), "see its log")


def _die_with_parent(kind: signal.Signals) -> Any:
    """For preexec_fn: the kernel sends the signal when this process is gone; set after changing user."""
    me = os.getpid()

    def arrange() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(kind), 0, 0, 0)
            if os.getppid() != me:
                os._exit(1)

    return arrange


def _working_in(folder: Path) -> list[int]:
    """Living processes of a PostgreSQL on this folder: it is their working directory. Zombies have none."""
    target = os.path.realpath(folder)
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == Path(target):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _signal(process: int, kind: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, kind)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _raise_stopped(*_: object) -> None:
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
