"""A change that was granted stands beside the permit it concerns; nobody changes the permit of another."""

from __future__ import annotations

import json
import uuid
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from registers import permits
from registers.errors import DomainError
from tests.conftest import World, key
from tests.kit import hold_permit, open_task
from workflows import cases
from workflows.models import Case, Incident
from workflows.signatures import PLAYED

SCENARIOS = json.loads(Path("bpmn/change/scenarios.json").read_text("utf-8"))["scenarios"]
NUMBER = "91320594MA1EXAMP0X001P"


def issued(world: World, login: str = "qiye") -> uuid.UUID:
    """A permit that this person's enterprise holds."""
    return hold_permit(
        world, number=NUMBER, klass="simplified", valid_from=date(2025, 1, 6), valid_to=date(2030, 1, 5), login=login
    )


def play(world: World, name: str) -> uuid.UUID:
    """A scenario of the change procedure on the real runtime; returns the case."""
    said = next(scenario for scenario in SCENARIOS if scenario["name"]["zh"] == name)
    world.time.move_to(date.fromisoformat(said["today"]))
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="change")["case_id"])
    logins = {"preparer": "qiye", "reviewer": "shencha", "head": "qianfa"}
    steps = [{"task": "task_change", "as": "preparer", "submit": said["start"]}, *said["steps"]]
    for step in steps:
        hand_in(world, case_id, logins[step["as"]], step["task"], step["submit"])
    return case_id


def hand_in(world: World, case_id: uuid.UUID, login: str, element: str, data: dict[str, Any]) -> None:
    task_id = open_task(world, case_id, element)
    cases.complete(world.rt, world.actor(login), key(), task_id=task_id, data=data, seal=PLAYED)


def test_a_granted_change_is_read_with_the_permit_and_the_entry_stays_as_it_was(world: World) -> None:
    issued(world)
    case_id = play(world, "一般变动：法定代表人变更")
    with world.rt.db.transaction() as conn:
        (permit,) = permits.of_parties(conn, world.actor("qiye").enterprise_id, [])
    assert [(change["case_id"], change["content"]["what"]) for change in permit["changes"]] == [
        (case_id, "调整部分设备及排放口")
    ]
    assert (permit["valid_from"], permit["status"], permit["content"]) == (date(2025, 1, 6), "valid", {})


def test_a_refused_change_leaves_no_entry(world: World) -> None:
    issued(world)
    play(world, "一般变动：调整其他内容，不同意")
    with world.rt.db.transaction() as conn:
        (permit,) = permits.of_parties(conn, world.actor("qiye").enterprise_id, [])
    assert permit["changes"] == []


def test_the_permit_of_another_enterprise_is_not_changed_and_the_step_says_why(world: World) -> None:
    issued(world, "qiye2")
    case_id = play(world, "一般变动：法定代表人变更")
    with world.rt.db.transaction() as conn:
        cause = conn.scalar(select(Incident.cause).where(Incident.case_id == case_id))
        status = conn.scalar(select(Case.status).where(Case.id == case_id))
        assert conn.scalar(text("SELECT count(*) FROM permit_change")) == 0
    assert status == "running"
    assert cause is not None
    assert NUMBER in cause


def test_an_entered_change_is_never_altered(world: World) -> None:
    issued(world)
    play(world, "一般变动：法定代表人变更")
    with world.rt.db.transaction() as conn, pytest.raises(Exception, match=r"permission denied"):
        conn.execute(text("UPDATE permit_change SET content = '{}'"))


def test_a_permit_that_is_over_takes_no_change(world: World) -> None:
    permit_id = issued(world)
    with world.rt.db.transaction() as conn:
        conn.execute(text("UPDATE permit SET status = 'expired' WHERE id = :id"), {"id": permit_id})
        with pytest.raises(DomainError) as refused:
            permits.change(
                conn,
                kind="permit",
                number=NUMBER,
                enterprise_id=world.actor("qiye").enterprise_id or uuid.uuid4(),
                case_id=uuid.uuid4(),
                action="change",
                content={},
                decided_on=world.time.today(),
                now=world.time.now(),
            )
    assert refused.value.pointer == "permit_number"
