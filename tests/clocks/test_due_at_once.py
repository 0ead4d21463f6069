"""Many deadlines due at one instant: nodes killed in between, cases that cannot go on, deadlines that end each other."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from tests.clocks.kit import again, begin, lines, messages
from tests.clocks.test_sweeping import node as sweeping_node
from tests.conftest import World, key
from tests.kit import open_task
from tests.runtime.models import node, process, publish
from workflows import cases, deadlines, events
from workflows.models import Case, Deadline, Event, Task

# The applicant files; then an officer has a task under a limit beside a timer with a task after it.
BOTH = process(
    [
        '<bpmn:startEvent id="begin"/>',
        node("userTask", "fill", role="preparer"),
        '<bpmn:parallelGateway id="split"/>',
        node("userTask", "review", role="reviewer", limitRule="eia.form.decide"),
        '<bpmn:intermediateCatchEvent id="wait"><bpmn:timerEventDefinition><bpmn:timeDuration>P30D</bpmn:timeDuration>'
        "</bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>",
        node("userTask", "look", role="reviewer"),
        '<bpmn:parallelGateway id="join"/>',
        '<bpmn:endEvent id="finish"/>',
    ],
    [
        ("begin", "fill"),
        ("fill", "split"),
        ("split", "review"),
        ("split", "wait"),
        ("wait", "look"),
        ("review", "join"),
        ("look", "join"),
        ("join", "finish"),
    ],
)


def open_deadlines(world: World) -> int:
    with world.rt.db.transaction() as conn:
        return len(conn.scalars(select(Deadline.id).where(Deadline.done_at.is_(None))).all())


def told(world: World) -> Counter[tuple[uuid.UUID, str | None]]:
    """How often the record of each case speaks of each element's deadline."""
    with world.rt.db.transaction() as conn:
        rows = conn.execute(select(Event.case_id, Event.element).where(Event.kind == "deadline")).all()
    return Counter((row.case_id, row.element) for row in rows)


def test_timers_and_reminders_of_sixty_cases_act_once_each_though_two_of_four_nodes_are_killed(world: World) -> None:
    ids = [begin(world, BOTH), *(again(world) for _ in range(59))]
    world.time.move_to(world.time.today() + timedelta(days=60))
    nodes = [sweeping_node(world) for _ in range(4)]
    for victim, share in ((nodes[0], 5), (nodes[1], 40)):
        limit = time.monotonic() + 60
        while sum(told(world).values()) < share and time.monotonic() < limit:
            time.sleep(0.005)
        os.kill(victim, signal.SIGKILL)
    limit = time.monotonic() + 60
    while open_deadlines(world) and time.monotonic() < limit:
        time.sleep(0.05)
    for child in nodes[2:]:
        os.kill(child, signal.SIGKILL)
    for child in nodes:
        os.waitpid(child, 0)
    assert told(world) == {(case_id, element): 1 for case_id in ids for element in ("review", "wait")}
    with world.rt.db.transaction() as conn:
        assert list(events.verify(conn)) == []
        assert len(conn.scalars(select(Task.id).where(Task.element == "look", Task.status == "open")).all()) == 60


def test_a_reminder_goes_to_those_offered_the_task_and_the_case_no_longer_waits_for_it(world: World) -> None:
    case_id = begin(world, BOTH)
    world.time.move_to(world.time.today() + timedelta(days=60))
    deadlines.sweep(world.rt)
    assert any("“review”期限" in title for title in messages(world, "shencha", "reminder"))
    assert any("“review”期限" in title for title in messages(world, "qianfa", "reminder"))
    assert not any("“review”期限" in title for title in messages(world, "qiye", "reminder"))
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Case.open_work).where(Case.id == case_id))["deadlines"] == []
    for element in ("review", "look"):
        cases.complete(world.rt, world.actor("shencha"), key(), task_id=open_task(world, case_id, element), data={})
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Case.status).where(Case.id == case_id)) == "closed"
        assert list(events.verify(conn)) == []


def boundary(name: str, days: int) -> str:
    return (
        f'<bpmn:boundaryEvent id="{name}" name="{name}" attachedToRef="fill" cancelActivity="true">'
        f"<bpmn:timerEventDefinition><bpmn:timeDuration>P{days}D</bpmn:timeDuration></bpmn:timerEventDefinition>"
        "</bpmn:boundaryEvent>"
    )


def test_a_deadline_that_another_one_due_with_it_takes_away_does_not_act(world: World) -> None:
    model = process(
        [
            '<bpmn:startEvent id="begin"/>',
            node("userTask", "fill", role="preparer"),
            boundary("first", 10),
            boundary("second", 20),
            node("userTask", "after_first", role="reviewer"),
            node("userTask", "after_second", role="reviewer"),
            '<bpmn:endEvent id="finish"/>',
        ],
        [
            ("begin", "fill"),
            ("first", "after_first"),
            ("second", "after_second"),
            ("fill", "finish"),
            ("after_first", "finish"),
            ("after_second", "finish"),
        ],
    )
    publish(world.rt, model)
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    world.time.move_to(world.time.today() + timedelta(days=60))
    deadlines.sweep(world.rt)
    with world.rt.db.transaction() as conn:
        results = {row.element: row.result for row in conn.execute(select(Deadline.element, Deadline.result))}
        elements = conn.scalars(select(Task.element).where(Task.case_id == case_id, Task.status == "open")).all()
        assert list(events.verify(conn)) == []
    assert (results, list(elements)) == ({"first": "timer", "second": "not needed"}, ["after_first"])
    assert [line["effect"] for line in lines(world, case_id, "deadline")] == ["timer"]


@pytest.mark.parametrize("broken", [0, 2])
def test_a_case_that_cannot_go_on_holds_up_no_other(world: World, broken: int) -> None:
    ids = [begin(world, BOTH), again(world), again(world)]
    with world.rt.db.transaction() as conn:
        conn.execute(text("UPDATE cases SET state = 'unreadable' WHERE id = :id"), {"id": ids[broken]})
    world.time.move_to(world.time.today() + timedelta(days=60))
    for _ in range(2):
        deadlines.sweep(world.rt)
    acted = told(world)
    assert [acted[case_id, "wait"] for case_id in ids] == [int(n != broken) for n in range(3)]
    assert open_deadlines(world) == 1
