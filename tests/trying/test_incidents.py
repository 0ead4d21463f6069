"""Stopped steps: seen with their data, skipped with a reason, data put right by two people, all of it in the record of the case."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import World, key
from tests.runtime.models import chain, node, process, publish, service
from tests.web.conftest import Api
from workflows import cases, events
from workflows.models import Case, Incident, Task

Person = Callable[[str], Api]
FILL = node("userTask", "fill", role="preparer", result="answer")
AFTER = node("userTask", "after", role="window")
# A letter that does not exist until the remark names one: the cause lies in the data of the case.
LETTER = service("letter", "letter.draft", "made", letter="answer.remark", values="{'reason': '测试'}")


@pytest.fixture
def stopped(world: World) -> uuid.UUID:
    """A case that stopped at its second step."""
    publish(world.rt, chain(FILL, LETTER, AFTER))
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    with world.rt.db.transaction() as conn:
        task = conn.scalar(select(Task.id).where(Task.case_id == case_id))
    assert task is not None
    cases.complete(world.rt, world.actor("qiye"), key(), task_id=task, data={"remark": "withdrawel"})
    return case_id


def incident(world: World, case_id: uuid.UUID) -> uuid.UUID:
    with world.rt.db.transaction() as conn:
        found = conn.scalar(select(Incident.id).where(Incident.case_id == case_id, Incident.resolved_at.is_(None)))
    assert found is not None
    return found


def open_tasks(world: World, case_id: uuid.UUID) -> list[str]:
    with world.rt.db.transaction() as conn:
        return list(conn.scalars(select(Task.element).where(Task.case_id == case_id, Task.status == "open")))


def kinds(world: World, case_id: uuid.UUID) -> list[str]:
    with world.rt.db.transaction() as conn:
        assert list(events.verify(conn, case_id)) == []
        return [line["kind"] for line in events.history(conn, case_id)]


def test_a_stopped_step_is_seen_with_its_cause_and_its_data(world: World, api: Person, stopped: uuid.UUID) -> None:
    (listed,) = api("xitong").get("/incidents")
    found = api("xitong").get(f"/incidents/{listed['id']}")
    assert found["step_name"] == "letter"
    assert {item["name"]: item["value"] for item in found["inputs"]}["letter"] == "withdrawel"
    assert "answer.remark" in found["paths"]


def test_data_are_put_right_by_two_people_and_the_step_goes_on(world: World, api: Person, stopped: uuid.UUID) -> None:
    found = incident(world, stopped)
    body = {"path": "answer.remark", "value": "withdrawal_notice", "reason": "名称写错"}
    made = api("xitong").post(f"/incidents/{found}/mend", body)
    assert (made["old"], made["new"]) == ("withdrawel", "withdrawal_notice")
    assert open_tasks(world, stopped) == []  # nothing has changed yet
    refused = api("xitong").post(f"/mends/{made['mend_id']}/decide", {"accept": True})
    assert refused["code"] == "same_person"
    answer = api("qianfa").post(f"/mends/{made['mend_id']}/decide", {"accept": True, "remark": "属实"})
    assert (answer["incidents"], open_tasks(world, stopped)) == (0, ["after"])
    assert {"mend_proposed", "mended", "incident_resolved"} <= set(kinds(world, stopped))


def test_a_declined_correction_changes_nothing(world: World, api: Person, stopped: uuid.UUID) -> None:
    found = incident(world, stopped)
    body = {"path": "answer.remark", "value": "withdrawal_notice", "reason": "名称写错"}
    made = api("xitong").post(f"/incidents/{found}/mend", body)
    api("qianfa").post(f"/mends/{made['mend_id']}/decide", {"accept": False, "remark": "请核实"})
    assert open_tasks(world, stopped) == []
    assert "mend_declined" in kinds(world, stopped)
    again = api("qianfa").post(f"/mends/{made['mend_id']}/decide", {"accept": True})
    assert again["code"] == "decided_already"


def test_a_step_is_skipped_with_a_reason_and_its_result(world: World, api: Person, stopped: uuid.UUID) -> None:
    found = incident(world, stopped)
    api("xitong").post(f"/incidents/{found}/skip", {"reason": " "})
    assert api("xitong").last.status_code == 422
    answer = api("xitong").post(f"/incidents/{found}/skip", {"reason": "已线下出具", "result": {"number": None}})
    assert (answer["incidents"], open_tasks(world, stopped)) == (0, ["after"])
    with world.rt.db.transaction() as conn:
        (line,) = [one for one in events.history(conn, stopped) if one["kind"] == "step_skipped"]
    assert (line["data"]["reason"], line["actor_name"]) == ("已线下出具", "卫系统")


def test_a_gateway_without_a_way_on_is_not_skipped_but_mended(world: World, api: Person) -> None:
    flows = [("begin", "fill"), ("fill", "gate"), ("gate", "after"), ("after", "finish")]
    gate, other = '<bpmn:exclusiveGateway id="gate"/>', node("userTask", "other", role="window")
    ends = ['<bpmn:endEvent id="finish"/>', '<bpmn:endEvent id="finish2"/>']
    nodes = ['<bpmn:startEvent id="begin"/>', FILL, gate, AFTER, other, *ends]
    model = process(nodes, [*flows, ("gate", "other"), ("other", "finish2")])
    for target, value in (("after", "a"), ("other", "b")):
        expression = f'<bpmn:conditionExpression>answer.remark == "{value}"</bpmn:conditionExpression>'
        plain = f'<bpmn:sequenceFlow id="flow_gate_{target}" sourceRef="gate" targetRef="{target}"/>'
        model = model.replace(plain.encode(), f"{plain[:-2]}>{expression}</bpmn:sequenceFlow>".encode())
    publish(world.rt, model)
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    with world.rt.db.transaction() as conn:
        task = conn.scalar(select(Task.id).where(Task.case_id == case_id))
    assert task is not None
    cases.complete(world.rt, world.actor("qiye"), key(), task_id=task, data={"remark": "c"})
    found = incident(world, case_id)
    assert api("xitong").post(f"/incidents/{found}/skip", {"reason": "试"})["code"] == "not_skippable"
    made = api("xitong").post(f"/incidents/{found}/mend", {"path": "answer.remark", "value": "b", "reason": "补填"})
    api("qianfa").post(f"/mends/{made['mend_id']}/decide", {"accept": True})
    assert open_tasks(world, case_id) == ["other"]


@pytest.mark.parametrize("login", ["qiye", "qiye2", "huiban", "sheji", "anquan", "shenji"])
def test_strangers_see_no_incident(world: World, api: Person, stopped: uuid.UUID, login: str) -> None:
    found = incident(world, stopped)
    assert api(login).raw(f"/incidents/{found}").status_code == 404
    api(login).post(f"/incidents/{found}/skip", {"reason": "x"})
    assert api(login).last.status_code in (403, 404)
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Case.status).where(Case.id == stopped)) == "running"


def test_administrator_and_head_find_it_on_their_pages(
    app: Flask, world: World, api: Person, stopped: uuid.UUID
) -> None:
    page: Any = app.test_client()
    found = incident(world, stopped)
    for login in ("xitong", "qianfa"):
        headers = {"Authorization": f"Bearer {api(login).token}"}
        assert str(found) in page.get(f"/cases/{stopped}", headers=headers).get_data(as_text=True)
        assert "withdrawel" in page.get(f"/incidents/{found}", headers=headers).get_data(as_text=True)
