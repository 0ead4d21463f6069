"""Cases: one step is one transaction, repeated requests change nothing, agencies work side by side."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, func, select, text

from registers.accounts import Actor
from registers.errors import Conflict, DomainError, Forbidden, NotFound
from tests.conftest import World, key
from tests.runtime.models import chain, node, parallel, publish, service
from workflows import cases, deadlines, events, worklist
from workflows.models import Case, Event, Submission, Task

REMARK = {"remark": "好"}


def open_tasks(world: World, case_id: str) -> dict[str, uuid.UUID]:
    with world.rt.db.transaction() as conn:
        rows = conn.execute(
            select(Task.element, Task.id).where(Task.case_id == uuid.UUID(case_id), Task.status == "open")
        )
        return {row.element: row.id for row in rows}


def start(world: World, person: Actor, procedure: str = "trial") -> str:
    case_id: str = cases.start(world.rt, person, key(), procedure=procedure)["case_id"]
    return case_id


def complete(world: World, person: Actor, task_id: uuid.UUID, data: Any = REMARK) -> dict[str, Any]:
    return cases.complete(world.rt, person, key(), task_id=task_id, data=data)


@contextmanager
def counted(world: World) -> Iterator[dict[str, int]]:
    seen = {"statements": 0, "commits": 0}

    def statement(*_: Any) -> None:
        seen["statements"] += 1

    def commit(*_: Any) -> None:
        seen["commits"] += 1

    event.listen(world.rt.db.engine, "before_cursor_execute", statement)
    event.listen(world.rt.db.engine, "commit", commit)
    try:
        yield seen
    finally:
        event.remove(world.rt.db.engine, "before_cursor_execute", statement)
        event.remove(world.rt.db.engine, "commit", commit)


TWO = chain(
    node("userTask", "fill", role="preparer"), node("userTask", "check", role="window", limitRule="permit.deficiency")
)


def test_a_plain_step_needs_at_most_ten_statements_and_one_commit(world: World) -> None:
    publish(world.rt, TWO)
    person = world.actor("qiye")
    warm, case_id = start(world, person), start(world, person)
    # The first step of a process reads limit and calendar; from then on they are at hand.
    complete(world, person, open_tasks(world, warm)["fill"])
    task_id = open_tasks(world, case_id)["fill"]
    with counted(world) as seen:
        complete(world, person, task_id)
    assert seen["statements"] <= 10
    assert seen["commits"] == 1


def test_the_same_key_gives_the_same_answer_and_changes_nothing(world: World) -> None:
    publish(world.rt, TWO)
    person, once = world.actor("qiye"), key()
    case_id = start(world, person)
    task_id = open_tasks(world, case_id)["fill"]
    first = cases.complete(world.rt, person, once, task_id=task_id, data=REMARK)
    assert cases.complete(world.rt, person, once, task_id=task_id, data=REMARK) == first
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(func.count()).select_from(Submission)) == 1


def test_a_key_is_not_good_for_another_request(world: World) -> None:
    publish(world.rt, TWO)
    person, once = world.actor("qiye"), key()
    cases.start(world.rt, person, once, procedure="trial")
    with pytest.raises(Conflict, match="idempotency"):
        cases.start(world.rt, person, once, procedure="other")


def test_five_agencies_finish_parallel_tasks_of_one_case_at_once(world: World) -> None:
    publish(world.rt, parallel(*(node("userTask", f"part_{n}", role="reviewer") for n in range(5))))
    case_id = start(world, world.actor("qiye"))
    tasks = open_tasks(world, case_id)
    person, failures = world.actor("shencha"), []
    barrier = threading.Barrier(5)

    def work(task_id: uuid.UUID) -> None:
        barrier.wait()
        try:
            complete(world, person, task_id)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(task_id,)) for task_id in tasks.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Case.status).where(Case.id == uuid.UUID(case_id))) == "closed"
        assert list(events.verify(conn)) == []


def test_ten_identical_submissions_at_once_are_one(world: World) -> None:
    publish(world.rt, parallel(*(node("userTask", f"part_{n}", role="reviewer") for n in range(2))))
    case_id = start(world, world.actor("qiye"))
    task_id = open_tasks(world, case_id)["part_0"]
    people = [world.actor("shencha"), world.actor("shencha2")]
    outcomes: list[str] = []
    barrier = threading.Barrier(10)

    def work(person: Actor) -> None:
        barrier.wait()
        try:
            complete(world, person, task_id)
            outcomes.append("done")
        except Conflict as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=work, args=(people[n % 2],)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", *["task_done"] * 9]
    with world.rt.db.transaction() as conn:
        kinds = [line["kind"] for line in events.history(conn, uuid.UUID(case_id))]
    assert "tasks_cancelled" not in kinds
    assert kinds.count("submitted") == 1


def test_of_two_officers_on_one_task_one_succeeds_and_the_other_is_told(world: World) -> None:
    publish(world.rt, chain(node("userTask", "review", role="reviewer")))
    case_id = start(world, world.actor("qiye"))
    task_id = open_tasks(world, case_id)["review"]
    complete(world, world.actor("shencha"), task_id)
    with pytest.raises(Conflict) as refused:
        complete(world, world.actor("shencha2"), task_id)
    assert refused.value.code in ("task_done", "case_closed")


def test_a_claimed_task_belongs_to_its_holder_until_released(world: World) -> None:
    publish(world.rt, chain(node("userTask", "review", role="reviewer")))
    case_id = start(world, world.actor("qiye"))
    task_id = open_tasks(world, case_id)["review"]
    first, second = world.actor("shencha"), world.actor("shencha2")
    worklist.claim(world.rt, first, key(), task_id=task_id)
    with pytest.raises(Conflict, match="task_taken"):
        worklist.claim(world.rt, second, key(), task_id=task_id)
    with pytest.raises(Conflict, match="task_taken"):
        complete(world, second, task_id)
    worklist.release(world.rt, first, key(), task_id=task_id, reason="出差")
    complete(world, second, task_id)


def test_the_head_assigns_a_task_and_others_may_not(world: World) -> None:
    publish(world.rt, chain(node("userTask", "review", role="reviewer")))
    task_id = open_tasks(world, start(world, world.actor("qiye")))["review"]
    to = world.actor("shencha2").id
    with pytest.raises(Forbidden):
        worklist.assign(world.rt, world.actor("shencha"), key(), task_id=task_id, user_id=to)
    worklist.assign(world.rt, world.actor("qianfa"), key(), task_id=task_id, user_id=to)
    with world.rt.db.transaction() as conn:
        assert worklist.tasks(conn, world.actor("shencha2"), scope="claimed").total == 1
        assert worklist.tasks(conn, world.actor("shencha"), scope="mine").total == 0


def test_a_stand_in_acts_with_the_roles_of_the_absent_colleague_for_the_period_only(world: World) -> None:
    publish(world.rt, chain(node("userTask", "sign", role="head")))
    task_id = open_tasks(world, start(world, world.actor("qiye")))["sign"]
    with pytest.raises(Forbidden):
        complete(world, world.actor("shencha"), task_id)
    today = world.time.today()
    worklist.lend(
        world.rt, world.actor("qianfa"), key(), to_user_id=world.actor("shencha").id, valid_from=today,
        valid_to=today + timedelta(days=3), reason="休假",
    )  # fmt: skip
    world.time.move_to(today + timedelta(days=4))
    with pytest.raises(Forbidden):
        complete(world, world.actor("shencha"), task_id)
    worklist.lend(
        world.rt, world.actor("qianfa"), key(), to_user_id=world.actor("shencha").id, valid_from=world.time.today(),
        valid_to=world.time.today(), reason="会议",
    )  # fmt: skip
    assert complete(world, world.actor("shencha"), task_id)["status"] == "closed"


def test_the_applicant_withdraws_and_nothing_stays_open(world: World) -> None:
    publish(world.rt, TWO)
    person = world.actor("qiye")
    case_id = start(world, person)
    complete(world, person, open_tasks(world, case_id)["fill"])
    with pytest.raises(Forbidden):
        cases.withdraw(world.rt, world.actor("chuangkou"), key(), case_id=uuid.UUID(case_id), reason="x")
    cases.withdraw(world.rt, person, key(), case_id=uuid.UUID(case_id), reason="项目取消")
    assert open_tasks(world, case_id) == {}
    with world.rt.db.transaction() as conn:
        assert conn.scalar(text("SELECT count(*) FROM deadline WHERE done_at IS NULL")) == 0
        assert conn.scalar(select(Case.status).where(Case.id == uuid.UUID(case_id))) == "withdrawn"


def test_the_authority_cancels_only_with_a_reason(world: World) -> None:
    publish(world.rt, TWO)
    case_id = uuid.UUID(start(world, world.actor("qiye")))
    with pytest.raises(DomainError):
        cases.cancel(world.rt, world.actor("qianfa"), key(), case_id=case_id, reason="  ")
    cases.cancel(world.rt, world.actor("qianfa"), key(), case_id=case_id, reason="申请单位已注销")


def test_a_closed_case_is_corrected_beside_the_submission_never_in_it(world: World) -> None:
    publish(world.rt, chain(node("userTask", "fill", role="preparer")))
    person = world.actor("qiye")
    case_id = start(world, person)
    complete(world, person, open_tasks(world, case_id)["fill"], {"remark": "旧"})
    with world.rt.db.transaction() as conn:
        submission = conn.scalar(select(Submission.id))
    made = cases.correct(
        world.rt, world.actor("shencha"), key(), case_id=uuid.UUID(case_id), submission_id=submission, path="remark",
        value="新", reason="笔误",
    )  # fmt: skip
    assert (made["old"], made["new"]) == ("旧", "新")
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Submission.data)) == {"remark": "旧"}
        assert events.history(conn, uuid.UUID(case_id))[-1]["kind"] == "corrected"
        assert list(events.verify(conn)) == []


def test_a_failed_rule_stops_the_step_and_loses_nothing(world: World) -> None:
    publish(
        world.rt,
        chain(
            node("userTask", "fill", role="preparer"),
            service("decide", "matter.decide", matter="'eia'", outcome="'approved'"),
        ),
    )
    person = world.actor("qiye")
    case_id = start(world, person)
    answer = complete(world, person, open_tasks(world, case_id)["fill"])
    assert answer["incidents"] == 1
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(func.count()).select_from(Submission)) == 1
        assert conn.scalar(select(Case.status)) == "running"
    with pytest.raises(Forbidden):
        cases.retry(world.rt, world.actor("shencha"), key(), case_id=uuid.UUID(case_id))
    # The cause is mended (the matter the model forgot to open is there now), then the step goes through.
    with world.rt.db.transaction() as conn:
        conn.execute(
            text(
                "INSERT INTO matter (id, case_id, kind, klass, status, opened_on)"
                " VALUES (gen_random_uuid(), :case, 'eia', 'form', 'open', '2026-09-01')"
            ),
            {"case": case_id},
        )
    again = cases.retry(world.rt, world.actor("xitong"), key(), case_id=uuid.UUID(case_id))
    assert (again["status"], again["incidents"]) == ("closed", 0)


def test_a_limit_that_runs_out_fires_once_however_many_nodes_sweep(world: World) -> None:
    publish(
        world.rt,
        chain(
            node("userTask", "fill", role="preparer"),
            '<bpmn:intermediateCatchEvent id="period" name="period"><bpmn:extensionElements><spiffworkflow:properties>'
            '<spiffworkflow:property name="limitRule" value="eia.intended_notice"/></spiffworkflow:properties>'
            "</bpmn:extensionElements><bpmn:messageEventDefinition/></bpmn:intermediateCatchEvent>",
        ),
    )
    person = world.actor("qiye")
    case_id = start(world, person)
    complete(world, person, open_tasks(world, case_id)["fill"])
    assert deadlines.sweep(world.rt) == 0
    world.time.move_to(world.time.today() + timedelta(days=30))
    fired: list[int] = []
    threads = [threading.Thread(target=lambda: fired.append(deadlines.sweep(world.rt))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with world.rt.db.transaction() as conn:
        lines = [line["kind"] for line in events.history(conn, uuid.UUID(case_id))]
        assert lines.count("deadline") == 1
        assert conn.scalar(select(Case.status)) == "closed"


def test_a_reminder_is_written_once_and_the_task_stays(world: World) -> None:
    publish(world.rt, TWO)
    person = world.actor("qiye")
    case_id = start(world, person)
    complete(world, person, open_tasks(world, case_id)["fill"])
    world.time.move_to(world.time.today() + timedelta(days=30))
    deadlines.sweep(world.rt)
    deadlines.sweep(world.rt)
    worklist.claim(world.rt, world.actor("chuangkou"), key(), task_id=open_tasks(world, case_id)["check"])
    deadlines.sweep(world.rt)
    with world.rt.db.transaction() as conn:
        lines = [line["kind"] for line in events.history(conn, uuid.UUID(case_id))]
    assert lines.count("deadline") == 1
    assert "check" in open_tasks(world, case_id)


def test_an_altered_line_of_the_record_is_found(world: World) -> None:
    publish(world.rt, TWO)
    case_id = start(world, world.actor("qiye"))
    with world.rt.db.transaction() as conn, pytest.raises(Exception, match=r"permission denied|never changed"):
        conn.execute(text("UPDATE event SET data = '{}'"))
    # Even the owner of the tables, who can switch the trigger off, leaves a trace.
    with psycopg.connect(world.owner_url.replace("+psycopg", "")) as raw:
        raw.execute("SELECT set_config('app.everything', 'on', false)")
        raw.execute("ALTER TABLE event DISABLE TRIGGER USER")
        raw.execute('UPDATE event SET data = \'{"number": "other"}\' WHERE seq = 1')
    with world.rt.db.transaction() as conn:
        assert [(fault.seq, fault.what) for fault in events.verify(conn, uuid.UUID(case_id))] == [(1, "altered")]


def test_a_removed_last_line_of_the_record_is_found(world: World) -> None:
    publish(world.rt, TWO)
    case_id = start(world, world.actor("qiye"))
    with psycopg.connect(world.owner_url.replace("+psycopg", "")) as raw:
        raw.execute("SELECT set_config('app.everything', 'on', false)")
        raw.execute("ALTER TABLE event DISABLE TRIGGER USER")
        raw.execute("DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)")
    with world.rt.db.transaction() as conn:
        assert [fault.what for fault in events.verify(conn, uuid.UUID(case_id))] == ["end of the chain missing"]


def test_running_cases_keep_their_version(world: World) -> None:
    publish(world.rt, TWO)
    person = world.actor("qiye")
    old = start(world, person)
    publish(world.rt, chain(node("userTask", "other", role="preparer")))
    new = start(world, person)
    assert list(open_tasks(world, old)) == ["fill"]
    assert list(open_tasks(world, new)) == ["other"]


def test_a_task_of_a_foreign_model_can_be_done_with_a_remark(world: World) -> None:
    publish(world.rt, chain('<bpmn:userTask id="anything"/>'), procedure="plain")
    person = world.actor("qiye")
    case_id = start(world, person, "plain")
    assert complete(world, person, open_tasks(world, case_id)["anything"], {"remark": "已办"})["status"] == "closed"


def test_a_designer_tries_a_model_without_an_applicant_and_nobody_else_sees_the_trial(world: World) -> None:
    publish(world.rt, chain('<bpmn:userTask id="anything"/>'), procedure="plain")
    designer = world.actor("sheji")
    case_id = start(world, designer, "plain")
    stranger = world.actor("qiye2")
    with world.rt.db.transaction(stranger.scope) as conn:
        assert worklist.cases(conn, stranger).total == 0
    assert complete(world, designer, open_tasks(world, case_id)["anything"])["status"] == "closed"


def test_another_enterprise_sees_nothing_and_is_told_nothing(world: World) -> None:
    publish(world.rt, TWO)
    case_id = start(world, world.actor("qiye"))
    task_id = open_tasks(world, case_id)["fill"]
    stranger = world.actor("qiye2")
    with pytest.raises(NotFound):
        complete(world, stranger, task_id)
    with pytest.raises(NotFound):
        cases.remark(world.rt, stranger, key(), case_id=uuid.UUID(case_id), text="x")
    with world.rt.db.transaction(stranger.scope) as conn:
        assert worklist.cases(conn, stranger).total == 0
        # The second wall: even a query that forgets the filter finds nothing.
        assert conn.scalar(select(func.count()).select_from(Case)) == 0
        assert conn.scalar(select(func.count()).select_from(Event)) == 0


def test_a_supervisor_sees_the_cases_of_the_bodies_below(world: World) -> None:
    publish(world.rt, TWO)
    start(world, world.actor("qiye"))
    above = world.actor("jianguan")
    with world.rt.db.transaction(above.scope) as conn:
        assert worklist.cases(conn, above).total == 1
