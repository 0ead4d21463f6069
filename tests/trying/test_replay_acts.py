"""What officers did beside the tasks is in a replay as it was recorded, and what is not is said with the case."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from tests.conftest import World, key
from tests.runtime.models import chain, node, publish, service
from tests.trying.kit import small
from workflows import cases, foreseeing, incidents
from workflows.models import Case, Incident, Submission, Task
from workflows.replayacts import Left

HOUR = timedelta(hours=1)
FILL = node("userTask", "fill", role="preparer", result="answer")
LETTER = service("letter", "letter.draft", "made", letter="answer.remark", values="{'reason': '测试'}")
AFTER = node("userTask", "after", role="window")


def _task(world: World, case_id: uuid.UUID) -> uuid.UUID:
    with world.rt.db.transaction() as conn:
        found = conn.scalar(select(Task.id).where(Task.case_id == case_id, Task.status == "open"))
    assert found is not None
    return found


def _stopped(world: World) -> tuple[uuid.UUID, uuid.UUID]:
    """A case that has stopped at its letter, for want of one of that name."""
    publish(world.rt, chain(FILL, LETTER, AFTER), start_task="fill")
    started = cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")
    case_id = uuid.UUID(started["case_id"])
    cases.complete(world.rt, world.actor("qiye"), key(), task_id=_task(world, case_id), data={"remark": "nothing"})
    with world.rt.db.transaction() as conn:
        incident = conn.scalar(select(Incident.id).where(Incident.case_id == case_id))
    assert incident is not None
    return case_id, incident


def _ended(world: World, mend: Callable[[uuid.UUID, uuid.UUID], None]) -> uuid.UUID:
    """A past case whose stopped step was got over in some way."""
    case_id, incident = _stopped(world)
    world.time.instant += HOUR
    mend(case_id, incident)
    world.time.instant += HOUR
    cases.complete(world.rt, world.actor("chuangkou"), key(), task_id=_task(world, case_id), data={"remark": "好"})
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Case.status).where(Case.id == case_id)) == "closed"
    return case_id


def _skip(world: World) -> Callable[[uuid.UUID, uuid.UUID], None]:
    def act(_: uuid.UUID, incident: uuid.UUID) -> None:
        incidents.skip(world.rt, world.actor("xitong"), key(), incident_id=incident, reason="不需要", result=None)

    return act


def _mend(world: World) -> Callable[[uuid.UUID, uuid.UUID], None]:
    def act(case_id: uuid.UUID, incident: uuid.UUID) -> None:
        cases.retry(world.rt, world.actor("xitong"), key(), case_id=case_id)
        world.time.instant += HOUR
        with world.rt.db.transaction() as conn:
            query = select(Incident.id).where(Incident.case_id == case_id, Incident.resolved_at.is_(None))
            incident = conn.scalar(query) or incident
        said = {"path": "answer.remark", "value": "withdrawal_notice", "reason": "名称写错"}
        made = incidents.propose(world.rt, world.actor("xitong"), key(), incident_id=incident, **said)
        mend_id = uuid.UUID(str(made["mend_id"]))
        incidents.decide(world.rt, world.actor("qianfa"), key(), mend_id=mend_id, accept=True)

    return act


def test_a_step_that_was_skipped_is_skipped_in_the_replay(world: World) -> None:
    case_id = _ended(world, _skip(world))
    same = foreseeing.foresee(world.rt, case_id, small(FILL, LETTER, AFTER))
    assert (same.faithful, same.same, same.left) == (True, True, ())


def test_where_the_step_does_not_stop_the_skip_is_left_out_and_told(world: World) -> None:
    case_id = _ended(world, _skip(world))
    found = foreseeing.foresee(world.rt, case_id, small(FILL, AFTER))
    assert found.left == (Left("skip", "letter"),)
    assert found.faithful


def test_data_put_right_by_two_people_are_put_right_in_the_replay(world: World) -> None:
    case_id = _ended(world, _mend(world))
    same = foreseeing.foresee(world.rt, case_id, small(FILL, LETTER, AFTER))
    assert (same.faithful, same.same, same.left) == (True, True, ())


def test_a_correction_after_the_end_is_never_played_and_said(world: World) -> None:
    case_id = _ended(world, _skip(world))
    with world.rt.db.transaction() as conn:
        record = foreseeing.recording(conn, case_id)
        submission = conn.scalar(select(Submission.id).where(Submission.case_id == case_id).limit(1))
    assert [kind for _, kind, _ in record.acts] == ["submit", "skip", "submit"]
    assert record.never == ()
    corrected = {"submission_id": submission, "path": "remark", "value": "something", "reason": "笔误"}
    cases.correct(world.rt, world.actor("qianfa"), key(), case_id=case_id, **corrected)
    found = foreseeing.foresee(world.rt, case_id, small(FILL, LETTER, AFTER))
    assert found.left == (Left("corrected", "remark"),)
    assert found.same
