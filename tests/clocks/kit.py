"""Cases with a running clock, for the tests of clocks."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import select

from registers.timesource import CHINA
from tests.conftest import World, key
from tests.kit import hold_permit, open_task
from tests.runtime.models import chain, node, publish, service
from workflows import cases, matters
from workflows.lights import ClockAlarm
from workflows.models import Event
from workflows.notify import Message

# The applicant files, the clock of the EIA form starts, and an officer reviews.
RUNNING = chain(
    node("userTask", "fill", role="preparer"),
    service("open", "matter.open", kind="'eia'", klass="'form'", limit_rule="'eia.form.decide'"),
    service("clock", "clock.start", matter="'eia'"),
    node("userTask", "review", role="reviewer", matter="eia"),
    service("decide", "matter.decide", matter="'eia'", outcome="'approved'"),
)


def with_limit(code: str, matter: str = "eia") -> bytes:
    """The same model under another limit."""
    return RUNNING.replace(b"eia.form.decide", code.encode()).replace(b"'eia'", f"'{matter}'".encode())


def begin(world: World, model: bytes = RUNNING, procedure: str = "trial") -> uuid.UUID:
    """A case whose clock has started today."""
    publish(world.rt, model, procedure)
    return again(world, procedure)


def again(world: World, procedure: str = "trial") -> uuid.UUID:
    """One more case of the same procedure."""
    person = world.actor("qiye")
    case_id = uuid.UUID(cases.start(world.rt, person, key(), procedure=procedure)["case_id"])
    cases.complete(world.rt, person, key(), task_id=open_task(world, case_id, "fill"), data={"remark": "好"})
    return case_id


def reading(world: World, case_id: uuid.UUID, kind: str = "eia") -> Any:
    with world.rt.db.transaction() as conn:
        clocks = matters.readings(conn, world.rt.reference.get(conn), case_id, world.time.today())
    return next(clock.reading for clock in clocks if clock.matter["kind"] == kind)


def calls(world: World, case_id: uuid.UUID) -> dict[str, date]:
    """The open calls of a case's clocks: stage and the day on whose first moment it rings."""
    with world.rt.db.transaction() as conn:
        rows = conn.execute(
            select(ClockAlarm.stage, ClockAlarm.due_at).where(
                ClockAlarm.case_id == case_id, ClockAlarm.done_at.is_(None)
            )
        )
        return {row.stage: row.due_at.astimezone(CHINA).date() for row in rows}


def lines(world: World, case_id: uuid.UUID, kind: str) -> list[dict[str, Any]]:
    with world.rt.db.transaction() as conn:
        return list(
            conn.scalars(select(Event.data).where(Event.case_id == case_id, Event.kind == kind).order_by(Event.seq))
        )


def permit(
    world: World, *, valid_from: date = date(2021, 9, 21), valid_to: date = date(2027, 9, 20), **more: str
) -> uuid.UUID:
    """A permit of the first enterprise."""
    return hold_permit(world, valid_from=valid_from, valid_to=valid_to, **more)


def messages(world: World, login: str, kind: str | None = None) -> list[str]:
    """The Chinese titles of a person's messages, in order."""
    person = world.actor(login).id
    with world.rt.db.transaction() as conn:
        query = select(Message.title).where(Message.user_id == person).order_by(Message.id)
        if kind:
            query = query.where(Message.kind == kind)
        return [title["zh"] for title in conn.scalars(query)]
