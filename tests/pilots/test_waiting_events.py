"""While an event that may cost a pilot its place waits to be settled, nothing of the pilot is put off."""

from __future__ import annotations

import uuid
from datetime import date

import pytest
from sqlalchemy import select

from registers import pilots
from registers.errors import Conflict
from registers.pilot_tables import Pilot
from tests.conftest import World, key
from tests.pilots.test_events import EVENT, pilot_of
from tests.waste.kit import play, scenario
from workflows import formdata, majorevents, piloting
from workflows.scenarios import Player

CHANGED = "调整计划"


def _event(world: World, pilot_id: uuid.UUID) -> uuid.UUID:
    told = {**EVENT, "on": world.time.today()}
    made = majorevents.enter(world.rt, world.actor("shengjian"), key(), pilot_id=pilot_id, **told)
    return uuid.UUID(made["event_id"])


def _dismiss(world: World, pilot_id: uuid.UUID, event_id: uuid.UUID) -> None:
    told = {"pilot_id": pilot_id, "event_id": event_id, "outcome": "dismissed", "reason": "与试点无关"}
    majorevents.settle(world.rt, world.actor("shengjian"), key(), **told)


def _asked(world: World) -> tuple[Player, uuid.UUID]:
    """A pilot in its running phase that has asked for a change of its plan; the approval is open."""
    steps = scenario("pilot_evaluation", CHANGED)["steps"]
    approval = [place for place, step in enumerate(steps) if step.get("task") == "task_change"][-1]
    player = play(world, "pilot_evaluation", CHANGED, approval)
    with world.rt.db.transaction() as conn:
        pilot_id = conn.scalar(select(Pilot.id).where(Pilot.case_id == player.case_id))
    assert pilot_id is not None
    return player, pilot_id


def _approve(player: Player) -> None:
    steps = [step for step in scenario("pilot_evaluation", CHANGED)["steps"] if step.get("task") == "task_change"]
    player.take(steps[-1])


def _dates(world: World, pilot_id: uuid.UUID) -> dict[str, date | None]:
    with world.rt.db.transaction() as conn:
        return {task["key"]: task["current_on"] for task in pilots.tasks_of(conn, [pilot_id])[pilot_id]}


def test_an_approved_change_puts_nothing_off_while_an_event_waits_and_says_why(world: World) -> None:
    player, pilot_id = _asked(world)
    before = _dates(world, pilot_id)
    _event(world, pilot_id)
    _approve(player)
    assert _dates(world, pilot_id) == before
    with world.rt.db.transaction() as conn:
        told = formdata.variables_of(conn, player.compiled, player.case_id)["replanned"]
    assert told["moved"] == 0
    assert all("未处理" in problem["zh"] for problem in told["problems"]) and told["problems"]


def test_once_the_event_is_settled_a_change_goes_through(world: World) -> None:
    player, pilot_id = _asked(world)
    before = _dates(world, pilot_id)
    _dismiss(world, pilot_id, _event(world, pilot_id))
    _approve(player)
    assert _dates(world, pilot_id) != before


def test_a_pilot_without_a_case_is_not_put_off_either(world: World) -> None:
    pilot_id = pilot_of(world)
    piloting.assign(world.rt, world.actor("shengjian"), key(), pilot_id=pilot_id, lead="sip-eeb", approver="sz-eeb")
    task = next(name for name, on in _dates(world, pilot_id).items() if on is not None)
    event = _event(world, pilot_id)
    said = {"pilot_id": pilot_id, "key": task, "on": date(2027, 3, 1), "cause": "lead", "reason": "设备到货推迟"}
    with pytest.raises(Conflict, match="event_waits"):
        piloting.push(world.rt, world.actor("shencha"), key(), **said)
    _dismiss(world, pilot_id, event)
    assert piloting.push(world.rt, world.actor("shencha"), key(), **said)["moved"] >= 1
