"""Clocks that officers stopped, let run again and extended, in a replay: the same dates come out, by whoever may do it now."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from tests.clocks.kit import RUNNING, again, reading, with_limit
from tests.conftest import World, key
from tests.kit import open_task
from tests.runtime.models import chain, node, publish
from tests.trying.kit import small
from workflows import cases, clockwork, foreseeing, objections
from workflows.foreseeing import Course
from workflows.replayacts import Left

FILL = node("userTask", "fill", role="preparer")
REVIEW = node("userTask", "review", role="reviewer")
EXTENSIBLE = with_limit("licence.decide")


def _begun(world: World, model: bytes = RUNNING) -> uuid.UUID:
    publish(world.rt, model, start_task="fill")
    return again(world)


def _pause(world: World, case_id: uuid.UUID, kind: str, days: int = 10) -> None:
    said = {"case_id": case_id, "matter": "eia", "kind": kind, "days": days, "reason": "复杂"}
    clockwork.pause(world.rt, world.actor("shencha"), key(), **said)


def _resume(world: World, case_id: uuid.UUID, kind: str | None = None) -> None:
    clockwork.resume(world.rt, world.actor("qianfa"), key(), case_id=case_id, matter="eia", kind=kind)


def _finish(world: World, case_id: uuid.UUID) -> None:
    world.time.instant += timedelta(hours=1)
    task_id = open_task(world, case_id, "review")
    cases.complete(world.rt, world.actor("shencha"), key(), task_id=task_id, data={"remark": "好"})


def _files(model: bytes) -> dict[str, bytes]:
    return {**small(FILL), "process.bpmn": model}


def _played(world: World, case_id: uuid.UUID, model: bytes) -> Course:
    with world.rt.db.transaction() as conn:
        record = foreseeing.recording(conn, case_id)
    return foreseeing.play(world.rt, record, _files(model))


def _due(course: Course) -> date:
    due: date = course.matters["eia"]["due"]
    return due


def test_a_pause_and_its_end_give_the_same_last_day(world: World) -> None:
    case_id = _begun(world)
    without = reading(world, case_id).statutory_due
    world.time.move_to(date(2026, 9, 5))
    _pause(world, case_id, "expert_review")
    world.time.move_to(date(2026, 9, 15))
    _resume(world, case_id)
    _finish(world, case_id)
    course = _played(world, case_id, RUNNING)
    assert (course.problem, course.left) == (None, [])
    assert _due(course) == reading(world, case_id).statutory_due
    assert (_due(course) - without).days == 10
    assert foreseeing.foresee(world.rt, case_id, _files(RUNNING)).faithful


def test_of_two_pauses_the_one_that_was_ended_is_ended(world: World) -> None:
    case_id = _begun(world)
    world.time.move_to(date(2026, 9, 5))
    _pause(world, case_id, "expert_review")
    _pause(world, case_id, "hearing")
    world.time.move_to(date(2026, 9, 8))
    _resume(world, case_id, "hearing")
    world.time.move_to(date(2026, 9, 15))
    course = _played(world, case_id, RUNNING)
    assert reading(world, case_id).state == "paused"
    assert _due(course) is None, "the expert review still lasts"


def test_an_extension_is_played_with_its_days(world: World) -> None:
    case_id = _begun(world, EXTENSIBLE)
    before = reading(world, case_id).statutory_due
    said = {"case_id": case_id, "matter": "eia", "days": 5, "reason": "案情复杂"}
    clockwork.extend(world.rt, world.actor("qianfa"), key(), **said)
    _finish(world, case_id)
    course = _played(world, case_id, EXTENSIBLE)
    assert course.left == []
    assert _due(course) == reading(world, case_id).statutory_due > before


def test_what_another_limit_does_not_allow_is_left_out_and_told(world: World) -> None:
    case_id = _begun(world, EXTENSIBLE)
    said = {"case_id": case_id, "matter": "eia", "days": 5, "reason": "案情复杂"}
    clockwork.extend(world.rt, world.actor("qianfa"), key(), **said)
    _finish(world, case_id)
    found = foreseeing.foresee(world.rt, case_id, _files(RUNNING))
    assert found.left == (Left("extend", "eia"),)


def test_where_the_matter_is_not_opened_a_pause_is_left_out_and_told(world: World) -> None:
    case_id = _begun(world)
    _pause(world, case_id, "expert_review")
    _finish(world, case_id)
    found = foreseeing.foresee(world.rt, case_id, _files(chain(FILL, REVIEW)))
    assert found.left == (Left("pause", "eia"),)


def test_an_objection_is_not_played_and_said(world: World) -> None:
    case_id = _begun(world)
    said = {"kind": "limit", "grounds": "扣除时间过长", "wanted": "缩短"}
    objections.bring(world.rt, world.actor("qiye"), key(), case_id=case_id, **said)
    _finish(world, case_id)
    found = foreseeing.foresee(world.rt, case_id, _files(RUNNING))
    assert found.left == (Left("objection", "limit"),)
    assert found.same
