"""Work goes on over HTTP while worker processes and the database are killed at random; then the books are checked.

Clients repeat a request with its key until it is answered, as a careful program does. Whatever was answered
must be there, once; whatever was not answered must be there once or not at all; and every case reaches its end.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from registers import accounts, parties
from registers.db import Database
from tests.runtime.models import chain, node, publish, service
from web.server import Installation
from workflows import demo, events, install
from workflows.models import Case, Submission, Task
from workflows.runtime import Runtime

pytestmark = pytest.mark.crash

SECONDS = 20
CLIENTS = 4
# A case that also takes numbers, opens a matter with its clock and writes a duty on its way.
MODEL = chain(
    node("userTask", "fill", role="preparer"),
    service("open_eia", "matter.open", kind="'eia'", klass="'form'", limit_rule="'eia.form.decide'"),
    service("clock", "clock.start", matter="'eia'"),
    node("userTask", "sign", role="preparer"),
    service("decide", "matter.decide", matter="'eia'", outcome="'approved'"),
    service("permit", "permit.issue", kind="'permit'", klass="'key'", validity_rule="'permit.validity'"),
    service("duty", "obligation.create", kind="'renewal'", title="'延续'", limit_rule="'permit.validity'"),
    node("userTask", "collect", role="preparer"),
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    """An installation of its own, whose database may be killed."""
    made = Installation(tmp_path, "http://localhost:0", None, None)
    try:
        made.migrate()
        yield made
    finally:
        made.stop()


def prepared(rt: Runtime) -> str:
    """Registers, people and the model; returns the applicant's token."""
    install.seed_registers(rt)
    with rt.db.transaction() as conn:
        demo.load(conn, rt.time)
        user_id = conn.scalar(select(parties.User.id).where(parties.User.login == "qiye"))
        assert user_id is not None
        token = accounts.create_token(conn, user_id, "storm", rt.time.now(), 1)
    publish(rt, MODEL)
    return token


@contextmanager
def serving(place: Installation) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The real server with two workers on a free port."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    owner, app = place.urls()
    environment = {**os.environ, "ONEWINDOW_HOME": str(place.home), "DATABASE_URL": app, "DATABASE_OWNER_URL": owner}
    command = [sys.executable, "-m", "app", "serve", "--port", str(port), "--workers", "2"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True) as server:
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield server, port
        finally:
            server.terminate()


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in found.read_text().split()] if found.exists() else []


class Client:
    """Repeats a request under its key until it is answered."""

    def __init__(self, port: int, token: str, until: float) -> None:
        self.port, self.until = port, until
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.repeated = 0

    def post(self, path: str, body: Any) -> Any:
        headers = {**self.headers, "Idempotency-Key": str(uuid.uuid4())}
        while time.monotonic() < self.until:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            try:
                connection.request("POST", f"/api/v1{path}", json.dumps(body), headers)
                answer = connection.getresponse()
                content = answer.read()
                if answer.status < 300:
                    return json.loads(content)
                assert answer.status >= 500, (answer.status, content)
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            self.repeated += 1
            time.sleep(0.05)
        raise TimeoutError(path)


def work(client: Client, stop: float, answered: list[dict[str, Any]]) -> None:
    """Case after case, each to its end."""
    while time.monotonic() < stop:
        started = client.post("/cases", {"procedure": "trial"})
        told = {"case": started["case_id"], "tasks": [], "status": started["status"]}
        answered.append(told)
        waiting = started["open_tasks"]
        while waiting:
            done = client.post(f"/tasks/{waiting[0]}/complete", {"data": {"remark": "好"}})
            told["tasks"].append(waiting[0])
            told["status"], waiting = done["status"], done["open_tasks"]


def storm(server: subprocess.Popen[bytes], place: Installation, stop: float) -> dict[str, int]:
    """Kill a worker every so often, and a backend of the database (which then recovers from its log) now and then."""
    chance, killed = random.Random(20260901), {"workers": 0, "backends": 0}
    next_backend = time.monotonic() + 4
    while time.monotonic() < stop:
        time.sleep(chance.uniform(0.4, 1.6))
        workers = children(server.pid)
        if workers:
            os.kill(chance.choice(workers), signal.SIGKILL)
            killed["workers"] += 1
        if time.monotonic() > next_backend:
            next_backend += 7
            killed["backends"] += kill_backend(place)
    return killed


def kill_backend(place: Installation) -> int:
    """SIGKILL one backend that serves the application: PostgreSQL ends all others and recovers."""
    database = Database(place.urls()[1], pool_size=1)
    try:
        with database.transaction() as conn:
            pid = conn.scalar(
                text(
                    "SELECT pid FROM pg_stat_activity WHERE application_name = 'onewindow' AND pid <> pg_backend_pid()"
                )
            )
    except Exception:  # it is recovering already
        return 0
    finally:
        database.close()
    if pid is None:
        return 0
    os.kill(pid, signal.SIGKILL)
    return 1


def test_in_a_storm_of_kills_nothing_answered_is_lost_and_nothing_is_done_twice(place: Installation) -> None:
    token = prepared(place.runtime())
    answered: list[dict[str, Any]] = []
    with serving(place) as (server, port):
        stop = time.monotonic() + SECONDS
        clients = [Client(port, token, stop + 60) for _ in range(CLIENTS)]
        threads = [threading.Thread(target=work, args=(client, stop, answered)) for client in clients]
        for thread in threads:
            thread.start()
        killed = storm(server, place, stop)
        for thread in threads:
            thread.join(90)
        assert not any(thread.is_alive() for thread in threads)
    assert killed["workers"] >= 8
    assert killed["backends"] >= 1
    assert sum(client.repeated for client in clients) > 0, "no request was ever hit"
    assert len(answered) > 10
    check_books(place, answered)


def check_books(place: Installation, answered: list[dict[str, Any]]) -> None:
    place.runtime().db.close()
    with place.runtime().db.transaction() as conn:
        cases = {str(row.id): row for row in conn.execute(select(Case.id, Case.status, Case.number))}
        each = select(Submission.task_id, func.count()).group_by(Submission.task_id)
        submitted = {row[0]: row[1] for row in conn.execute(each)}
        still_open = conn.scalar(select(func.count()).select_from(Task).where(Task.status == "open"))
        numbers = sorted(int(row.number.removesuffix("号").split("〕")[1]) for row in cases.values())
        permits = conn.scalar(text("SELECT count(*) FROM permit"))
        duties = conn.scalar(text("SELECT count(*) FROM obligation WHERE kind = 'renewal'"))
        faults = list(events.verify(conn))
    assert set(cases) == {told["case"] for told in answered}, "a case is missing, or there is one nobody asked for"
    assert all(told["status"] == "closed" == cases[told["case"]].status for told in answered)
    assert all(submitted[uuid.UUID(task)] == 1 for told in answered for task in told["tasks"])
    assert sum(submitted.values()) == sum(len(told["tasks"]) for told in answered) == 3 * len(cases)
    assert numbers == list(range(1, len(cases) + 1)), "a number was left out or given twice"
    assert (still_open, permits, duties, faults) == (0, len(cases), len(cases), [])
