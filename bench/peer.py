"""Measures Viewflow on the PostgreSQL server of the running benchmark, with the same load."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, make_url, text

from bench import load
from registers.db import normalise_url

if TYPE_CHECKING:
    from web.server import Installation

SCHEMA = "viewflow_peer"


def measure(
    python: Path, place: Installation, sizes: tuple[int, ...], tasks: int, clients: int, port: int
) -> list[dict[str, Any]]:
    """One row a size."""
    environment = {**os.environ, "PEER_SIZES": ",".join(map(str, sizes)), "PEER_DATABASE": _database(place)}
    environment.pop("PYTHONPATH", None)
    folder = Path(__file__).parent
    subprocess.run([python, folder / "viewflow_peer.py"], env=environment, check=True)
    serve = [python, "-m", "gunicorn", "--chdir", str(folder), "-b", f"127.0.0.1:{port}", "-w", "1", "--threads", "8"]
    serve += ["-k", "gthread", "--keep-alive", "30", "--log-level", "warning", "viewflow_peer:application"]
    with subprocess.Popen(serve, env=environment) as server:
        try:
            _wait(port)
            return [{"system": "Viewflow, HTTP", "tasks": size, **_one(port, size, tasks, clients)} for size in sizes]
        finally:
            server.terminate()


def _one(port: int, size: int, tasks: int, clients: int) -> dict[str, Any]:
    connections = [load.Client(port, {"Authorization": "Bearer bench"}) for _ in range(clients)]

    def play(latencies: list[float]) -> None:
        client = connections.pop()
        task = client.post(f"/start/{size}", {})["task"]
        while task:
            started = time.perf_counter()
            task = client.post(f"/complete/{task}", {"data": {"remark": "ok"}})["task"]
            latencies.append((time.perf_counter() - started) * 1000)
        connections.append(client)

    load.run(1, 1, play)
    alone = load.run(1, max(1, tasks // 4 // size), play)
    together = load.run(clients, max(1, tasks // clients // size), play)
    return {**load.row(together), "p50 alone": round(alone.p50, 2), "alone/s": round(alone.rate, 1)}


def _database(place: Installation) -> str:
    owner = make_url(normalise_url(place.urls()[0]))
    engine = create_engine(owner)
    with engine.begin() as conn:
        conn.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    engine.dispose()
    host = owner.host or str(owner.query.get("host", ""))
    return json.dumps(
        {
            "NAME": owner.database,
            "USER": owner.username,
            "PASSWORD": owner.password,
            "HOST": host,
            "PORT": str(owner.port or owner.query.get("port", "")),
            "OPTIONS": {"options": f"-c search_path={SCHEMA}"},
        }
    )


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/")
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the peer does not answer")
