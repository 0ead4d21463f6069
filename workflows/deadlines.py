"""Deadlines (到期事项): the table is the truth, APScheduler is only the alarm clock.

Every node sweeps: it reads which deadlines are due and carries out each as a command of its own,
under the lock of its case, so that effect and mark commit together and a deadline fires at most once
however many nodes sweep at the same moment. In production the database's own clock says what is due.
A watchdog on the monotonic clock sweeps when the wall clock was set back and the scheduler sleeps.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from datetime import datetime
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import func, select, update

from registers.accounts import SYSTEM
from registers.errors import DomainError
from registers.timesource import SystemTime
from workflows import engine
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.models import Deadline
from workflows.runtime import Runtime

SWEEP_SECONDS = 5
BATCH = 100

log = logging.getLogger("onewindow.deadlines")


@command("deadline.fire")
def fire(step: Step, *, deadline_id: uuid.UUID) -> Answer:
    """Carry out one deadline: let a waiting element go on, or put a reminder into the record."""
    row = step.conn.execute(select(Deadline.__table__).where(Deadline.id == deadline_id)).mappings().one()
    run = CaseRun.lock(step, row["case_id"], closed_too=True)
    marked = step.conn.execute(
        update(Deadline)
        .where(Deadline.id == deadline_id, Deadline.done_at.is_(None))
        .values(done_at=step.now, result=row["effect"])
    )
    if marked.rowcount != 1 or run.status != "running":
        return {"deadline_id": deadline_id, "effect": "none"}
    run.open_deadlines.discard(row["waiting_id"])
    run.record(
        "deadline",
        row["element"],
        effect=row["effect"],
        due_on=row["due_on"],
        rule=row["rule"],
        basis=row["basis"] or _basis(run, row),
    )
    if row["effect"] == "remind":
        run.save()
    else:
        run.settle(engine.fire(run.instance, str(row["waiting_id"])))
    return {"deadline_id": deadline_id, "effect": row["effect"]}


def sweep(rt: Runtime) -> int:
    """Carry out all deadlines that are due; returns how many fired."""
    fired = 0
    while True:
        due = _due(rt)
        succeeded = sum(_carry_out(rt, deadline_id) for deadline_id in due)
        fired += succeeded
        if len(due) < BATCH or not succeeded:
            return fired


def _carry_out(rt: Runtime, deadline_id: uuid.UUID) -> bool:
    try:
        fire(rt, SYSTEM, f"deadline:{deadline_id}", deadline_id=deadline_id)
    except DomainError:
        log.exception("deadline %s could not be carried out; it is tried again", deadline_id)
        return False
    return True


def _due(rt: Runtime) -> list[uuid.UUID]:
    with rt.db.transaction() as conn:
        now: datetime | Any = func.now() if isinstance(rt.time, SystemTime) else rt.time.now()
        return list(
            conn.scalars(
                select(Deadline.id)
                .where(Deadline.done_at.is_(None), Deadline.due_at <= now)
                .order_by(Deadline.due_at)
                .limit(BATCH)
            )
        )


def _basis(run: CaseRun, row: Any) -> str:
    if not row["rule"]:
        return ""
    return run.reference.rule(run.step.conn, row["rule"], run.step.today).basis_zh


class Alarm:
    """The in-memory scheduler of a node, with its watchdog."""

    def __init__(self, rt: Runtime, seconds: float = SWEEP_SECONDS) -> None:
        self._rt = rt
        self._seconds = seconds
        self._last = time.monotonic()
        self._stopped = threading.Event()
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._scheduler.add_job(
            self._sweep, "interval", seconds=seconds, coalesce=True, max_instances=1, misfire_grace_time=None
        )
        self._watchdog = threading.Thread(target=self._watch, name="deadline-watchdog", daemon=True)

    def start(self) -> None:
        """Begin to sweep."""
        self._scheduler.start()
        self._watchdog.start()

    def stop(self) -> None:
        """Stop sweeping; a sweep under way ends by itself."""
        self._stopped.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def is_well(self) -> bool:
        """Whether a sweep ended recently."""
        return time.monotonic() - self._last < 6 * self._seconds

    def _sweep(self) -> None:
        try:
            sweep(self._rt)
            self._last = time.monotonic()
        except Exception:
            log.exception("sweep failed; it is tried again")

    def _watch(self) -> None:
        while not self._stopped.wait(self._seconds):
            if time.monotonic() - self._last > 3 * self._seconds:
                self._sweep()
