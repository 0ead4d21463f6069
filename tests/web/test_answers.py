"""By when and by whom an objection is answered, and the state of a request for correction."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import chinese_calendar
import pytest
from flask import Flask
from sqlalchemy import select

from registers import parties
from registers.obligations import Obligation
from tests.clocks.kit import begin, messages
from tests.conftest import TODAY, World, key
from tests.kit import open_task
from tests.runtime.models import chain, node, publish
from tests.web.conftest import Api
from tests.web.test_api_path import play, scenario
from tests.web.test_objections import SAID, started
from tests.web.test_signatures import csrf_of, page
from workflows import cases, cron, worklist

Person = Callable[[str], Api]
ANSWER = {"outcome": "dismissed", "text": "理由不成立。"}


def workday(start: date, number: int) -> date:
    """The so-manieth working day after a day, by the published holidays."""
    day = start
    while number:
        day += timedelta(days=1)
        number -= chinese_calendar.is_workday(day)
    return day


def duty(world: World) -> Any:
    with world.rt.db.transaction() as conn:
        return conn.execute(select(Obligation.__table__).where(Obligation.kind == "objection_answer")).one()


def decided(world: World, api: Person) -> str:
    known: dict[str, Api] = {}
    return play(world, lambda login: known.setdefault(login, api(login)), scenario("同时办理：报告表＋简化管理"))


def signed_by_the_head(world: World) -> str:
    """A case whose only step of a body the head did."""
    publish(world.rt, chain(node("userTask", "fill", role="preparer"), node("userTask", "sign", role="head")))
    case = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    for login, element in (("qiye", "fill"), ("qianfa", "sign")):
        task = open_task(world, case, element)
        cases.complete(world.rt, world.actor(login), key(), task_id=task, data={"remark": "同意"})
    return str(case)


def objected(api: Person, case: str, **more: str) -> str:
    return str(api("qiye").post(f"/cases/{case}/objections", {**SAID, **more})["objection_id"])


# -- by when -----------------------------------------------------------------------------------------------------------


def test_an_objection_is_to_be_answered_within_fifteen_working_days(world: World, api: Person) -> None:
    case = started(world)
    made = api("qiye").post(f"/cases/{case}/objections", SAID)
    due = workday(TODAY, 15).isoformat()
    assert made["due_on"] == due
    (shown,) = api("qiye").get(f"/cases/{case}/objections")["objections"]
    assert shown["due_on"] == due
    assert "平台默认规则" in shown["basis"]
    assert any(due in one for one in messages(world, "qianfa", "question"))


def test_who_may_answer_is_reminded_and_supervisors_hear_of_lateness(world: World, api: Person) -> None:
    objected(api, started(world))
    due = workday(TODAY, 15)
    cron.daily(world.rt)
    assert messages(world, "qianfa", "duty") == []
    world.time.move_to(due - timedelta(days=5))
    cron.daily(world.rt)
    assert [one for one in messages(world, "qianfa", "duty") if "答复异议" in one]
    assert not [one for one in messages(world, "shencha", "duty") if "答复异议" in one]
    world.time.move_to(due + timedelta(days=1))
    cron.daily(world.rt)
    for login in ("qianfa", "jianguan"):
        assert [one for one in messages(world, login, "escalation") if "答复异议" in one]
    assert duty(world).status == "overdue"


def test_the_duty_ends_with_the_answer_and_in_no_other_way(world: World, api: Person) -> None:
    made = objected(api, started(world))
    owed = duty(world)
    assert owed.status == "open"
    refused = api("qianfa").post(f"/obligations/{owed.id}/done", {"note": "已办"})
    assert refused["code"] == "answer_objection"
    api("qianfa").post(f"/objections/{made}/answer", ANSWER)
    assert (duty(world).status, duty(world).done_on) == ("done", TODAY)


def test_an_objection_taken_back_is_owed_no_answer(world: World, api: Person) -> None:
    made = objected(api, started(world))
    api("qiye").post(f"/objections/{made}/withdraw")
    assert duty(world).status == "void"


# -- by whom -----------------------------------------------------------------------------------------------------------


def test_who_signed_the_decision_does_not_answer_and_is_told_who_may(world: World, api: Person, app: Flask) -> None:
    case = decided(world, api)
    made = objected(api, case, kind="decision")
    refused = api("qianfa").post(f"/objections/{made}/answer", ANSWER)
    assert refused["code"] == "forbidden"
    assert "冯监管" in refused["title"]
    assert "张局长" not in refused["title"]
    assert api("qianfa").get("/objections", mine="true") == []
    assert not [one for one in messages(world, "qianfa", "question") if "提出异议" in one]
    shown = page(app, world, "qianfa").get(f"/cases/{case}").get_data(as_text=True)
    assert f"/objections/{made}/answer" not in shown
    (waiting,) = api("jianguan").get("/objections", mine="true")
    assert waiting["id"] == made
    assert api("jianguan").post(f"/objections/{made}/answer", ANSWER)["outcome"] == "dismissed"
    (answered,) = api("qiye").get(f"/cases/{case}/objections")["objections"]
    assert answered["answered_by"] == str(world.actor("jianguan").id)


def test_a_head_who_did_not_work_on_the_case_comes_before_the_supervisor(world: World, api: Person) -> None:
    case = signed_by_the_head(world)
    with world.rt.db.transaction() as conn:
        body = parties.body_by_code(conn, "sip-eeb").id
        facts = {"login": "fujuzhang", "name": "副局长", "password_hash": "x", "now": world.time.now()}
        parties.create_user(conn, roles=[("head", body)], enterprise_id=None, **facts)
    made = objected(api, case, kind="decision")
    assert [one["name"] for one in api("qiye").get(f"/cases/{case}/objections")["answerers"]] == ["副局长"]
    assert "副局长" in api("jianguan").post(f"/objections/{made}/answer", ANSWER)["title"]
    assert api("fujuzhang").post(f"/objections/{made}/answer", ANSWER)["outcome"] == "dismissed"


def test_a_stand_in_answers_only_what_the_stand_in_did_not_work_on(world: World, api: Person) -> None:
    case = str(begin(world))
    task = open_task(world, uuid.UUID(case), "review")
    cases.complete(world.rt, world.actor("shencha"), key(), task_id=task, data={"remark": "已核"})
    period = {"valid_from": world.time.today(), "valid_to": world.time.today() + timedelta(days=9), "reason": "出差"}
    for login in ("shencha", "shencha2"):
        colleague = world.actor(login).id
        assert colleague is not None
        worklist.lend(world.rt, world.actor("qianfa"), key(), to_user_id=colleague, **period)
    made = objected(api, case, kind="decision")
    assert api("shencha").post(f"/objections/{made}/answer", ANSWER)["code"] == "forbidden"
    assert api("shencha2").post(f"/objections/{made}/answer", ANSWER)["outcome"] == "dismissed"


@pytest.mark.parametrize("way", ["pause", "finish"])
def test_whoever_touched_the_clock_or_a_step_is_out(world: World, api: Person, way: str) -> None:
    case = begin(world)
    made = objected(api, str(case))
    if way == "pause":
        api("qianfa").post(f"/cases/{case}/clocks/eia/pause", {"kind": "hearing", "days": 5, "reason": "听证"})
        assert api("qianfa").last.status_code == 200
    else:
        task = open_task(world, case, "review")
        worklist.lend(
            world.rt,
            world.actor("shencha"),
            key(),
            to_user_id=uuid.UUID(str(world.actor("qianfa").id)),
            valid_from=TODAY,
            valid_to=TODAY,
            reason="休假",
        )
        cases.complete(world.rt, world.actor("qianfa"), key(), task_id=task, data={"remark": "已核"})
    assert api("qianfa").post(f"/objections/{made}/answer", ANSWER)["code"] == "forbidden"


def test_where_nobody_is_left_the_refusal_says_what_to_do(world: World, api: Person) -> None:
    case = signed_by_the_head(world)
    with world.rt.db.transaction() as conn:
        supervisors = select(parties.UserRole.user_id).where(parties.UserRole.role == "supervisor")
        conn.execute(parties.User.__table__.update().where(parties.User.id.in_(supervisors)).values(active=False))
    made = objected(api, case, kind="decision")
    assert "安全管理员" in api("qianfa").post(f"/objections/{made}/answer", ANSWER)["title"]


def test_the_first_page_of_who_may_answer_shows_it_with_its_light(world: World, api: Person, app: Flask) -> None:
    case = started(world)
    objected(api, case)
    first = page(app, world, "qianfa").get("/").get_data(as_text=True)
    assert "待答复的异议" in first
    assert f"/cases/{case}#objections" in first
    assert "待答复的异议" not in page(app, world, "shencha").get("/").get_data(as_text=True)
    listed = page(app, world, "qiye").get("/objections").get_data(as_text=True)
    assert "剩" in listed
    assert "前往答复" not in listed
    duties = page(app, world, "qianfa").get("/duties").get_data(as_text=True)
    assert f"/cases/{case}#objections" in duties


# -- requests for correction -------------------------------------------------------------------------------------------


def handed_in(world: World, api: Person) -> str:
    case = started(world)
    task = api("qiye").get("/tasks")["tasks"][0]["id"]
    api("qiye").post(f"/tasks/{task}/complete", {"data": {"remark": "好"}})
    return case


def test_a_request_for_correction_has_its_state_day_and_answerer(world: World, app: Flask, api: Person) -> None:
    case = handed_in(world, api)
    client = page(app, world, "qiye")
    assert "请求更正" in client.get(f"/cases/{case}").get_data(as_text=True)
    token = {"csrf": csrf_of(client, f"/cases/{case}"), "idempotency_key": key()}
    client.post(f"/cases/{case}/correction-wish", data={**token, "text": "排气筒高度应为25米"})
    (asked,) = api("chuangkou").get("/correction-requests")
    assert (asked["text"], asked["number"]) == ("排气筒高度应为25米", api("qiye").get(f"/cases/{case}")["number"])
    window = page(app, world, "chuangkou")
    assert "待答复的更正请求" in window.get("/").get_data(as_text=True)
    answer = {"csrf": csrf_of(window, f"/cases/{case}"), "idempotency_key": key(), "outcome": "granted", "text": ""}
    assert window.post(f"/cases/{case}/correction-wish/{asked['id']}", data=answer).status_code == 302
    (note,) = api("qiye").get(f"/cases/{case}/notes")
    assert (note["kind"], note["outcome"], note["settled_name"]) == ("correction", "granted", "王窗口")
    assert note["settled_at"][:10] == TODAY.isoformat()
    shown = client.get(f"/cases/{case}").get_data(as_text=True)
    assert "同意更正" in shown
    assert any("同意更正" in one for one in messages(world, "qiye", "question"))
    assert api("chuangkou").get("/correction-requests") == []


def test_a_request_is_declined_with_its_reason_and_answered_once(world: World, api: Person) -> None:
    case = handed_in(world, api)
    made = api("qiye").post(f"/cases/{case}/correction-requests", {"text": "换一个项目名称"})["note_id"]
    way = f"/cases/{case}/correction-requests/{made}/answer"
    assert api("chuangkou").post(way, {"outcome": "declined"})["pointer"] == "text"
    api("chuangkou").post(way, {"outcome": "declined", "text": "名称与立项一致，无须更正"})
    assert api("chuangkou").post(way, {"outcome": "granted"})["code"] == "correction_over"
    (note,) = api("qiye").get(f"/cases/{case}/notes")
    assert [one["text"] for one in note["answers"]] == ["名称与立项一致，无须更正"]
    kinds = [line["kind"] for line in api("qiye").get(f"/cases/{case}/events")]
    assert kinds.count("correction_asked") == kinds.count("correction_answered") == 1


def test_one_request_at_a_time_and_only_while_one_cannot_correct_oneself(world: World, api: Person) -> None:
    case = started(world)
    own_turn = api("qiye").post(f"/cases/{case}/correction-requests", {"text": "改"})
    assert own_turn["code"] == "correct_yourself"
    task = api("qiye").get("/tasks")["tasks"][0]["id"]
    api("qiye").post(f"/tasks/{task}/complete", {"data": {"remark": "好"}})
    made = api("qiye").post(f"/cases/{case}/correction-requests", {"text": "改"})["note_id"]
    assert api("qiye").post(f"/cases/{case}/correction-requests", {"text": "再改"})["code"] == "correction_open"
    ticked = api("chuangkou").post(f"/cases/{case}/notes/{made}/settle")
    assert ticked["code"] == "not_found"


def test_after_acceptance_there_is_nothing_to_ask_for(world: World, api: Person) -> None:
    case = begin(world)
    refused = api("qiye").post(f"/cases/{case}/correction-requests", {"text": "改"})
    assert refused["code"] == "accepted_already"


@pytest.mark.parametrize("login", ["qiye2", "huiban", "sheji"])
def test_a_stranger_neither_asks_nor_answers(world: World, api: Person, login: str) -> None:
    case = handed_in(world, api)
    made = api("qiye").post(f"/cases/{case}/correction-requests", {"text": "改"})["note_id"]
    assert api(login).post(f"/cases/{case}/correction-requests", {"text": "改"})["code"] == "not_found"
    way = f"/cases/{case}/correction-requests/{made}/answer"
    assert api(login).post(way, {"outcome": "granted"})["code"] == "not_found"
    assert api(login).get("/correction-requests") == []
    assert api("jianguan").post(way, {"outcome": "granted"})["code"] == "forbidden"
    assert api("qiye").post(way, {"outcome": "granted"})["code"] == "forbidden"
