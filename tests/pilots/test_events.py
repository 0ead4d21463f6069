"""Major events of pilots: entered by a supervisor at any time, settled by the approving body."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from registers import pilots
from registers.errors import Conflict, DomainError, Forbidden
from registers.pilot_tables import Pilot
from tests.conftest import TODAY, World, key
from tests.waste.kit import play, scenario
from workflows import majorevents, piloting
from workflows.models import Case
from workflows.notify import Message

EVENT = {"on": TODAY.isoformat(), "ground": "major_event", "said": "发生突发环境事件，影响下游饮用水源"}


def pilot_of(world: World, code: str = "PERMIT-05") -> uuid.UUID:
    with world.rt.db.transaction() as conn:
        found: uuid.UUID = pilots.by_code(conn, code)["id"]
    return found


def carried(world: World) -> tuple[uuid.UUID, uuid.UUID]:
    """A pilot whose case stands in its running phase: the pilot and the case."""
    player = play(world, "pilot_evaluation", RUNNING, 4)
    with world.rt.db.transaction() as conn:
        found = conn.execute(select(Pilot.id, Pilot.status).where(Pilot.case_id == player.case_id)).one()
    assert found.status == "running"
    return found.id, player.case_id


RUNNING = "企业问卷，通过评估"


def test_a_supervisor_enters_an_event_and_the_pilot_s_people_are_told(world: World, api: Any, at_page: Any) -> None:
    pilot_id = pilot_of(world)
    piloting.assign(world.rt, world.actor("shengjian"), key(), pilot_id=pilot_id, lead="sip-eeb", approver="sz-eeb")
    made = api("shengjian").post(f"/pilots/{pilot_id}/events", EVENT)
    assert api("shengjian").last.status_code == 201, made
    listed = {row["id"]: row["events"] for row in api("shengjian").get("/pilots", programme="permit-2021")["pilots"]}
    assert (listed[str(pilot_id)], sum(listed.values())) == (1, 1)
    assert "待处理情形1项" in at_page("shengjian")[0].get("/pilots?programme=permit-2021").get_data(as_text=True)
    page = at_page("shencha")[0].get(f"/pilots/{pilot_id}").get_data(as_text=True)
    assert "发生突发环境事件" in page
    assert "待处理" in page
    with world.rt.db.transaction() as conn:
        told = conn.scalars(select(Message.title).where(Message.user_id == world.actor("shencha").id)).all()
    assert any("发生重大环境事件" in title["zh"] for title in told)


def test_an_enterprise_and_a_stranger_enter_nothing(world: World, api: Any) -> None:
    pilot_id = pilot_of(world)
    assert api("qiye").post(f"/pilots/{pilot_id}/events", EVENT)["status"] == 404
    api("huiban").post(f"/pilots/{pilot_id}/events", EVENT)
    assert api("huiban").last.status_code == 403


def test_an_event_disqualifies_the_pilot_and_ends_its_case(world: World) -> None:
    pilot_id, case_id = carried(world)
    entered = majorevents.enter(
        world.rt, world.actor("shengjian"), key(), pilot_id=pilot_id, **{**EVENT, "on": world.time.today()}
    )
    told = {"pilot_id": pilot_id, "event_id": uuid.UUID(entered["event_id"]), "reason": "经核实属实"}
    with pytest.raises(Forbidden):
        majorevents.settle(world.rt, world.actor("shencha"), key(), **told, outcome="disqualified")
    majorevents.settle(world.rt, world.actor("shengjian"), key(), **told, outcome="disqualified")
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Case.status).where(Case.id == case_id)) == "cancelled"
        dossier = pilots.dossier(conn, pilot_id)
        assert pilots.one(conn, pilot_id)["status"] == "disqualified"
    grounds = {row["kind"]: row["ground"] for row in dossier["decisions"]}
    assert grounds["disqualified"] == "major_event"
    with pytest.raises(Conflict):
        majorevents.settle(world.rt, world.actor("shengjian"), key(), **told, outcome="dismissed")


def test_a_dismissed_event_leaves_the_pilot_as_it_was(world: World) -> None:
    pilot_id, case_id = carried(world)
    entered = majorevents.enter(
        world.rt, world.actor("shengjian"), key(), pilot_id=pilot_id, **{**EVENT, "on": world.time.today()}
    )
    told = {"pilot_id": pilot_id, "event_id": uuid.UUID(entered["event_id"]), "reason": "与试点无关"}
    majorevents.settle(world.rt, world.actor("shengjian"), key(), **told, outcome="dismissed")
    with world.rt.db.transaction() as conn:
        assert pilots.one(conn, pilot_id)["status"] == "running"
        assert conn.scalar(select(Case.status).where(Case.id == case_id)) == "running"


def test_missed_milestones_need_a_task_that_is_late(world: World) -> None:
    pilot_id, _ = carried(world)
    entered = majorevents.enter(
        world.rt,
        world.actor("shengjian"),
        key(),
        pilot_id=pilot_id,
        on=world.time.today(),
        ground="milestones_missed",
        said="任务未完成",
    )
    with pytest.raises(DomainError, match="not_late"):
        majorevents.settle(
            world.rt,
            world.actor("shengjian"),
            key(),
            pilot_id=pilot_id,
            event_id=uuid.UUID(entered["event_id"]),
            outcome="disqualified",
            reason="未按期",
        )


def test_a_pilot_does_not_pass_while_an_event_waits(world: World) -> None:
    steps = len(scenario("pilot_evaluation", RUNNING)["steps"])
    at = next(
        number
        for number, step in enumerate(scenario("pilot_evaluation", RUNNING)["steps"])
        if step.get("task") == "task_decide"
    )
    assert at < steps
    player = play(world, "pilot_evaluation", RUNNING, at)
    with world.rt.db.transaction() as conn:
        pilot_id = conn.scalar(select(Pilot.id).where(Pilot.case_id == player.case_id))
    assert pilot_id is not None
    told = {**EVENT, "on": world.time.today()}
    entered = majorevents.enter(world.rt, world.actor("shengjian"), key(), pilot_id=pilot_id, **told)
    decide = scenario("pilot_evaluation", RUNNING)["steps"][at]
    player.take(decide)
    assert [task["element"] for task in player.open_tasks()] == ["task_decide"]
    majorevents.settle(
        world.rt,
        world.actor("shengjian"),
        key(),
        pilot_id=pilot_id,
        event_id=uuid.UUID(entered["event_id"]),
        outcome="dismissed",
        reason="与试点无关",
    )
    player.take(decide)
    assert "task_decide" not in [task["element"] for task in player.open_tasks()]
