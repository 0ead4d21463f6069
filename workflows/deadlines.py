"""Deadlines (到期事项): the table is the truth, APScheduler is only the alarm clock.

Every node sweeps: it takes the due rows of some cases under the locks of those cases (`workflows.picking`) and
carries them out in one transaction, so effect and mark commit together and a deadline acts at most once however
many nodes sweep at the same moment. Calls and reminders need no engine (`workflows.calling`); what lets a model go
on runs through the same step as a person's action. In production the database's own clock says what is due. A
watchdog on the monotonic clock sweeps when the wall clock was set back and the scheduler sleeps.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import RowMapping, text, update
from sqlalchemy.exc import OperationalError

import workflows.wastewatch  # noqa: F401 - daily work
from registers.accounts import SYSTEM
from registers.timesource import CHINA
from workflows import boardwork, calling, cron, duties, engine, expiry, housekeeping, picking, quotaround, recompute  # noqa: F401 - daily work
from workflows.caserun import CaseRun
from workflows.commands import Answer, Command, Step, command
from workflows.models import Deadline
from workflows.post import Post, deliver
from workflows.runtime import Runtime

SWEEP_SECONDS = 1
WELL_SECONDS = 30
FIRES = 50

log = logging.getLogger("onewindow.deadlines")


@command("deadline.fire")
def fire(
    step: Step, *, limit: int = FIRES, only: Sequence[uuid.UUID] | None = None, leave: Sequence[uuid.UUID] = ()
) -> Answer:
    """Let elements whose time has come go on: timers, and limits at whose end the model says what happens."""
    due = picking.take(step.conn, step.rt, _FIRING, limit=limit, only=only, leave=leave)
    if not due:
        return {"done": 0}
    marked = set(step.conn.scalars(_MARK, {"now": step.now, "ids": [row["id"] for row in due]}))
    acting = [row for row in due if row["id"] in marked and row["case_status"] == "running"]
    runs = CaseRun.lock_all(step, {row["case_id"] for row in acting})
    for row in sorted(acting, key=lambda item: item["due_at"]):
        run = runs[row["case_id"]]
        if run.writes:
            run.write({})
        _go_on(run, row)
    CaseRun.write_all(step)
    return {"done": len(marked)}


def sweep(rt: Runtime, beat: Callable[[], None] = lambda: None) -> int:
    """Carry out all deadlines that are due; returns how many were. `beat` is called after each batch."""
    return sum(_carry_out(rt, beat, *kind) for kind in _KINDS)


def sweep_cases(rt: Runtime, case_ids: Sequence[uuid.UUID]) -> int:
    """The same for some cases only: what else is due in the house is left alone."""
    return sum(_carry_out_in(rt, case_ids, *kind) for kind in _KINDS)


def _carry_out_in(rt: Runtime, case_ids: Sequence[uuid.UUID], batch: Command, kind: picking.Kind, limit: int) -> int:
    done = 0
    while True:
        with rt.db.transaction() as conn:
            rows = picking.due_in(conn, rt, kind, case_ids, limit=limit)
        made = batch(rt, SYSTEM, only=rows)["done"] if rows else 0
        if not made:
            return done
        done += made


def _go_on(run: CaseRun, row: RowMapping) -> None:
    conn = run.step.conn
    if run.status != "running" or row["waiting_id"] not in run.open_deadlines:
        # A deadline of the same case that fell due with it has taken this one away.
        conn.execute(update(Deadline).where(Deadline.id == row["id"]).values(result="not needed"))
        return
    run.open_deadlines.discard(row["waiting_id"])
    basis = row["basis"] or (run.reference.rule(conn, row["rule"], run.step.today).basis_zh if row["rule"] else "")
    facts = {"effect": row["effect"], "due_on": row["due_on"], "rule": row["rule"], "basis": basis}
    run.record("deadline", row["element"], **facts)
    run.settle(engine.fire(run.instance, str(row["waiting_id"])))


def _carry_out(rt: Runtime, beat: Callable[[], None], batch: Command, kind: picking.Kind, limit: int) -> int:
    """Batch after batch until nothing is due; a row that cannot be carried out holds up no other."""
    done, failed = 0, set[uuid.UUID]()
    while True:
        with rt.db.transaction() as conn:
            if not picking.due(conn, rt, kind, limit=1, leave=failed):
                return done
        try:
            made = batch(rt, SYSTEM, limit=limit, leave=sorted(failed))["done"]
            if not made:
                # All of it is in the hands of other nodes, or of people.
                return done
            done += made
        except OperationalError:
            raise
        except Exception:
            log.exception("%s failed for a batch; its rows are tried one by one", batch.name)
            done += _one_by_one(rt, batch, kind, limit, failed)
        beat()


def _one_by_one(rt: Runtime, batch: Command, kind: picking.Kind, limit: int, failed: set[uuid.UUID]) -> int:
    done = 0
    with rt.db.transaction() as conn:
        rows = picking.due(conn, rt, kind, limit=limit, leave=failed)
    for row_id in rows:
        try:
            done += batch(rt, SYSTEM, only=[row_id])["done"]
        except OperationalError:
            raise
        except Exception:
            log.exception("deadline %s could not be carried out; it is tried again at the next sweep", row_id)
            failed.add(row_id)
    return done


_FIRING = picking.Kind(
    "deadline",
    "a.effect IN ('fire', 'timer')",
    "a.id, a.case_id, a.waiting_id, a.element, a.effect, a.rule, a.basis, a.due_on, a.due_at, c.status AS case_status",
)
_MARK = text(
    "UPDATE deadline SET done_at = :now, result = effect WHERE id = ANY(:ids) AND done_at IS NULL RETURNING id"
)
_KINDS = (
    (calling.ring, calling.CALLS, calling.RINGS),
    (calling.remind, calling.REMINDERS, calling.RINGS),
    (fire, _FIRING, FIRES),
)


class Alarm:
    """The in-memory scheduler of a node, with its watchdog."""

    def __init__(self, rt: Runtime, seconds: float = SWEEP_SECONDS, post: Post | None = None) -> None:
        self._rt = rt
        self._post = post or Post.from_environment()
        self._seconds = seconds
        self._last = time.monotonic()
        self._stopped = threading.Event()
        self._scheduler = BackgroundScheduler(timezone="UTC")
        self._scheduler.add_job(
            self._sweep, "interval", seconds=seconds, coalesce=True, max_instances=1, misfire_grace_time=None
        )
        # Sending waits for other people's servers, and a recount takes minutes: each has a thread of its own.
        for job, trigger in (
            (self._recount, IntervalTrigger(seconds=seconds)),
            (self._deliver, IntervalTrigger(seconds=seconds)),
            (self._model_runs, IntervalTrigger(seconds=2 * seconds)),
            (self._daily, CronTrigger(minute="*/10", timezone=CHINA)),
            (self._daily, DateTrigger()),
        ):
            self._scheduler.add_job(job, trigger, coalesce=True, max_instances=1, misfire_grace_time=None)
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
        """Whether a sweep, or a batch of one, ended recently."""
        return time.monotonic() - self._last < max(WELL_SECONDS, 6 * self._seconds)

    def _sweep(self) -> None:
        try:
            sweep(self._rt, self._beat)
            self._beat()
        except Exception:
            log.exception("sweep failed; it is tried again")

    def _beat(self) -> None:
        self._last = time.monotonic()

    def _recount(self) -> None:
        try:
            recompute.work(self._rt)
            boardwork.work(self._rt)
        except Exception:
            log.exception("recount failed; it goes on where it stopped")

    def _deliver(self) -> None:
        try:
            deliver(self._rt, self._post)
        except Exception:
            log.exception("sending failed; it is tried again")

    def _model_runs(self) -> None:
        from workflows import modelruns  # plays cases, and with them deadlines: it comes after this module

        try:
            modelruns.work(self._rt)
        except Exception:
            log.exception("a run over scenarios or past cases failed; it is tried again")

    def _daily(self) -> None:
        try:
            expiry.deem_renewed(self._rt)
            cron.daily(self._rt)
            expiry.close_idle(self._rt)
        except Exception:
            log.exception("daily work failed; it is tried again")

    def _watch(self) -> None:
        while not self._stopped.wait(self._seconds):
            if time.monotonic() - self._last > 3 * self._seconds:
                self._sweep()
