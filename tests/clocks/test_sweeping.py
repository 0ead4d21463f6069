"""Deadlines: always what the clock says, each once on however many nodes, through kills and clock changes."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import uuid
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, text

from registers.db import Database, uuid7
from registers.errors import DomainError
from registers.timesource import SystemTime
from tests.clocks.kit import again, begin, with_limit
from tests.conftest import World, key
from workflows import clockwork, deadlines, events, lights, matters, recompute
from workflows.deadlines import Alarm
from workflows.lights import ClockAlarm
from workflows.models import Event, Matter
from workflows.runtime import Runtime

ACTS = st.lists(
    st.tuples(
        st.sampled_from(["pause", "resume", "extend", "sweep", "recount", "rule"]),
        st.integers(0, 12),
        st.sampled_from(["hearing", "expert_review", "testing"]),
        st.integers(1, 12),
    ),
    max_size=8,
)


def act(world: World, case_id: uuid.UUID, what: str, kind: str, days: int) -> None:
    facts: dict[str, Any] = {"case_id": case_id, "matter": "eia"}
    if what == "pause":
        clockwork.pause(world.rt, world.actor("shencha"), key(), kind=kind, days=days, reason="x", **facts)
    elif what == "resume":
        clockwork.resume(world.rt, world.actor("shencha"), key(), **facts)
    elif what == "extend":
        clockwork.extend(world.rt, world.actor("qianfa"), key(), days=days, reason="x", **facts)
    elif what == "sweep":
        deadlines.sweep(world.rt)
    elif what == "recount":
        with world.rt.db.transaction() as conn:
            values = {"id": uuid7(), "reason": {"zh": "x", "en": "x"}, "requested_at": world.time.now(), "total": 1}
            conn.execute(insert(recompute.Recomputation).values(**values))
        recompute.work(world.rt)


def planned_and_standing(world: World, case_id: uuid.UUID) -> tuple[set[Any], set[Any], set[Any]]:
    with world.rt.db.transaction() as conn:
        reference = world.rt.reference.get(conn)
        (row,) = matters.open_of(conn, [case_id])
        known = matters.facts(conn, [row["id"]])[row["id"]]
        rule = matters.rule_of(conn, reference, row)
        plan = {(a.stage, a.due_at, a.due_on) for a in lights.plan(rule, known, reference.calendar, world.time.today())}
        rows = conn.execute(select(ClockAlarm.__table__).where(ClockAlarm.case_id == case_id)).mappings().all()
    standing = {(r["stage"], r["due_at"], r["due_on"]) for r in rows if r["done_at"] is None}
    rung = {(r["stage"], r["due_at"], r["due_on"]) for r in rows if r["done_at"] is not None}
    return plan, standing, rung


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_after_any_sequence_of_facts_the_rows_are_what_the_clock_says(world: World, acts: list[Any]) -> None:
    procedure = f"trial_{uuid.uuid4().hex[:8]}"
    case_id = begin(world, with_limit("licence.decide"), procedure)
    for what, later, kind, days in acts:
        world.time.move_to(world.time.today() + timedelta(days=later))
        with contextlib.suppress(DomainError):
            act(world, case_id, what, kind, days)
        plan, standing, rung = planned_and_standing(world, case_id)
        assert standing == plan - rung
    with world.rt.db.transaction() as conn:
        assert list(events.verify(conn, case_id)) == []


def crowd(world: World, count: int, case_count: int = 40) -> None:
    """Many matters with calls that are all due now, on some cases."""
    first = begin(world)
    ids = [first, *(again(world) for _ in range(case_count - 1))]
    with world.rt.db.transaction() as conn:
        conn.execute(text("DELETE FROM clock_alarm"))
        found = conn.execute(select(Matter.id, Matter.case_id).where(Matter.case_id.in_(ids))).all()
        rows = [
            {
                "id": uuid7(),
                "case_id": found[n % case_count].case_id,
                "matter_id": found[n % case_count].id,
                "stage": "yellow",
                "due_on": date(2026, 10, 1),
                "provisional": False,
                "due_at": datetime.fromisoformat("2026-08-01T00:00:00+00:00") + timedelta(seconds=n),
            }
            for n in range(count)
        ]
        conn.execute(insert(ClockAlarm), rows)


def rung(world: World) -> int:
    with world.rt.db.transaction() as conn:
        return conn.scalar(select(func.count()).select_from(Event).where(Event.kind == "clock_yellow")) or 0


def left(world: World) -> int:
    with world.rt.db.transaction() as conn:
        return conn.scalar(select(func.count()).select_from(ClockAlarm).where(ClockAlarm.done_at.is_(None))) or 0


def node(world: World) -> int:
    """A node of its own: another process that sweeps until nothing is due."""
    child = os.fork()
    if child:
        return child
    try:
        rt = Runtime(Database(world.rt.db.url, pool_size=2), world.rt.files_root, world.time)
        for _ in range(200):
            deadlines.sweep(rt)
            time.sleep(0.02)
    finally:
        os._exit(0)


def test_four_nodes_sweep_two_thousand_calls_each_once_with_one_killed(world: World) -> None:
    crowd(world, 2000)
    nodes = [node(world) for _ in range(4)]
    while rung(world) == 0:
        time.sleep(0.01)
    os.kill(nodes[0], signal.SIGKILL)
    limit = time.monotonic() + 60
    while left(world) and time.monotonic() < limit:
        time.sleep(0.1)
    for child in nodes[1:]:
        os.kill(child, signal.SIGKILL)
    for child in nodes:
        os.waitpid(child, 0)
    assert (left(world), rung(world)) == (0, 2000)
    with world.rt.db.transaction() as conn:
        assert list(events.verify(conn)) == []


def test_when_the_wall_clock_was_set_back_and_the_scheduler_sleeps_sweeps_go_on(world: World) -> None:
    crowd(world, 30, 3)
    rt = Runtime(world.rt.db, world.rt.files_root, SystemTime())
    alarm = Alarm(rt, seconds=0.1)
    alarm.start()
    # To an APScheduler whose next run lies an hour ahead the clock was set back by an hour.
    for job in alarm._scheduler.get_jobs():
        job.modify(next_run_time=datetime.now().astimezone() + timedelta(hours=1))
    try:
        limit = time.monotonic() + 20
        while left(world) and time.monotonic() < limit:
            time.sleep(0.1)
        assert left(world) == 0 and rung(world) == 30
        assert alarm.is_well()
    finally:
        alarm.stop()


def test_a_node_that_lost_its_database_recovers_by_itself(world: World) -> None:
    crowd(world, 20, 2)
    rt = Runtime(Database("postgresql://nobody@127.0.0.1:1/none", pool_size=1), world.rt.files_root, SystemTime())
    alarm = Alarm(rt, seconds=0.1)
    alarm.start()
    try:
        time.sleep(0.5)
        assert rung(world) == 0
        rt.db = world.rt.db
        limit = time.monotonic() + 30
        while left(world) and time.monotonic() < limit:
            time.sleep(0.1)
        assert rung(world) == 20
    finally:
        alarm.stop()


def test_a_step_at_work_on_a_case_is_not_waited_for(world: World) -> None:
    crowd(world, 10, 2)
    held, go = threading.Event(), threading.Event()

    def holder() -> None:
        with world.rt.db.transaction() as conn:
            conn.execute(text("SELECT 1 FROM cases ORDER BY id LIMIT 1 FOR UPDATE"))
            held.set()
            go.wait(10)

    thread = threading.Thread(target=holder)
    thread.start()
    held.wait(10)
    started = time.monotonic()
    deadlines.sweep(world.rt)
    took = time.monotonic() - started
    go.set()
    thread.join()
    assert took < 2 and rung(world) == 5
    deadlines.sweep(world.rt)
    assert rung(world) == 10
