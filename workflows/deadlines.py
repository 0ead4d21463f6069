"""Deadlines (到期事项): the table is the truth, APScheduler is only the alarm clock.

Every node sweeps: it reads which deadlines are due and carries out each as a command of its own,
under the lock of its case, so that effect and mark commit together and a deadline fires at most once
however many nodes sweep at the same moment. Calls of a matter's clock (yellow, red, overdue) change nothing
in a model, so they need no engine: they ring many to a transaction (`ring`), the case rows locked with
SKIP LOCKED, so nodes share the work instead of waiting for each other. In production the database's own
clock says what is due. A watchdog on the monotonic clock sweeps when the wall clock was set back and the
scheduler sleeps.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import uuid
from datetime import datetime
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import RowMapping, func, select, text, update

from registers.accounts import SYSTEM
from registers.errors import DomainError
from registers.limits import LimitRule
from registers.timesource import CHINA, SystemTime
from workflows import cron, duties, engine, events, expiry, matters, notify, recompute  # noqa: F401 - duties is daily work
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.lights import ClockAlarm
from workflows.models import Deadline, Task
from workflows.post import Post, deliver
from workflows.runtime import Runtime

SWEEP_SECONDS = 5
BATCH = 100
RINGS = 200

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
        _remind(run, row)
        run.save()
    else:
        run.settle(engine.fire(run.instance, str(row["waiting_id"])))
    return {"deadline_id": deadline_id, "effect": row["effect"]}


@command("clock.ring")
def ring(step: Step, *, limit: int = RINGS) -> Answer:
    """Let the clock calls that are due ring: a line in the record of each case, messages to the people."""
    due = step.conn.execute(_CALLS, {"now": _clock(step.rt), "limit": limit}).mappings().all()
    if not due:
        return {"rung": 0}
    # Marked under the lock of the case: a call that another node marked before we had it is left out.
    marked = set(
        step.conn.scalars(
            update(ClockAlarm)
            .where(ClockAlarm.id.in_([row["id"] for row in due]), ClockAlarm.done_at.is_(None))
            .values(done_at=step.now)
            .returning(ClockAlarm.id)
        )
    )
    rows = [row for row in due if row["id"] in marked and row["case_status"] == "running" and row["status"] == "open"]
    chains = events.chains(step.conn, {row["case_id"] for row in rows})
    reference = step.rt.reference.get(step.conn)
    told: list[notify.Outgoing] = []
    people: dict[tuple[Any, str], frozenset[uuid.UUID]] = {}
    for row in rows:
        rule = matters.rule_of(step.conn, reference, dict(row))
        chains[row["case_id"]].append(
            f"clock_{row['stage']}",
            at=step.now,
            actor=step.actor,
            matter=row["kind"],
            due_on=row["due_on"],
            provisional=row["provisional"],
            basis=rule.basis_zh,
            effect=rule.effect if row["stage"] == "overdue" else None,
        )
        key = row["body_id"], row["stage"]
        if key not in people:
            people[key] = _called(step, *key)
        told.append(_call(row, rule, people[key]))
    events.append_all(step.conn, chains.values())
    notify.send(step.conn, step.now, told)
    return {"rung": len(marked)}


def sweep(rt: Runtime) -> int:
    """Carry out all deadlines that are due; returns how many fired."""
    fired = 0
    while _calls_due(rt) and (rung := ring(rt, SYSTEM)["rung"]):
        fired += rung
    while True:
        due = _due(rt)
        # Nodes begin at different places, so they meet less often at the same case.
        random.shuffle(due)
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
        return list(
            conn.scalars(
                select(Deadline.id)
                .where(Deadline.done_at.is_(None), Deadline.due_at <= (_clock(rt) or func.now()))
                .order_by(Deadline.due_at)
                .limit(BATCH)
            )
        )


def _clock(rt: Runtime) -> datetime | None:
    """The instant by which deadlines are judged; None lets the database's own clock say it."""
    return None if isinstance(rt.time, SystemTime) else rt.time.now()


# The case rows are locked, not the calls: whoever works on a case now is not waited for but left for later.
_CALLS = text(
    """
    SELECT a.id, a.case_id, a.matter_id, a.stage, a.due_on, a.provisional, m.kind, m.status, m.limit_rule, m.promised,
           m.opened_on, coalesce(m.body_id, c.lead_body_id) AS body_id, b.code AS body_code, c.title, c.number,
           c.status AS case_status
      FROM clock_alarm a JOIN matter m ON m.id = a.matter_id JOIN cases c ON c.id = a.case_id
      LEFT JOIN body b ON b.id = m.body_id
     WHERE a.done_at IS NULL AND a.due_at <= coalesce(CAST(:now AS timestamptz), now())
     ORDER BY a.due_at LIMIT :limit FOR UPDATE OF c SKIP LOCKED
    """
)
_CALL_WORDS: dict[str, tuple[str, str]] = {
    "yellow": ("黄灯提醒：{matter}法定期限{due}", "Yellow light: {matter} is due by law on {due}"),
    "red": ("红灯催办：{matter}法定期限{due}", "Red light: {matter} is due by law on {due}"),
    "overdue": ("超期督办：{matter}已超过法定期限{due}", "Overdue: {matter} was due by law on {due}"),
    "pause_over": (
        "{matter}扣除时间已达告知的期限，请核实是否恢复计时",
        "{matter}: the announced pause is over; check whether the clock should run again",
    ),
}


def _called(step: Step, body_id: uuid.UUID | None, stage: str) -> frozenset[uuid.UUID]:
    """Yellow goes to those who work on it, red to the head too (催办), overdue also to the supervisors (督办)."""
    roles = ("reviewer", "window") if stage == "yellow" else ("reviewer", "window", "head")
    to = notify.of_body(step.conn, body_id, roles, step.today)
    return to | notify.supervisors(step.conn, body_id, step.today) if stage == "overdue" else to


def _call(row: RowMapping, rule: LimitRule, to: frozenset[uuid.UUID]) -> notify.Outgoing:
    """The words of a call."""
    stage = row["stage"]
    zh, en = matters.MATTER_TITLES.get(row["kind"], (row["kind"], row["kind"]))
    said_zh, said_en = _CALL_WORDS[stage]
    mark_zh, mark_en = ("（暂定）", " (provisional)") if row["provisional"] else ("", "")
    return notify.Outgoing(
        to,
        "reminder" if stage in ("yellow", "pause_over") else "escalation",
        f"{said_zh.format(matter=zh, due=row['due_on'])}{mark_zh}：{row['number']} {row['title']}（{rule.basis_zh}）",
        f"{said_en.format(matter=en, due=row['due_on'])}{mark_en}: {row['number']} {row['title']} ({rule.basis_en})",
        row["case_id"],
    )


def _remind(run: CaseRun, row: Any) -> None:
    """Tell those who hold or are offered the task whose date has come, and their head."""
    step = run.step
    task = step.conn.execute(select(Task.__table__).where(Task.id == row["waiting_id"])).mappings().first()
    if task is None:
        return
    if task["enterprise_id"] is not None:
        to = notify.of_enterprise(step.conn, task["enterprise_id"], step.today)
    else:
        to = notify.of_body(step.conn, task["body_id"], (task["role"] or "", "head"), step.today)
    if task["assignee_id"] is not None:
        to |= notify.persons(step.conn, [task["assignee_id"]], step.today)
    said = notify.Outgoing(
        to,
        "reminder",
        f"“{task['name']}”期限{row['due_on']}已到：{run.number} {run.title}",
        f"“{task['name']}” was due on {row['due_on']}: {run.number} {run.title}",
        run.id,
        f"/tasks/{task['id']}",
    )
    notify.send(step.conn, step.now, [said])


def _calls_due(rt: Runtime) -> bool:
    with rt.db.transaction() as conn:
        due = ClockAlarm.done_at.is_(None) & (ClockAlarm.due_at <= (_clock(rt) or func.now()))
        return conn.scalar(select(ClockAlarm.id).where(due).limit(1)) is not None


def _basis(run: CaseRun, row: Any) -> str:
    if not row["rule"]:
        return ""
    return run.reference.rule(run.step.conn, row["rule"], run.step.today).basis_zh


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
        # Sending waits for other people's servers, so it has a thread of its own.
        for job, trigger in (
            (self._deliver, IntervalTrigger(seconds=seconds)),
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
        """Whether a sweep ended recently."""
        return time.monotonic() - self._last < 6 * self._seconds

    def _sweep(self) -> None:
        try:
            recompute.work(self._rt)
            sweep(self._rt)
            self._last = time.monotonic()
        except Exception:
            log.exception("sweep failed; it is tried again")

    def _deliver(self) -> None:
        try:
            deliver(self._rt, self._post)
        except Exception:
            log.exception("sending failed; it is tried again")

    def _daily(self) -> None:
        try:
            cron.daily(self._rt)
            expiry.close_idle(self._rt)
        except Exception:
            log.exception("daily work failed; it is tried again")

    def _watch(self) -> None:
        while not self._stopped.wait(self._seconds):
            if time.monotonic() - self._last > 3 * self._seconds:
                self._sweep()
