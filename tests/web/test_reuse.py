"""What an enterprise stored once it uses again, and finds in its own file."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from tests.conftest import World, key
from tests.web.conftest import PDF, Api
from tests.web.test_api_path import play, scenario
from tests.web.test_signatures import csrf_of, page

Person = Callable[[str], Api]


def applying(world: World, api: Person) -> str:
    """The task in which the application is filled in."""
    played = scenario("同时办理：报告表＋简化管理")
    play(world, api, {**played, "steps": []})
    tasks = api("qiye").get("/tasks")["tasks"]
    return str(next(task["id"] for task in tasks if task["element"] == "task_application"))


def test_a_file_of_before_is_chosen_instead_of_uploaded_again(world: World, app: Flask, api: Person) -> None:
    file, other = api("qiye").upload("总平面图.pdf"), api("qiye").upload("新总平面图.pdf", PDF + b"\n")
    foreign = api("qiye2").upload("别家的.pdf")
    task = applying(world, api)
    client = page(app, world, "qiye")
    shown = client.get(f"/tasks/{task}").get_data(as_text=True)
    assert "总平面图.pdf" in shown and foreign not in shown and "别家的.pdf" not in shown
    said = {"csrf": csrf_of(client, f"/tasks/{task}"), "do": "save", "project_name": "扩建"}
    client.post(f"/tasks/{task}", data={**said, "idempotency_key": key(), "reuse:layout_file": file})
    assert api("qiye").get(f"/tasks/{task}")["data"]["layout_file"] == [file]
    # Another choice takes the place of the single file; it is never there twice.
    again = {**said, "idempotency_key": key(), "layout_file": file, "reuse:layout_file": other}
    client.post(f"/tasks/{task}", data=again)
    assert api("qiye").get(f"/tasks/{task}")["data"]["layout_file"] == [other]
    kept = {**said, "idempotency_key": key(), "other_files": file, "reuse:other_files": other}
    client.post(f"/tasks/{task}", data=kept)
    assert api("qiye").get(f"/tasks/{task}")["data"]["other_files"] == [file, other]


def test_the_file_of_an_enterprise_has_its_documents_and_notices(world: World, app: Flask, api: Person) -> None:
    known: dict[str, Api] = {}
    play(world, lambda login: known.setdefault(login, api(login)), scenario("同时办理：报告表＋简化管理"))
    stored = api("qiye").upload("应急预案.pdf")
    own = world.actor("qiye").enterprise_id
    mine = api("qiye").get(f"/enterprise-files/{own}")
    assert stored in {one["id"] for one in mine["documents"]}
    assert {"acceptance", "decision"} <= {one["kind"] for one in mine["notices"]}
    shown = page(app, world, "qiye").get(f"/enterprise-files/{own}").get_data(as_text=True)
    assert "应急预案.pdf" in shown and mine["notices"][0]["title"] in shown
    official = api("shencha").get(f"/enterprise-files/{own}")
    assert official["documents"] == [] and official["notices"] == mine["notices"]


def test_what_is_typed_wrongly_can_still_be_checked_and_is_shown_as_typed(
    world: World, app: Flask, api: Person
) -> None:
    task = applying(world, api)
    rows = [
        {"code": "DA001", "kind": "烟囱", "name": "排气筒", "height_m": said} for said in ("很高", "1e99999999", "NaN")
    ]
    wrong = {"outlets": rows, "emissions": [{"outlet": "DA001", "amount_t": "若干"}]}
    assert api("qiye").put(f"/tasks/{task}/draft", {"data": wrong})["revision"] == 1
    checked = page(app, world, "qiye").get(f"/tasks/{task}/check")
    assert checked.status_code == 200
    shown = checked.get_data(as_text=True)
    assert all(said in shown for said in ("烟囱", "很高", "若干", "1e99999999"))
    assert page(app, world, "qiye").get(f"/tasks/{task}").status_code == 200
