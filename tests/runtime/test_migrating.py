"""Running cases move to another version of their procedure: what fits goes on there, what does not says why."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from registers.errors import Conflict, DomainError, Forbidden
from tests.conftest import World, key
from tests.runtime.models import chain, node, parallel, publish
from workflows import cases, events, migrating
from workflows.models import Case, Deadline, Event, Task

OLD = chain(node("userTask", "fill", role="preparer"), node("userTask", "check", role="window"))
LONGER = chain(
    node("userTask", "fill", role="preparer"),
    node("userTask", "check", role="window"),
    node("userTask", "sign", role="head"),
)


def start(world: World) -> uuid.UUID:
    return uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])


def open_task(world: World, case_id: uuid.UUID) -> Any:
    with world.rt.db.transaction() as conn:
        return conn.execute(select(Task.__table__).where(Task.case_id == case_id, Task.status == "open")).one()


def complete(world: World, login: str, case_id: uuid.UUID) -> dict[str, Any]:
    task = open_task(world, case_id)
    return cases.complete(world.rt, world.actor(login), key(), task_id=task.id, data={"remark": "好"})


def move(world: World, case_id: uuid.UUID, target: uuid.UUID, **mapping: str) -> dict[str, Any]:
    return migrating.migrate(
        world.rt,
        world.actor("xitong"),
        key(),
        case_id=case_id,
        definition_id=target,
        mapping=mapping,
        reason="新法施行",
    )


def test_a_moved_case_goes_on_by_the_other_version(world: World) -> None:
    publish(world.rt, OLD)
    case_id = start(world)
    target = publish(world.rt, LONGER)
    move(world, case_id, target)
    complete(world, "qiye", case_id)
    complete(world, "chuangkou", case_id)
    assert open_task(world, case_id).element == "sign"
    complete(world, "qianfa", case_id)
    with world.rt.db.transaction() as conn:
        row = conn.execute(select(Case.status, Case.definition_id).where(Case.id == case_id)).one()
        told = conn.scalar(select(Event.data).where(Event.case_id == case_id, Event.kind == "migrated"))
        assert list(events.verify(conn, case_id)) == []
    assert (row.status, row.definition_id) == ("closed", target)
    assert told is not None
    assert (told["from_version"], told["to_version"], told["reason"]) == (1, 2, "新法施行")


def test_a_case_that_stands_where_the_other_version_has_nothing_is_refused_by_name(world: World) -> None:
    publish(world.rt, OLD)
    case_id = start(world)
    target = publish(world.rt, chain(node("userTask", "apply", role="preparer")))
    with pytest.raises(Conflict, match="fill"):
        move(world, case_id, target)
    with world.rt.db.transaction() as conn:
        (found,) = migrating.candidates(world.rt, conn, target)
        (mapped,) = migrating.candidates(world.rt, conn, target, {"fill": "apply"})
    assert [item.element for item in found.obstacles] == ["fill"]
    assert found.steps[0].choices == ("apply",)
    assert mapped.obstacles == ()
    move(world, case_id, target, fill="apply")
    assert complete(world, "qiye", case_id)["status"] == "closed"


def test_a_mapping_to_another_kind_of_element_is_refused(world: World) -> None:
    publish(world.rt, OLD)
    case_id = start(world)
    target = publish(world.rt, parallel(node("userTask", "apply", role="preparer")))
    with pytest.raises(Conflict, match="fill"):
        move(world, case_id, target, fill="split")


def test_what_waits_at_a_join_keeps_its_flow(world: World) -> None:
    sides = (node("userTask", "left", role="preparer"), node("userTask", "right", role="preparer"))
    publish(world.rt, parallel(*sides))
    case_id = start(world)
    with world.rt.db.transaction() as conn:
        left = conn.scalar(select(Task.id).where(Task.case_id == case_id, Task.element == "left"))
    assert left is not None
    cases.complete(world.rt, world.actor("qiye"), key(), task_id=left, data={"remark": "好"})
    gone = publish(world.rt, parallel(node("userTask", "other", role="preparer"), sides[1]))
    with pytest.raises(Conflict, match="flow_left_join"):
        move(world, case_id, gone)
    same = publish(world.rt, parallel(*sides, node("userTask", "third", role="preparer")))
    with world.rt.db.transaction() as conn:
        assert migrating.candidates(world.rt, conn, same)[0].obstacles == ()


def test_an_open_task_takes_over_role_form_and_limit_and_counts_from_its_first_day(world: World) -> None:
    publish(world.rt, chain(node("userTask", "check", role="window", limitRule="permit.deficiency")))
    case_id = start(world)
    task = open_task(world, case_id)
    world.time.move_to(date(2026, 9, 2))
    target = publish(world.rt, chain(node("userTask", "check", role="head", limitRule="eia.form.decide")))
    move(world, case_id, target)
    after = open_task(world, case_id)
    with world.rt.db.transaction() as conn:
        rows = conn.execute(select(Deadline.rule, Deadline.start_on, Deadline.result).order_by(Deadline.done_at)).all()
    assert (after.id, after.role, after.limit_rule) == (task.id, "head", "eia.form.decide")
    assert after.due_on > task.due_on
    assert [tuple(row) for row in rows] == [
        ("permit.deficiency", date(2026, 9, 1), "migrated"),
        ("eia.form.decide", date(2026, 9, 1), None),
    ]
    complete(world, "qianfa", case_id)


def test_a_move_can_be_undone_until_something_happens(world: World) -> None:
    first = publish(world.rt, OLD)
    case_id, other = start(world), start(world)
    before = open_task(world, case_id)
    target = publish(world.rt, chain(node("userTask", "apply", role="legal_representative")))
    for moved in (case_id, other):
        move(world, moved, target, fill="apply")
    with world.rt.db.transaction() as conn:
        assert {item["case_id"] for item in migrating.undoable(conn, target)} == {case_id, other}
    migrating.migrate_back(world.rt, world.actor("xitong"), key(), case_id=case_id)
    after = open_task(world, case_id)
    assert (after.element, after.role, after.name) == (before.element, before.role, before.name)
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Case.definition_id).where(Case.id == case_id)) == first
        assert list(events.verify(conn, case_id)) == []
    complete(world, "qiye", case_id)
    assert open_task(world, case_id).element == "check"
    cases.remark(world.rt, world.actor("qiye"), key(), case_id=other, text="说明")
    with pytest.raises(Conflict, match="case_went_on"):
        migrating.migrate_back(world.rt, world.actor("xitong"), key(), case_id=other)


def test_only_an_administrator_moves_cases_and_gives_a_reason(world: World) -> None:
    publish(world.rt, OLD)
    case_id = start(world)
    target = publish(world.rt, LONGER)
    for login in ("qiye", "chuangkou", "anquan"):
        with pytest.raises(Forbidden):
            migrating.migrate(
                world.rt, world.actor(login), key(), case_id=case_id, definition_id=target, reason="新法施行"
            )
    with pytest.raises(DomainError, match="required"):
        migrating.migrate(world.rt, world.actor("xitong"), key(), case_id=case_id, definition_id=target, reason=" ")


def test_a_case_moves_only_within_its_procedure_and_to_what_is_published(world: World) -> None:
    mine = publish(world.rt, OLD)
    case_id = start(world)
    with pytest.raises(Conflict, match="other_procedure"):
        move(world, case_id, publish(world.rt, OLD, "other"))
    with pytest.raises(Conflict, match="same_version"):
        move(world, case_id, mine)


def test_a_variable_the_other_version_declares_is_there_and_empty(world: World) -> None:
    publish(world.rt, OLD)
    case_id = start(world)
    target = publish(world.rt, LONGER, variables={"ratio": "number"})
    with world.rt.db.transaction() as conn:
        assert migrating.candidates(world.rt, conn, target)[0].new_variables == ("ratio",)
    move(world, case_id, target)
    complete(world, "qiye", case_id)
