"""One step: user tasks completed a second, in process and over HTTP, statements and commits of each.

The server is the real one (`onewindow serve`, one worker process) on its own embedded PostgreSQL with
fsync on. The peer (bench/viewflow_peer.py) runs on the same PostgreSQL server in the same run.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, select

from bench import load, models, peer
from registers import accounts, parties, postgres
from web.server import Installation
from workflows import cases, demo, designing, install
from workflows.models import Task
from workflows.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (10, 40, 100)
CLIENTS = 4
TASKS = 2000  # completed tasks per measurement over HTTP, shared by the clients


def main(quick: bool) -> list[dict[str, Any]]:
    """Measure all sizes; returns the rows of the table."""
    tasks = 400 if quick else TASKS
    rows = []
    with tempfile.TemporaryDirectory(prefix="onewindow-bench-") as folder:
        place = Installation(Path(folder), "http://localhost:0", None, None)
        try:
            place.migrate()
            rt = place.runtime()
            token = _prepare(rt)
            for size in SIZES:
                rows.append({"system": "OneWindow, in process", "tasks": size, **_in_process(rt, size, tasks // 4)})
            with _serving(place) as port:
                for size in SIZES:
                    rows.append({"system": "OneWindow, HTTP", "tasks": size, **_over_http(port, token, size, tasks)})
            rows += _peer(place, tasks)
        finally:
            place.stop()
            shutil.rmtree(postgres.usable_folder(place.home / "postgres"), ignore_errors=True)
    return rows


def _prepare(rt: Runtime) -> str:
    install.seed_registers(rt)
    with rt.db.transaction() as conn:
        demo.load(conn, rt.time)
        designer = _person(conn, rt, "sheji")
        applicant = _person(conn, rt, "qiye")
        assert applicant.id is not None
        token = accounts.create_token(conn, applicant.id, "bench", rt.time.now(), 1)
    for size in SIZES:
        files = models.row_of(size)
        made = designing.draft(rt, designer, str(uuid.uuid4()), procedure=f"bench_{size}", files=files)
        designing.publish(rt, accounts.SYSTEM, str(uuid.uuid4()), definition_id=uuid.UUID(made["id"]))
    return token


def _person(conn: Any, rt: Runtime, login: str) -> accounts.Actor:
    user_id = conn.scalar(select(parties.User.id).where(parties.User.login == login))
    return accounts.actor_by_id(conn, user_id, rt.time.today())


def _in_process(rt: Runtime, size: int, tasks: int) -> dict[str, Any]:
    seen = {"statements": 0, "commits": 0}

    def statement(*_: Any) -> None:
        seen["statements"] += 1

    def commit(*_: Any) -> None:
        seen["commits"] += 1

    with rt.db.transaction() as conn:
        person = _person(conn, rt, "qiye")
    figures = load.Figures()
    rounds = max(1, tasks // size)
    _play_in_process(rt, person, size, [])
    event.listen(rt.db.engine, "before_cursor_execute", statement)
    event.listen(rt.db.engine, "commit", commit)
    started = time.perf_counter()
    counted = [_play_in_process(rt, person, size, figures.latencies, seen) for _ in range(rounds)]
    figures.seconds = time.perf_counter() - started
    event.remove(rt.db.engine, "before_cursor_execute", statement)
    event.remove(rt.db.engine, "commit", commit)
    done = rounds * size
    return {
        **load.row(figures),
        "statements": round(sum(item["statements"] for item in counted) / done, 1),
        "commits": round(sum(item["commits"] for item in counted) / done, 2),
    }


def _play_in_process(
    rt: Runtime, person: accounts.Actor, size: int, latencies: list[float], seen: dict[str, int] | None = None
) -> dict[str, int]:
    answer = cases.start(rt, person, str(uuid.uuid4()), procedure=f"bench_{size}")
    task_id = _first_task(rt, answer["case_id"])
    before = dict(seen or {})
    while task_id:
        started = time.perf_counter()
        answer = cases.complete(rt, person, str(uuid.uuid4()), task_id=uuid.UUID(task_id), data={"remark": "ok"})
        latencies.append((time.perf_counter() - started) * 1000)
        task_id = answer["open_tasks"][0] if answer["open_tasks"] else ""
    return {key: value - before[key] for key, value in (seen or {}).items()}


def _first_task(rt: Runtime, case_id: str) -> str:
    with rt.db.transaction() as conn:
        return str(conn.scalar(select(Task.id).where(Task.case_id == uuid.UUID(case_id))))


def _over_http(port: int, token: str, size: int, tasks: int) -> dict[str, Any]:
    def play(latencies: list[float]) -> None:
        client = clients.pop()
        started_case = client.post("/api/v1/cases", {"procedure": f"bench_{size}"}, **_key())
        task_id = started_case["open_tasks"][0]
        while task_id:
            started = time.perf_counter()
            answer = client.post(f"/api/v1/tasks/{task_id}/complete", {"data": {"remark": "ok"}}, **_key())
            latencies.append((time.perf_counter() - started) * 1000)
            task_id = answer["open_tasks"][0] if answer["open_tasks"] else ""
        clients.append(client)

    clients = [load.Client(port, {"Authorization": f"Bearer {token}"}) for _ in range(CLIENTS)]
    load.run(1, 1, play)
    alone = load.run(1, max(1, tasks // 4 // size), play)
    together = load.run(CLIENTS, max(1, tasks // CLIENTS // size), play)
    return {**load.row(together), "p50 alone": round(alone.p50, 2), "alone/s": round(alone.rate, 1)}


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


@contextmanager
def _serving(place: Installation) -> Iterator[int]:
    port = _free_port()
    environment = {**os.environ, "ONEWINDOW_HOME": str(place.home), "PORT": str(port), "DATABASE_URL": place.urls()[1]}
    environment["DATABASE_OWNER_URL"] = place.urls()[0]
    command = [sys.executable, "-m", "app", "serve", "--port", str(port), "--workers", "1"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz")
            yield port
        finally:
            server.terminate()


def _peer(place: Installation, tasks: int) -> list[dict[str, Any]]:
    python = (Path(__file__).parent.parent / ".venv-bench/bin/python").absolute()
    if not python.exists():
        sys.stderr.write("The peer was left out: make bench installs it into .venv-bench.\n")
        return []
    return peer.measure(python, place, SIZES, tasks, CLIENTS, _free_port())


def _wait_for(address: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own server
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"nothing answers at {address}")


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
