"""Officers pause, resume and extend clocks; each step makes its letter, its line and the calls of the clock."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from docx import Document
from sqlalchemy import select

from registers import files
from registers.errors import DomainError, Forbidden
from tests.clocks.kit import begin, calls, lines, messages, reading, with_limit
from tests.conftest import World, key
from tests.kit import open_task
from workflows import cases, clockwork, deadlines
from workflows.models import Letter

# The EIA form has 30 days: started on 1 September it ends on 1 October.
DUE = date(2026, 10, 1)


def pause(world: World, case_id, login="shencha", **more):
    facts = {"matter": "eia", "kind": "expert_review", "days": 15, "reason": "专家评审会", **more}
    return clockwork.pause(world.rt, world.actor(login), key(), case_id=case_id, **facts)


def test_a_started_clock_has_one_call_for_each_light(world: World) -> None:
    case_id = begin(world)
    assert calls(world, case_id) == {
        "yellow": date(2026, 9, 21),
        "red": date(2026, 9, 28),
        "overdue": DUE + timedelta(days=1),
    }


def test_a_suspension_moves_the_deadline_and_shows_since_when(world: World) -> None:
    case_id = begin(world)
    world.time.move_to(date(2026, 9, 5))
    pause(world, case_id)
    assert reading(world, case_id).state == "paused"
    assert calls(world, case_id) == {"pause_over": date(2026, 9, 20)}
    world.time.move_to(date(2026, 9, 15))
    clockwork.resume(world.rt, world.actor("qianfa"), key(), case_id=case_id, matter="eia")
    shown = reading(world, case_id)
    assert shown.statutory_due == DUE + timedelta(days=10)
    assert [(item.start, item.end) for item in shown.pauses] == [(date(2026, 9, 5), date(2026, 9, 15))]
    assert calls(world, case_id)["overdue"] == DUE + timedelta(days=11)


def test_a_pause_makes_the_written_notice_to_the_applicant_in_the_same_step(world: World) -> None:
    case_id = begin(world)
    number = pause(world, case_id)["number"]
    with world.rt.db.transaction() as conn:
        letter = conn.execute(select(Letter.__table__).where(Letter.case_id == case_id)).mappings().one()
    text = "\n".join(
        line.text
        for line in Document(io.BytesIO(files.path_of(world.rt.files_root, letter["sha256"]).read_bytes())).paragraphs
    )
    assert letter["number"] == number and "专家评审" in text and "15" in text
    assert lines(world, case_id, "clock_paused")[0]["letter"] == number
    assert any(number in title for title in messages(world, "qiye", "letter"))


def test_a_procedure_the_law_does_not_name_does_not_stop_the_clock(world: World) -> None:
    case_id = begin(world)
    with pytest.raises(DomainError) as refused:
        pause(world, case_id, kind="testing")
    assert refused.value.code == "pause_not_allowed"
    assert calls(world, case_id)["overdue"] == DUE + timedelta(days=1)


@pytest.mark.parametrize("login", ["qiye", "chuangkou", "zhuanjia", "jianguan"])
def test_only_reviewer_and_head_of_the_deciding_body_pause_a_clock(world: World, login: str) -> None:
    case_id = begin(world)
    with pytest.raises(Forbidden):
        pause(world, case_id, login)


def test_an_extension_moves_the_date_once_and_survives_every_later_step(world: World) -> None:
    case_id = begin(world, with_limit("licence.decide"))
    before = reading(world, case_id).statutory_due
    answer = clockwork.extend(
        world.rt, world.actor("qianfa"), key(), case_id=case_id, matter="eia", days=10, reason="案情复杂"
    )
    extended = reading(world, case_id).statutory_due
    assert extended > before and answer["statutory_due"] == extended.isoformat()
    cases.remark(world.rt, world.actor("shencha"), key(), case_id=case_id, text="备注")
    pause(world, case_id)
    clockwork.resume(world.rt, world.actor("shencha"), key(), case_id=case_id, matter="eia")
    assert reading(world, case_id).statutory_due == extended
    said = lines(world, case_id, "clock_extended")[0]
    assert (said["approved_by"], said["reason"]) == ("张局长", "案情复杂")


def test_the_letter_shows_the_same_date_as_the_page(world: World) -> None:
    case_id = begin(world, with_limit("licence.decide"))
    clockwork.extend(world.rt, world.actor("qianfa"), key(), case_id=case_id, matter="eia", days=5, reason="复杂")
    due = reading(world, case_id).statutory_due
    with world.rt.db.transaction() as conn:
        values = conn.scalar(select(Letter.content_values).where(Letter.case_id == case_id))
    assert values["new_due"] == f"{due.year}年{due.month}月{due.day}日"


def test_no_law_extends_an_eia_so_nobody_can(world: World) -> None:
    case_id = begin(world)
    with pytest.raises(DomainError) as refused:
        clockwork.extend(world.rt, world.actor("qianfa"), key(), case_id=case_id, matter="eia", days=5, reason="忙")
    assert refused.value.code == "extension_not_allowed"


def test_only_the_head_extends(world: World) -> None:
    case_id = begin(world, with_limit("licence.decide"))
    with pytest.raises(Forbidden):
        clockwork.extend(world.rt, world.actor("shencha"), key(), case_id=case_id, matter="eia", days=5, reason="忙")


def test_joint_handling_is_extended_with_the_name_of_the_government_head(world: World) -> None:
    case_id = begin(world, with_limit("licence.joint.decide"))
    facts = {"case_id": case_id, "matter": "eia", "days": 15, "reason": "涉及部门多"}
    with pytest.raises(DomainError) as refused:
        clockwork.extend(world.rt, world.actor("qianfa"), key(), **facts)
    assert refused.value.pointer == "approved_by"
    clockwork.extend(world.rt, world.actor("qianfa"), key(), approved_by="王区长", **facts)
    assert lines(world, case_id, "clock_extended")[0]["approved_by"] == "王区长"


def test_a_decision_silences_the_clock(world: World) -> None:
    case_id = begin(world)
    task_id = open_task(world, case_id, "review")
    cases.complete(world.rt, world.actor("shencha"), key(), task_id=task_id, data={"remark": "准予"})
    assert calls(world, case_id) == {}
    assert any("准予" in title for title in messages(world, "qiye", "decision"))


def test_a_withdrawn_case_calls_nobody(world: World) -> None:
    case_id = begin(world)
    cases.withdraw(world.rt, world.actor("qiye"), key(), case_id=case_id, reason="不办了")
    assert calls(world, case_id) == {}


def test_yellow_reminds_red_urges_the_head_overdue_reaches_the_supervisor(world: World) -> None:
    case_id = begin(world)
    world.time.move_to(date(2026, 9, 21))
    deadlines.sweep(world.rt)
    assert len(messages(world, "shencha", "reminder")) == 1 and not messages(world, "qianfa")
    world.time.move_to(date(2026, 9, 28))
    deadlines.sweep(world.rt)
    assert len(messages(world, "qianfa", "escalation")) == 1 and not messages(world, "jianguan")
    world.time.move_to(date(2026, 10, 2))
    deadlines.sweep(world.rt)
    assert len(messages(world, "qianfa", "escalation")) == 2
    assert "超期督办" in messages(world, "jianguan", "escalation")[0]
    assert [len(lines(world, case_id, f"clock_{stage}")) for stage in ("yellow", "red", "overdue")] == [1, 1, 1]
    assert "第" in lines(world, case_id, "clock_overdue")[0]["basis"]


def test_when_the_announced_length_of_a_pause_is_over_somebody_is_told(world: World) -> None:
    case_id = begin(world)
    pause(world, case_id, days=7)
    world.time.move_to(date(2026, 9, 8))
    deadlines.sweep(world.rt)
    assert "请核实是否恢复计时" in messages(world, "shencha", "reminder")[0]
    assert reading(world, case_id).state == "paused"
