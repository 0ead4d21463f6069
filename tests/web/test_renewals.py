"""A renewal at the API: from the permit to the renewed permit with its terms; nobody asks for the permit of another."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from registers.permits import Permit
from tests.conftest import World
from tests.signing import SIGNATURE
from tests.web.conftest import Api
from tests.web.test_api_path import BY_ROLE, with_files
from workflows import demo_permits, install

Person = Callable[[str], Api]
SAID = json.loads((install.procedures_folder() / "permit_renewal" / "scenarios.json").read_text("utf-8"))["scenarios"][
    0
]
SIGNED = {"task_renewal_declaration", "task_renewal_sign"}


@pytest.fixture
def permit_id(world: World) -> str:
    """The permit that the enterprise of the scenario holds, on the day of the scenario."""
    world.time.move_to(date.fromisoformat(SAID["today"]))
    with world.rt.db.transaction() as conn:
        demo_permits.hold(conn, world.time, SAID["holds"], "qiye")
        return str(conn.scalars(select(Permit.id)).one())


def shown(person: Api, number: str, element: str) -> dict[str, Any]:
    """An open task of a case as its person sees it."""
    tasks = {one["element"]: one for one in person.get("/tasks", search=number)["tasks"]}
    return {**person.get(f"/tasks/{tasks[element]['id']}"), "id": tasks[element]["id"]}


def hand_in(person: Api, task: dict[str, Any], element: str, data: dict[str, Any]) -> None:
    signature = {"signature": SIGNATURE} if element in SIGNED else {}
    answer = person.post(f"/tasks/{task['id']}/complete", {"data": with_files(person, data), **signature})
    assert person.last.status_code == 200, (element, answer)
    assert answer["incidents"] == 0


def test_from_the_permit_to_the_renewed_permit(api: Person, permit_id: str) -> None:
    qiye = api("qiye")
    before = qiye.get(f"/permits/{permit_id}")
    assert (before["renewal"]["apply_by"], before["renewal"]["late_days"], before["versions"]) == ("2027-01-01", 0, [])
    started = qiye.post("/cases", {"procedure": "permit_renewal", "permit_id": permit_id})
    number = started["number"]

    first = shown(qiye, number, "task_renewal_request")
    assert first["data"] == {"permit_number": before["number"]}
    hand_in(qiye, first, "task_renewal_request", {**first["data"], "anything_changed": False})
    second = shown(qiye, number, "task_renewal_application")
    assert [row["code"] for row in second["data"]["outlets"]] == ["DA001", "DA002", "DW001"]
    told = {"site_address": "星湖街1号", "violations": "无", "contact_name": "陈经办", "contact_phone": "0512-62880000"}
    hand_in(qiye, second, "task_renewal_application", {**second["data"], **told})
    for step in SAID["steps"][1:]:
        person = api(BY_ROLE[step["as"]])
        hand_in(person, shown(person, number, step["task"]), step["task"], step["submit"])
        running = qiye.get("/permits")[0]["renewal"]["case_number"] if step["task"] == "task_renewal_plan" else number
        assert running == number

    after = qiye.get(f"/permits/{permit_id}")
    assert (after["number"], after["valid_to"]) == (before["number"], "2032-03-02")
    assert [one["valid_to"] for one in after["versions"]] == ["2032-03-02", "2027-03-02"]
    assert after["renewal"]["apply_by"] == "2032-01-02"
    case = qiye.get(f"/cases/{started['case_id']}")
    assert {"renewal_decision", "permit_original", "permit_copy"} <= {one["kind"] for one in case["letters"]}
    assert [one["number"] for one in case["permits"]] == [before["number"]]
    assert any(one["kind"] == "permit" for one in case["notices"])


@pytest.mark.parametrize("login", ["qiye2", "chuangkou"])
def test_nobody_asks_for_the_permit_of_another(world: World, api: Person, permit_id: str, login: str) -> None:
    body = {"procedure": "permit_renewal", "permit_id": permit_id}
    if login == "chuangkou":
        body["enterprise_id"] = str(world.actor("qiye2").enterprise_id)
    api(login).post("/cases", body)
    assert api(login).last.status_code == 404


def test_a_permit_is_seen_by_its_holder_and_by_the_body_that_decided_it(api: Person, permit_id: str) -> None:
    assert api("shencha").get(f"/permits/{permit_id}")["enterprise"] == "苏州示范电子科技有限公司"
    for stranger in ("qiye2", "huiban"):
        api(stranger).get(f"/permits/{permit_id}")
        assert api(stranger).last.status_code == 404


def test_the_demonstration_has_a_permit_to_renew_and_one_that_was_renewed(world: World, api: Person) -> None:
    with world.rt.db.transaction() as conn:
        demo_permits.load(conn, world.time)
    (ending,), (renewed,) = api("qiye").get("/permits"), api("qiye2").get("/permits")
    assert ending["renewal"]["offered"] and ending["renewal"]["late_days"] == 0
    assert [one["number"] for one in renewed["versions"]] == [2, 1]
    assert not renewed["renewal"]["offered"]
