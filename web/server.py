"""Where the program lives: its folder, its database, and the web server that serves it.

`DATABASE_URL` points to a PostgreSQL of the house (`DATABASE_OWNER_URL` to the role that owns the
tables, when that is another); without it the program runs its own server inside `ONEWINDOW_HOME`.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from registers import postgres
from registers.db import Database
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


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings: worker processes with threads, each with its own pool and alarm clock."""

    def __init__(self, place: Installation, *, bind: str, workers: int, threads: int) -> None:
        self._place = place
        self._options: dict[str, Any] = {
            "bind": bind,
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
            "timeout": 120,
            "graceful_timeout": 20,
            "keepalive": 30,
            "accesslog": None,
            "loglevel": "warning",
            "proc_name": "onewindow",
            "control_socket_disable": True,
        }
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn."""
        for key, value in self._options.items():
            if key in self.cfg.settings:
                self.cfg.set(key, value)

    def load(self) -> Any:
        """Make the application in the worker process."""
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        _, app_url = self._place.urls()
        rt = Runtime(Database(app_url), self._place.home / "files", self._place.time, self._place.base_url)
        alarm = Alarm(rt)
        alarm.start()
        return site.build(rt, alarm)


def serve(place: Installation, *, bind: str, workers: int, threads: int) -> None:
    """Serve until told to stop; the database stops last."""
    place.runtime().db.close()
    Server(place, bind=bind, workers=workers, threads=threads).run()
