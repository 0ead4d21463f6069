"""Where the program lives: its folder, its database, and the web server that serves it.

`DATABASE_URL` points to a PostgreSQL of the house (`DATABASE_OWNER_URL` to the role that owns the
tables, when that is another); without it the program runs its own server inside `ONEWINDOW_HOME`.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from registers import postgres
from registers.db import Database
from registers.errors import DomainError
from registers.timesource import SystemTime, TimeSource
from web import site
from workflows.deadlines import Alarm
from workflows.migrations import upgrade
from workflows.runtime import Runtime


@dataclass
class Installation:
    """The folder and the database of one installation."""

    home: Path
    base_url: str
    given_url: str | None
    given_owner_url: str | None
    time: TimeSource = field(default_factory=SystemTime)
    _server: postgres.Server | None = None
    _runtime: Runtime | None = None

    def urls(self) -> tuple[str, str]:
        """Address of the owner and of the runtime role; starts the own server when there is no other."""
        if self.given_url:
            return self.given_owner_url or self.given_url, self.given_url
        if self._server is None:
            self._server = postgres.ensure(postgres.usable_folder(self.home / "postgres"))
        return self._server.owner_url, self._server.app_url

    def own_server(self) -> postgres.Server:
        """The program's own server; refused when the house gave another one."""
        self.urls()
        if self._server is None:
            raise DomainError(
                "no_own_server", "本安装使用外部PostgreSQL。", "This installation uses a PostgreSQL of the house."
            )
        return self._server

    def migrate(self) -> None:
        """Bring the schema up to date."""
        upgrade(self.urls()[0])

    def runtime(self) -> Runtime:
        """The runtime over this installation's database and files."""
        if self._runtime is None:
            files = self.home / "files"
            files.mkdir(parents=True, exist_ok=True)
            self._runtime = Runtime(Database(self.urls()[1]), files, self.time, self.base_url)
        return self._runtime

    def stop(self) -> None:
        """Close connections and stop the server this process started."""
        if self._runtime is not None:
            self._runtime.db.close()
            self._runtime = None
        if self._server is not None:
            self._server.stop()
            self._server = None


def installation() -> Installation:
    """The installation of this environment."""
    port = os.environ.get("PORT", "8000")
    return Installation(
        home=Path(os.environ.get("ONEWINDOW_HOME", "var")).absolute(),
        base_url=os.environ.get("ONEWINDOW_BASE_URL", f"http://localhost:{port}"),
        given_url=os.environ.get("DATABASE_URL"),
        given_owner_url=os.environ.get("DATABASE_OWNER_URL"),
    )


class Server(MPServer):
    """granian with our rule for workers that die: a new one takes the place at once, however often it happens."""

    def _respawn_workers(self, *args: Any, **kwargs: Any) -> None:
        super()._respawn_workers(*args, **kwargs)
        # granian gives up, and takes the database along, when a worker dies twice within seconds.
        self.respawned_wrks.clear()
        time.sleep(RESPAWN_PAUSE)
        # One that died while the others were replaced may have gone unnoticed.
        dead = [number for number, worker in enumerate(self.wrks) if worker.inner.exitcode is not None]
        self.interrupt_children.extend(number for number in dead if number not in self.interrupt_children)
        if dead:
            self.main_loop_interrupt.set()


RESPAWN_PAUSE = 0.2  # seconds; a worker that cannot start must not keep a core busy


def serve(place: Installation, *, host: str, port: int, workers: int, threads: int) -> None:
    """Serve until told to stop; the database stops last. DomainError when the port is taken."""
    _check_free(host, port)
    _, app_url = place.urls()
    place.runtime().db.close()
    load = partial(_application, app_url, place.home, place.base_url, place.time, os.getpid())
    Server(
        "onewindow",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=30_000),
        workers=workers,
        blocking_threads=threads,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=20,
        log_level=LogLevels.error,
    ).serve(target_loader=load, wrap_loader=False)


def _application(app_url: str, home: Path, base_url: str, clock: TimeSource, parent: int) -> Any:
    """The application of one worker process, with its own pool and alarm clock."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    threading.Thread(target=_end_with, args=(parent,), name="parent", daemon=True).start()
    rt = Runtime(Database(app_url), home / "files", clock, base_url)
    alarm = Alarm(rt)
    alarm.start()
    made = site.build(rt, alarm)
    gc.collect()
    gc.freeze()  # what is loaded now stays; collecting garbage need not walk it each time
    return made


def _end_with(parent: int) -> None:
    """Stop this worker when the process that started it is gone: no orphan may go on answering with old code."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _check_free(host: str, port: int) -> None:
    # The workers share the port (SO_REUSEPORT), so a second server would start and take half of the requests.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise DomainError(
                "port_taken",
                f"无法使用端口 {port}：{error.strerror}。请停止占用它的程序，或用 --port 指定其他端口。",
                f"Port {port} cannot be used: {error.strerror}. Stop what uses it, or choose another with --port.",
            ) from error
