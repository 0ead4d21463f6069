"""Ten thousand deadlines due at one instant, four nodes on the alarm clock they have in production, one killed.

Measured from the instant at which they fall due to the last effect, for calls of clocks (yellow light: a line in
the record, messages to the people), reminders of tasks, and timers, for which the engine runs each case on.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench import house
from registers.db import Database
from registers.timesource import SystemTime
from workflows import events
from workflows.deadlines import Alarm
from workflows.runtime import Runtime

COUNT = 10_000
NODES = 4
# What falls due: the rows, and the line in the record that tells of the effect.
KINDS = {
    "calls of clocks": ("clock_alarm", "stage = 'yellow'", "clock_yellow"),
    "reminders": ("deadline", "effect = 'remind'", "deadline"),
    "timers": ("deadline", "effect = 'timer'", "deadline"),
}


def main(quick: bool) -> list[dict[str, Any]]:
    """Measure; returns the rows of the table."""
    count = COUNT // 10 if quick else COUNT
    return [
        _measure(kind, count, cases)
        for kind in KINDS
        for cases in ((count, count // 100) if kind != "timers" else (count,))
    ]


def _measure(kind: str, count: int, case_count: int) -> dict[str, Any]:
    with house.installation() as (place, rt):
        case_id = house.one_case(rt)
        house.copies(rt, case_id, case_count)
        table, chosen, line = KINDS[kind]
        _due_never(rt, table, chosen, count // case_count)
        house.tidy(place)
        start, ready = multiprocessing.get_context("fork"), multiprocessing.Semaphore(0)
        rt.db.close()
        nodes = [
            start.Process(target=_node, args=(place.urls()[1], str(place.home / "files"), ready)) for _ in range(NODES)
        ]
        for node in nodes:
            node.start()
        for _ in nodes:
            ready.acquire()
        figures = _watch(rt, table, line, count, nodes[0])
        for node in nodes:
            node.kill()
            node.join()
    return {"due at once": kind, "deadlines": count, "cases": case_count, **figures}


def _due_never(rt: Runtime, table: str, chosen: str, each: int) -> None:
    """Leave only the deadlines that are measured, so many to a case, none of them due yet."""
    columns = {
        "clock_alarm": "case_id, matter_id, stage, due_on, provisional",
        "deadline": "case_id, waiting_id, element, effect, rule, basis, start_on, due_on, provisional",
    }[table]
    with rt.db.transaction() as conn:
        conn.execute(text("SET LOCAL statement_timeout = 0"))
        for other in ("clock_alarm", "deadline"):
            conn.execute(text(f"UPDATE {other} SET due_at = 'infinity'"))
        conn.execute(text(f"DELETE FROM {table} WHERE NOT ({chosen})"))
        # Each of several calls of one clock has an instant of its own.
        conn.execute(
            text(
                f"INSERT INTO {table} (id, {columns}, due_at)"
                f" SELECT gen_random_uuid(), {columns}, '2999-01-01'::timestamptz + n * interval '1 second'"
                f" FROM {table}, generate_series(1, CAST(:more AS int)) n"
            ),
            {"more": each - 1},
        )


def _node(url: str, files: str, ready: Any) -> None:
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    rt = Runtime(Database(url, pool_size=3), Path(files), SystemTime())
    Alarm(rt).start()
    time.sleep(1)
    ready.release()
    signal.pause()


def _watch(rt: Runtime, table: str, line: str, count: int, victim: Any) -> dict[str, Any]:
    with rt.db.transaction() as conn:
        # The instants differ by microseconds where one clock has several.
        due = conn.scalar(
            text(
                f"WITH due AS (UPDATE {table} SET due_at = now() + interval '2 seconds' +"
                " CASE WHEN due_at < 'infinity' THEN (due_at - '2999-01-01') / 1000000 ELSE interval '0' END"
                " RETURNING 1) SELECT now() + interval '2 seconds' FROM (SELECT count(*) FROM due) counted"
            )
        )
    assert due is not None
    left, took = count, 0.0
    while left:
        time.sleep(0.05)
        with rt.db.transaction() as conn:
            left = conn.scalar(text(f"SELECT count(*) FROM {table} WHERE done_at IS NULL")) or 0
            took = (conn.scalar(text("SELECT clock_timestamp()")) - due).total_seconds()
        if left < count * 0.7 and victim.is_alive():
            os.kill(victim.pid, signal.SIGKILL)
    with rt.db.transaction() as conn:
        effects = conn.scalar(text("SELECT count(*) FROM event WHERE kind = :line"), {"line": line})
        lags = conn.execute(
            text(
                "SELECT percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM done_at - due_at))"
                f" FROM {table}"
            )
        ).scalar_one()
        faults = len(list(events.verify(conn)))
    return {
        "all done s": round(took, 1),
        "a second": round(count / took),
        "lag p50 s": round(float(lags[0]), 1),
        "lag p95 s": round(float(lags[1]), 1),
        "effects": effects,
        "faults": faults,
    }
