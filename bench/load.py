"""A small closed-loop load: a few clients over kept-alive connections, latencies in milliseconds."""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Figures:
    """What was measured: latency of each completed task, and the wall time of all."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Completed user tasks a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency below which this share of the tasks lies."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]

    @property
    def p50(self) -> float:
        """The median latency."""
        return statistics.median(self.latencies)


def row(figures: Figures) -> dict[str, float]:
    """The figures as columns of the table."""
    return {
        "tasks/s": round(figures.rate, 1),
        "p50 ms": round(figures.p50, 2),
        "p95 ms": round(figures.percentile(0.95), 2),
    }


class Client:
    """One kept-alive connection that sends and receives JSON."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Content-Type": "application/json", **headers}

    def post(self, path: str, body: Any, **headers: str) -> Any:
        """Send one request; an answer that is not a success ends the benchmark."""
        self._connection.request("POST", path, json.dumps(body), {**self._headers, **headers})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{path}: {answer.status} {content[:500]!r}")
        return json.loads(content)


def run(clients: int, cases: int, play: Callable[[list[float]], None]) -> Figures:
    """Let each of several clients play a number of cases; `play` adds the latency of each task."""
    figures, failures = Figures(), []

    def work() -> None:
        try:
            for _ in range(cases):
                play(figures.latencies)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    figures.seconds = time.perf_counter() - started
    if failures:
        raise failures[0]
    return figures
