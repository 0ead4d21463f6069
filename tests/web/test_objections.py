"""What an applicant can do after handing in: correct, object, report; by whom it is answered and who sees it."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from registers import obligations
from registers.obligations import Obligation
from registers.parties import Body
from tests.clocks.kit import messages, permit
from tests.conftest import World, key
from tests.runtime.models import chain, node, publish
from tests.web.conftest import PDF, Api
from tests.web.test_signatures import csrf_of, page
from workflows import cases
from workflows.models import Letter

Person = Callable[[str], Api]
SAID = {"kind": "request", "grounds": "图纸已于昨日提交", "wanted": "取消该项补正要求"}


def started(world: World) -> str:
    publish(world.rt, chain(node("userTask", "fill", role="preparer"), node("userTask", "check", role="window")))
    return str(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])


def test_an_objection_reaches_the_head_and_its_answer_the_enterprise(world: World, api: Person) -> None:
    case = started(world)
    file = api("qiye").upload("回执.pdf")
    made = api("qiye").post(f"/cases/{case}/objections", {**SAID, "files": [file]})["objection_id"]
    assert any("提出异议" in one for one in messages(world, "qianfa", "question"))
    (waiting,) = api("qianfa").get("/objections", waiting=True)
    assert (waiting["id"], waiting["status"], waiting["files"]) == (made, "open", [file])
    assert api("qianfa").raw(f"/files/{file}").data == PDF
    answer = {"outcome": "upheld", "text": "经核实已提交，取消该项。"}
    assert api("shencha").post(f"/objections/{made}/answer", answer)["code"] == "forbidden"
    api("qianfa").post(f"/objections/{made}/answer", answer)
    assert any("异议已答复" in one for one in messages(world, "qiye", "question"))
    (shown,) = api("qiye").get(f"/cases/{case}/objections")["objections"]
    assert (shown["status"], shown["answer"]) == ("upheld", answer["text"])
    kinds = [line["kind"] for line in api("qiye").get(f"/cases/{case}/events")]
    assert kinds.count("objection_raised") == kinds.count("objection_answered") == 1


def test_an_objection_ends_once(world: World, api: Person) -> None:
    case = started(world)
    first, second = (api("qiye").post(f"/cases/{case}/objections", SAID)["objection_id"] for _ in range(2))
    api("qiye").post(f"/objections/{first}/withdraw")
    answer = {"outcome": "dismissed", "text": "理由不成立。"}
    assert api("qianfa").post(f"/objections/{first}/answer", answer)["code"] == "objection_over"
    api("qianfa").post(f"/objections/{second}/answer", answer)
    assert api("qianfa").post(f"/objections/{second}/answer", answer)["code"] == "objection_over"
    assert api("qiye").post(f"/objections/{second}/withdraw")["code"] == "objection_over"
    assert api("qianfa").get("/objections", waiting=True) == []


@pytest.mark.parametrize("login", ["qiye2", "huiban", "sheji"])
def test_a_stranger_neither_objects_nor_reads_nor_answers(world: World, api: Person, login: str) -> None:
    case = started(world)
    made = api("qiye").post(f"/cases/{case}/objections", SAID)["objection_id"]
    assert api(login).post(f"/cases/{case}/objections", SAID)["code"] == "not_found"
    assert api(login).get(f"/cases/{case}/objections")["code"] == "not_found"
    assert api(login).post(f"/objections/{made}/answer", {"outcome": "upheld", "text": "x"})["code"] == "not_found"
    assert api(login).get("/objections") == []


def test_an_official_does_not_object_in_the_place_of_the_enterprise(world: World, api: Person) -> None:
    assert api("qianfa").post(f"/cases/{started(world)}/objections", SAID)["code"] == "forbidden"


def test_the_days_of_the_remedies_are_counted_from_the_delivery_of_the_decision(world: World, api: Person) -> None:
    from tests.web.test_api_path import play, scenario

    case = play(world, api, scenario("同时办理：报告表＋简化管理"))
    with world.rt.db.transaction() as conn:
        row = conn.execute(select(Letter.delivered_on).where(Letter.kind == "eia_approval")).one()
        court = conn.scalar(select(Body.court_name).where(Body.code == "sip-eeb"))
    assert row.delivered_on is not None
    found = api("qiye").get(f"/cases/{case}/objections")["remedies"]
    by_letter = {one["letter"]: one for one in found}
    approval = next(one for title, one in by_letter.items() if "批复" in title)
    assert approval["court"] == court
    # Law: 行政复议法 art. 20, sixty days; 行政诉讼法 art. 46, six months; the first day is not counted.
    assert (date.fromisoformat(approval["reconsideration_due"]) - row.delivered_on).days >= 60
    months = (date.fromisoformat(approval["suit_due"]).month - row.delivered_on.month) % 12
    assert months in (6, 7)
    assert not any("受理" in title for title in by_letter)


def test_by_page_an_applicant_finds_every_way_and_the_head_answers(world: World, app: Flask, api: Person) -> None:
    case = started(world)
    client = page(app, world, "qiye")
    shown = client.get(f"/cases/{case}").get_data(as_text=True)
    for way in ("修改申请", "撤回申请", "提问", "异议和投诉"):
        assert f"<dt>{way}</dt>" in shown
    token = {"csrf": csrf_of(client, f"/cases/{case}")}
    file = (io.BytesIO(PDF), "证据.pdf")
    client.post(f"/cases/{case}/objections", data={**token, "idempotency_key": key(), **SAID, "files": file})
    assert "图纸已于昨日提交" in client.get("/objections").get_data(as_text=True)
    assert "证据.pdf" in client.get(f"/cases/{case}").get_data(as_text=True)
    head = page(app, world, "qianfa")
    (waiting,) = api("qianfa").get("/objections")
    token = {"csrf": csrf_of(head, f"/cases/{case}")}
    said = {**token, "idempotency_key": key(), "outcome": "partly", "text": "部分采纳"}
    assert head.post(f"/cases/{case}/objections/{waiting['id']}/answer", data=said).status_code == 302
    assert "部分采纳" in client.get(f"/cases/{case}").get_data(as_text=True)


def test_a_report_goes_with_the_duty_and_the_body_of_the_permit_reads_it(world: World, app: Flask, api: Person) -> None:
    permit(world)
    own = world.actor("qiye").enterprise_id
    with world.rt.db.transaction() as conn:
        facts = {"title": {"zh": "年度执行报告", "en": "Annual report"}, "basis": "《排污许可管理条例》第二十二条"}
        due = {"kind": "annual_report", "due_on": date(2027, 1, 30), "created_at": world.time.now()}
        obligations.create(conn, [{"enterprise_id": own, **facts, **due}])
        duty = conn.scalar(select(Obligation.id))
    client = page(app, world, "qiye")
    token = {"csrf": csrf_of(client, "/duties"), "idempotency_key": key()}
    file = (io.BytesIO(PDF), "执行报告.pdf")
    assert client.post(f"/duties/{duty}", data={**token, "note": "已上报", "files": file}).status_code == 302
    (done,) = [one for one in api("qiye").get("/obligations") if one["id"] == str(duty)]
    (report,) = done["done_files"]
    assert re.search(f'href="/files/{report}"', client.get("/duties").get_data(as_text=True))
    assert api("shencha").raw(f"/files/{report}").data == PDF
    for stranger in ("qiye2", "huiban", "sheji"):
        assert api(stranger).raw(f"/files/{report}").status_code == 404


def test_a_duty_takes_no_file_of_somebody_else(world: World, api: Person) -> None:
    own: Any = world.actor("qiye").enterprise_id
    with world.rt.db.transaction() as conn:
        facts = {"title": {"zh": "报告", "en": "Report"}, "basis": "x", "kind": "annual_report"}
        facts |= {"due_on": date(2027, 1, 30), "created_at": world.time.now()}
        obligations.create(conn, [{"enterprise_id": own, **facts}])
        conn.execute(update(Obligation).values(status="open"))
        duty = conn.scalar(select(Obligation.id))
    foreign = api("qiye2").upload("a.pdf")
    for file in (foreign, str(uuid.uuid4())):
        answer = api("qiye").post(f"/obligations/{duty}/done", {"note": "已办", "files": [file]})
        assert (answer["code"], answer["pointer"]) == ("file_unknown", "files")
