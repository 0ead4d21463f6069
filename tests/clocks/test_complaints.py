"""What users of permitting programs asked for or complained of, in their words, answered by this one.

The complaints come from the public issue trackers of other programs (suspension that moves no date, extensions lost by a later
save, letters with another date than the page, reports counted wrong ...); one test or more for each kind.
"""

from __future__ import annotations

import io
import re
import threading
import time
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from docx import Document
from sqlalchemy import insert, select, text

from registers import files
from registers.db import uuid7
from registers.obligations import Obligation
from registers.permits import Permit
from registers.timesource import SystemTime
from tests.clocks.kit import again, begin, calls, messages, permit, reading, with_limit
from tests.conftest import World, key
from tests.forms.test_case_letters import play
from tests.kit import open_task
from tests.runtime.models import _HEAD, chain, node, publish, service
from tests.web.conftest import Api
from workflows import cases, clockwork, cron, deadlines, milestoning, recompute, worklist
from workflows.deadlines import Alarm
from workflows.lights import ClockAlarm
from workflows.models import Case, Deadline, Letter, Matter, Submission, Task
from workflows.runtime import Runtime

Person = Callable[[str], Api]
# Twenty working days of the general licensing rule from 1 September 2026, the make-up Sunday of 20 September counted:
# 2-4, 7-11, 14-18, 20-24 September are 18; 25-27 September is Mid-Autumn; 28, 29 September.
LICENCE_DUE = date(2026, 9, 29)


def pause(world: World, case_id: uuid.UUID, days: int = 10, kind: str = "hearing") -> None:
    facts = {"case_id": case_id, "matter": "eia", "kind": kind, "days": days, "reason": "听证"}
    clockwork.pause(world.rt, world.actor("shencha"), key(), **facts)


def resume(world: World, case_id: uuid.UUID) -> None:
    clockwork.resume(world.rt, world.actor("shencha"), key(), case_id=case_id, matter="eia")


def extend(world: World, case_id: uuid.UUID, days: int = 10) -> None:
    facts = {"case_id": case_id, "matter": "eia", "days": days, "reason": "案情复杂"}
    clockwork.extend(world.rt, world.actor("qianfa"), key(), **facts)


def milestone(world: World, case_id: uuid.UUID) -> date | None:
    with world.rt.db.transaction() as conn:
        found = milestoning.points(conn, world.rt, "case", case_id)
    return next(point.current_on for point in found if point.key == "clock-eia")


def letter_text(world: World, case_id: uuid.UUID, kind: str) -> str:
    with world.rt.db.transaction() as conn:
        sha256 = conn.scalar(select(Letter.sha256).where(Letter.case_id == case_id, Letter.kind == kind))
    assert sha256 is not None
    document = Document(io.BytesIO(files.path_of(world.rt.files_root, sha256).read_bytes()))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(line.text for line in document.paragraphs), *cells])


def chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


# 1 -- “Suspending must move the deadline, and show since when.”


def test_1_a_suspension_moves_the_deadline_and_everybody_sees_since_when(
    world: World, at_page: Callable[[str], Any]
) -> None:
    case_id = begin(world)
    world.time.move_to(date(2026, 9, 5))
    pause(world, case_id)
    for login in ("shencha", "qiye"):
        client, _ = at_page(login)
        page = client.get(f"/cases/{case_id}/clock/eia").get_data(as_text=True)
        assert "暂停中" in page and "2026年9月5日 – 至今" in page
    world.time.move_to(date(2026, 9, 15))
    resume(world, case_id)
    assert reading(world, case_id).statutory_due == date(2026, 10, 11)
    client, _ = at_page("qiye")
    page = client.get(f"/cases/{case_id}/clock/eia").get_data(as_text=True)
    assert "2026年9月5日 – 2026年9月15日" in page and "2026年10月11日" in page


def test_1_several_suspensions_are_kept_apart_and_all_count(world: World) -> None:
    case_id = begin(world)
    for start, end, kind in ((5, 8, "hearing"), (10, 14, "expert_review")):
        world.time.move_to(date(2026, 9, start))
        pause(world, case_id, kind=kind)
        world.time.move_to(date(2026, 9, end))
        resume(world, case_id)
    shown = reading(world, case_id)
    assert [(item.start.day, item.end.day) for item in shown.pauses] == [(5, 8), (10, 14)]
    assert shown.statutory_due == date(2026, 10, 8)


# 2 -- “Extending must move the planned date too.”


def test_2_an_extension_moves_every_date_that_is_planned_by_the_clock(world: World, api: Person) -> None:
    case_id = begin(world, with_limit("licence.decide"))
    assert reading(world, case_id).statutory_due == LICENCE_DUE
    before = calls(world, case_id)
    extend(world, case_id)
    after = calls(world, case_id)
    # Ten working days more: 30 September; 8, 9, 10 (make-up Saturday), 12-16 October; 19 October.
    assert reading(world, case_id).statutory_due == milestone(world, case_id) == date(2026, 10, 19)
    assert after["overdue"] == date(2026, 10, 20) and all(after[stage] > before[stage] for stage in before)
    (shown,) = api("qiye").get(f"/cases/{case_id}")["matters"]
    assert shown["clock"]["statutory_due"] == "2026-10-19"


# 3 -- “Working days are not calendar days, and each kind of case has its own.”


def test_3_two_matters_of_one_case_count_one_in_days_and_one_in_working_days(world: World) -> None:
    model = chain(
        node("userTask", "fill", role="preparer"),
        service("open_a", "matter.open", kind="'eia'", klass="'form'", limit_rule="'eia.form.decide'"),
        service("open_b", "matter.open", kind="'waste'", klass="'comprehensive'", limit_rule="'waste.decide'"),
        service("start_a", "clock.start", matter="'eia'"),
        service("start_b", "clock.start", matter="'waste'"),
        node("userTask", "review", role="reviewer"),
    )
    case_id = begin(world, model)
    assert reading(world, case_id, "eia").statutory_due == date(2026, 9, 1) + timedelta(days=30)
    assert reading(world, case_id, "waste").statutory_due == LICENCE_DUE


def test_3_every_day_in_between_and_not_only_the_two_ends_knows_the_holidays(world: World) -> None:
    case_id = begin(world, with_limit("licence.decide"))
    said = {line.on: line for line in reading(world, case_id).derivation[1:-1]}
    assert said[date(2026, 9, 20)].counted and "调休上班" in said[date(2026, 9, 20)].zh
    assert not said[date(2026, 9, 25)].counted and not said[date(2026, 9, 19)].counted


# 4 -- “The letter has the wrong date; the permit expires too early.”


def test_4_letter_page_api_milestone_and_calls_all_name_one_date(
    world: World, api: Person, at_page: Callable[[str], Any]
) -> None:
    case_id = begin(world, with_limit("licence.decide"))
    extend(world, case_id, 5)
    due = reading(world, case_id).statutory_due
    assert due is not None
    assert chinese(due) in letter_text(world, case_id, "extension_notice")
    client, _ = at_page("qiye")
    assert chinese(due) in client.get(f"/cases/{case_id}").get_data(as_text=True)
    (shown,) = api("qiye").get(f"/cases/{case_id}")["matters"]
    assert shown["clock"]["statutory_due"] == due.isoformat()
    assert milestone(world, case_id) == due and calls(world, case_id)["overdue"] == due + timedelta(days=1)


def test_4_the_letters_of_a_whole_case_name_the_dates_of_its_page(world: World, api: Person) -> None:
    player = play(world, "同时办理：报告表＋简化管理")
    shown = api("qiye").get(f"/cases/{player.case_id}")
    acceptance = letter_text(world, player.case_id, "acceptance_notice")
    for matter in shown["matters"]:
        # As the clock stood on the day of acceptance: no pause, no extension.
        assert chinese(date.fromisoformat(matter["clock"]["statutory_due"])) in acceptance
    permit_letter = letter_text(world, player.case_id, "permit_original")
    (granted,) = [one for one in shown["permits"] if one["kind"] == "permit"]
    assert chinese(date.fromisoformat(granted["valid_to"])) in permit_letter


def test_4_a_permit_of_five_years_lasts_to_the_day_before_its_anniversary_and_all_of_that_day(world: World) -> None:
    model = chain(
        node("userTask", "fill", role="preparer"),
        service("enter", "permit.issue", kind="'permit'", klass="'key'", validity_rule="'permit.validity'"),
    )
    begin(world, model)
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Permit.valid_to)) == date(2031, 8, 31)
    for on, status in ((date(2031, 8, 31), "valid"), (date(2031, 9, 1), "expired")):
        world.time.move_to(on)
        cron.daily(world.rt)
        with world.rt.db.transaction() as conn:
            assert conn.scalar(select(Permit.status)) == status, on


# 5 -- “The agreed extension was lost by a later save; the permit fell back to expired.”


def test_5_an_agreed_extension_survives_every_later_step_of_the_case(world: World) -> None:
    case_id = begin(world, with_limit("licence.decide"))
    extend(world, case_id)
    agreed = reading(world, case_id).statutory_due

    def unchanged(what: str) -> None:
        assert reading(world, case_id).statutory_due == agreed, what
        assert calls(world, case_id)["overdue"] == agreed + timedelta(days=1), what

    cases.remark(world.rt, world.actor("shencha"), key(), case_id=case_id, text="电话联系企业")
    unchanged("a remark")
    task_id = open_task(world, case_id, "review")
    worklist.claim(world.rt, world.actor("shencha"), key(), task_id=task_id)
    unchanged("a task claimed")
    with world.rt.db.transaction() as conn:
        values = {"id": uuid7(), "reason": {"zh": "x", "en": "x"}, "requested_at": world.time.now(), "total": 1}
        conn.execute(insert(recompute.Recomputation).values(**values))
    recompute.work(world.rt)
    unchanged("a recount")
    world.time.move_to(date(2026, 9, 25))
    deadlines.sweep(world.rt)
    assert reading(world, case_id).statutory_due == agreed
    cases.complete(world.rt, world.actor("shencha"), key(), task_id=task_id, data={"remark": "同意"})
    assert reading(world, case_id).statutory_due == agreed
    with world.rt.db.transaction() as conn:
        submission = conn.scalar(select(Submission.id).where(Submission.case_id == case_id))
    given = {"submission_id": submission, "path": "remark", "value": "更正", "reason": "笔误"}
    cases.correct(world.rt, world.actor("shencha"), key(), case_id=case_id, **given)
    assert reading(world, case_id).statutory_due == agreed


def test_5_a_pause_after_an_extension_adds_to_it(world: World) -> None:
    case_id = begin(world, with_limit("licence.decide"))
    extend(world, case_id)
    world.time.move_to(date(2026, 9, 7))
    pause(world, case_id)
    world.time.move_to(date(2026, 9, 9))
    resume(world, case_id)
    # 7 and 8 September are not counted: two working days after 19 October.
    assert reading(world, case_id).statutory_due == date(2026, 10, 21)


# 6 -- “Two truths: the date of the phase is not the date of the milestone.”


def test_6_there_is_one_date_wherever_one_looks(world: World, api: Person, app: Any) -> None:
    case_id = begin(world)
    world.time.move_to(date(2026, 9, 3))
    pause(world, case_id)
    world.time.move_to(date(2026, 9, 9))
    resume(world, case_id)
    due = reading(world, case_id).statutory_due
    assert due == date(2026, 10, 7)
    address = api("shencha").post("/settings/feed")["address"]
    feed = app.test_client().get(re.sub(r"^https?://[^/]+", "", address)).get_data(as_text=True)
    shown = api("shencha").get(f"/cases/{case_id}/clocks/eia")
    with world.rt.db.transaction() as conn:
        rows = set(conn.scalars(select(ClockAlarm.due_on).where(ClockAlarm.case_id == case_id)))
    assert (milestone(world, case_id), rows) == (due, {due})
    assert due.strftime("%Y%m%d") in feed
    assert due.isoformat() in str(shown)


def test_6_a_case_is_what_its_tasks_are(world: World, api: Person) -> None:
    case_id = begin(world)
    shown = api("qiye").get(f"/cases/{case_id}")
    assert (shown["status"], sorted(task["status"] for task in shown["tasks"])) == ("running", ["done", "open"])
    cases.complete(world.rt, world.actor("shencha"), key(), task_id=open_task(world, case_id, "review"), data={})
    shown = api("qiye").get(f"/cases/{case_id}")
    assert (shown["status"], {task["status"] for task in shown["tasks"]}) == ("closed", {"done"})
    assert {matter["status"] for matter in shown["matters"]} == {"approved"}


# 10 -- “What I hand in again must go only to the bodies that asked.”


def _reviewed_by_two() -> bytes:
    def branch(name: str, body: str) -> str:
        ask = f'<bpmn:conditionExpression>{name}.remark == "补充"</bpmn:conditionExpression>'
        nodes = node("userTask", f"opinion_{name}", role="consulted", body=f"'{body}'", result=name)
        nodes += f'<bpmn:exclusiveGateway id="more_{name}" default="enough_{name}"/>'
        nodes += node("userTask", f"supplement_{name}", role="preparer")
        flows = [
            ("split", f"opinion_{name}", "", ""),
            (f"opinion_{name}", f"more_{name}", "", ""),
            (f"more_{name}", f"supplement_{name}", "", ask),
            (f"supplement_{name}", f"opinion_{name}", "", ""),
            (f"more_{name}", "join", f"enough_{name}", ""),
        ]
        return nodes + "".join(
            f'<bpmn:sequenceFlow id="{flow or f"f_{a}_{b}"}" sourceRef="{a}" targetRef="{b}">{inner}</bpmn:sequenceFlow>'
            for a, b, flow, inner in flows
        )

    body = (
        '<bpmn:startEvent id="begin"/>'
        + node("userTask", "fill", role="preparer")
        + '<bpmn:parallelGateway id="split"/><bpmn:parallelGateway id="join"/><bpmn:endEvent id="finish"/>'
        + '<bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="fill"/>'
        + '<bpmn:sequenceFlow id="f2" sourceRef="fill" targetRef="split"/>'
        + '<bpmn:sequenceFlow id="f3" sourceRef="join" targetRef="finish"/>'
        + branch("water", "sip-water")
        + branch("safety", "sip-safety")
    )
    return f'{_HEAD}<bpmn:process id="p" isExecutable="true">{body}</bpmn:process></bpmn:definitions>'.encode()


def test_10_a_resubmission_goes_only_to_the_body_that_asked(world: World) -> None:
    case_id = begin(world, _reviewed_by_two())

    def done(login: str, element: str, remark: str) -> None:
        facts = {"task_id": open_task(world, case_id, element), "data": {"remark": remark}}
        cases.complete(world.rt, world.actor(login), key(), **facts)

    def open_elements() -> list[str]:
        with world.rt.db.transaction() as conn:
            query = select(Task.element).where(Task.case_id == case_id, Task.status == "open").order_by(Task.element)
            return list(conn.scalars(query))

    done("huiban2", "opinion_safety", "同意")
    done("huiban", "opinion_water", "补充")
    assert open_elements() == ["supplement_water"]
    done("qiye", "supplement_water", "已补充")
    assert open_elements() == ["opinion_water"]
    done("huiban", "opinion_water", "同意")
    assert open_elements() == []


def test_10_in_the_one_window_a_corrected_permit_application_bothers_no_consulted_department(
    world: World, api: Person
) -> None:
    player = play(world, "环评与许可不一致：企业修改许可申请")
    tasks = [task["element"] for task in api("shencha").get(f"/cases/{player.case_id}")["tasks"]]
    corrected = tasks.index("task_fix_application")
    assert not {"task_eia_opinion", "task_consult", "task_consult_plan"} & set(tasks[corrected:])
    assert tasks.count("task_eia_opinion") == 1


# 11 -- “The case is stuck until somebody runs a check.”


def test_11_a_case_whose_period_is_over_goes_on_without_anybody_doing_anything(world: World) -> None:
    period = (
        '<bpmn:intermediateCatchEvent id="period" name="period"><bpmn:extensionElements><spiffworkflow:properties>'
        '<spiffworkflow:property name="limitRule" value="eia.intended_notice"/></spiffworkflow:properties>'
        "</bpmn:extensionElements><bpmn:messageEventDefinition/></bpmn:intermediateCatchEvent>"
    )
    case_id = begin(world, chain(node("userTask", "fill", role="preparer"), period))
    with world.rt.db.transaction() as conn:
        conn.execute(text("UPDATE deadline SET due_at = now() - interval '1 second'"))
    alarm = Alarm(Runtime(world.rt.db, world.rt.files_root, SystemTime()), seconds=0.1)
    alarm.start()
    try:
        limit, status = time.monotonic() + 20, ""
        while status != "closed" and time.monotonic() < limit:
            time.sleep(0.05)
            with world.rt.db.transaction() as conn:
                status = conn.scalar(select(Case.status).where(Case.id == case_id)) or ""
    finally:
        alarm.stop()
    assert status == "closed"


def test_11_a_step_that_stopped_is_shown_and_goes_on_when_it_is_tried_again(world: World, api: Person) -> None:
    failing = service("decide", "matter.decide", matter="'eia'", outcome="'approved'")
    case_id = begin(world, chain(node("userTask", "fill", role="preparer"), failing))
    assert [row["case_id"] for row in api("xitong").get("/incidents")] == [str(case_id)]
    (shown,) = api("qianfa").get(f"/cases/{case_id}")["incidents"]
    assert "没有事项" in shown["cause"]
    with world.rt.db.transaction() as conn:
        values = {"id": uuid7(), "case_id": case_id, "kind": "eia", "klass": "form", "status": "open"}
        conn.execute(insert(Matter).values(**values, opened_on=world.time.today()))
    cases.retry(world.rt, world.actor("xitong"), key(), case_id=case_id)
    assert api("qianfa").get(f"/cases/{case_id}")["status"] == "closed"


# 12 -- “A closed permit still shows ‘internal review’; there is no confirmation number.”


def test_12_a_closed_case_has_nothing_open_and_its_number_is_on_every_confirmation(
    world: World, api: Person, at_page: Callable[[str], Any]
) -> None:
    case_id = play(world, "同时办理：报告表＋简化管理").case_id
    shown = api("qiye").get(f"/cases/{case_id}")
    assert shown["status"] == "closed" and re.search(r"\d{4}", shown["number"])
    with world.rt.db.transaction() as conn:
        for table in (Task, Deadline, ClockAlarm):
            closed = Task.status != "open" if table is Task else table.done_at.is_not(None)  # type: ignore[attr-defined]
            assert conn.scalar(select(table.id).where(table.case_id == case_id, ~closed)) is None, table
    client, _ = at_page("qiye")
    page = client.get(f"/cases/{case_id}").get_data(as_text=True)
    assert shown["number"] in page and "<h2>需要您办理" not in page and "<h2>办理进度" not in page
    assert client.get("/?scope=mine").get_data(as_text=True).count(shown["number"]) == 0


def test_12_handing_in_is_confirmed_by_a_receipt_with_the_number_of_the_case(
    world: World, at_page: Callable[[str], Any]
) -> None:
    publish(world.rt, chain(node("userTask", "fill", role="preparer"), node("userTask", "review", role="reviewer")))
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    client, hidden = at_page("qiye")
    task_id = open_task(world, case_id, "fill")
    answer = client.post(
        f"/tasks/{task_id}", data={**hidden, "action": "submit", "remark": "好"}, follow_redirects=True
    )
    with world.rt.db.transaction() as conn:
        number = conn.scalar(select(Case.number).where(Case.id == case_id))
    assert number is not None and number in answer.get_data(as_text=True)


# 13 -- “Reports that are due or late are missed or counted wrong.”


def test_13_in_a_year_every_report_is_asked_for_once_with_its_own_due_date(world: World) -> None:
    permit(world, valid_from=date(2025, 1, 1), valid_to=date(2031, 12, 31))
    day = date(2026, 9, 1)
    while day <= date(2028, 2, 1):
        world.time.move_to(day)
        cron.daily(world.rt)
        day += timedelta(days=7)
    with world.rt.db.transaction() as conn:
        rows = conn.execute(
            select(Obligation.kind, Obligation.due_on)
            .where(Obligation.kind.in_(("annual_report", "quarterly_report")))
            .order_by(Obligation.due_on)
        ).all()
    assert [(row.kind, row.due_on) for row in rows if row.due_on <= date(2028, 1, 31)] == [
        ("quarterly_report", date(2026, 10, 15)),
        ("annual_report", date(2027, 1, 31)),
        ("quarterly_report", date(2027, 4, 15)),
        ("quarterly_report", date(2027, 7, 15)),
        ("quarterly_report", date(2027, 10, 15)),
        ("annual_report", date(2028, 1, 31)),
    ]


@pytest.mark.parametrize(("handed_in", "late"), [(date(2026, 10, 15), False), (date(2026, 10, 16), True)])
def test_13_a_report_is_in_time_on_its_last_day_and_late_from_the_next(
    world: World, api: Person, handed_in: date, late: bool
) -> None:
    permit(world, valid_from=date(2025, 1, 1), valid_to=date(2029, 12, 31))
    cron.daily(world.rt)
    for on in (date(2026, 10, 1), handed_in):
        world.time.move_to(on)
        cron.daily(world.rt)
    duties = api("qiye").get("/obligations")
    (due,) = [row for row in duties if row["kind"] == "quarterly_report" and row["due_on"] == "2026-10-15"]
    assert (due["status"] == "overdue") is late
    assert api("qiye").post(f"/obligations/{due['id']}/done", {"note": "已报送"})["late"] is late
    assert bool([title for title in messages(world, "qiye", "escalation") if "第3季度" in title]) is late


def test_13_two_nodes_at_midnight_count_a_late_report_once(world: World) -> None:
    permit(world, valid_from=date(2025, 1, 1), valid_to=date(2029, 12, 31))
    cron.daily(world.rt)
    world.time.move_to(date(2026, 10, 1))
    cron.daily(world.rt)
    world.time.move_to(date(2026, 10, 16))
    nodes = [threading.Thread(target=cron.daily, args=(world.rt,)) for _ in range(4)]
    for one in nodes:
        one.start()
    for one in nodes:
        one.join()
    assert len([title for title in messages(world, "qiye", "escalation") if "第3季度" in title]) == 1


# Everywhere -- “I only changed the telephone number, and the date moved.”


def test_saving_an_unrelated_field_never_changes_a_date(world: World) -> None:
    ids = [begin(world, with_limit("licence.decide")), again(world)]
    before = [(reading(world, case_id).statutory_due, calls(world, case_id)) for case_id in ids]
    world.time.move_to(date(2026, 9, 3))
    with world.rt.db.transaction() as conn:
        conn.execute(text("UPDATE enterprise SET contact_phone = '0512-60000000'"))
        conn.execute(text("UPDATE cases SET title = title || '（更名）'"))
        conn.execute(text("UPDATE body SET phone = '0512-61111111'"))
    for case_id in ids:
        cases.remark(world.rt, world.actor("shencha"), key(), case_id=case_id, text="联系电话变更")
    assert [(reading(world, case_id).statutory_due, calls(world, case_id)) for case_id in ids] == before
