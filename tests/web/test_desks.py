"""The desks by the API: questions and answers, marks and returns, wordings, several tasks at once, filters, rounds of visits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

import forms
from tests.conftest import World
from tests.web.conftest import Api
from tests.web.test_api_path import play, scenario
from tests.web.test_house import signed_in
from workflows import deskwork, reviewing

Person = Callable[[str], Api]
FULL = "同时办理：报告表＋重点管理"


def brought_to(world: World, api: Person, steps: int, name: str = FULL) -> str:
    played = scenario(name)
    return play(world, api, {**played, "steps": played["steps"][:steps]})


def task_of(person: Api, element: str) -> dict[str, Any]:
    found = [one for one in person.get("/tasks", limit=200)["tasks"] if one["element"] == element]
    assert found, element
    return dict(found[0])


# -- questions and comments --------------------------------------------------------------------------------------------


def test_a_question_is_answered_and_both_sides_are_told(world: World, api: Person) -> None:
    case_id = brought_to(world, api, 2)
    asked = api("qiye").post(f"/cases/{case_id}/notes", {"text": "何时现场核查？"})
    assert [one["title"]["zh"] for one in api("shencha").get("/inbox")["messages"] if one["kind"] == "question"]
    api("shencha").post(f"/cases/{case_id}/notes", {"text": "下周三。", "parent_id": asked["note_id"]})
    assert any(one["kind"] == "question" for one in api("qiye").get("/inbox")["messages"])
    note = api("qiye").get(f"/cases/{case_id}/notes")[0]
    assert (note["text"], note["answers"][0]["text"], note["settled_at"]) == ("何时现场核查？", "下周三。", None)
    api("qiye").post(f"/cases/{case_id}/notes/{asked['note_id']}/settle")
    assert api("shencha").get(f"/cases/{case_id}/notes")[0]["settled_at"] is not None
    assert "何时现场核查？" in str(api("qiye").get(f"/cases/{case_id}/events"))


def test_what_is_internal_stays_among_the_bodies_and_its_words_are_not_in_the_record(world: World, api: Person) -> None:
    case_id = brought_to(world, api, 2)
    api("shencha").post(f"/cases/{case_id}/notes", {"text": "疑似未批先建", "internal": True})
    api("shencha").post(f"/cases/{case_id}/notes", {"text": "请补充照片"})
    assert [one["text"] for one in api("qiye").get(f"/cases/{case_id}/notes")] == ["请补充照片"]
    assert len(api("chuangkou").get(f"/cases/{case_id}/notes")) == 2
    assert "疑似" not in str(api("qiye").get(f"/cases/{case_id}/events"))
    hidden = next(one for one in api("shencha").get(f"/cases/{case_id}/notes") if one["internal"])
    answered = api("qiye").post(f"/cases/{case_id}/notes", {"text": "看到了", "parent_id": hidden["id"]})
    assert (answered["status"], "note_id" in answered) == (404, False)


def test_a_comment_stands_at_a_datum_that_exists(world: World, api: Person) -> None:
    case_id = brought_to(world, api, 2)
    given_in = api("shencha").get(f"/cases/{case_id}")["submissions"]
    application = next(one for one in given_in if one["form"] == "application")
    at = {"submission_id": application["id"], "path": "outlets.0.height_m", "text": "高度与环评不一致"}
    assert "note_id" in api("shencha").post(f"/cases/{case_id}/notes", at)
    assert api("shencha").post(f"/cases/{case_id}/notes", {**at, "path": "outlets.99.height_m"})["status"] == 404


@pytest.mark.parametrize("login", ["qiye2", "jianguan", "xitong"])
def test_who_takes_no_part_writes_nothing(world: World, api: Person, login: str) -> None:
    case_id = brought_to(world, api, 2)
    assert api(login).post(f"/cases/{case_id}/notes", {"text": "x"})["status"] in (403, 404)
    assert api("qiye").get(f"/cases/{case_id}/notes") == []


# -- the review desk ---------------------------------------------------------------------------------------------------


def test_parts_marked_to_be_returned_become_the_list_of_deficiencies(world: World, app: Flask, api: Person) -> None:
    case_id = brought_to(world, api, 2)
    task = task_of(api("chuangkou"), "task_completeness_joint")
    window = api("chuangkou")
    assert window.post(f"/tasks/{task['id']}/marks", {"part": "outlets", "state": "return"})["status"] == 422
    window.post(f"/tasks/{task['id']}/marks", {"part": "outlets", "state": "return", "note": "缺少排气筒高度"})
    window.post(f"/tasks/{task['id']}/marks", {"part": "project", "state": "incomplete"})
    assert {one["part"]: one["state"] for one in window.get(f"/tasks/{task['id']}/marks")} == {
        "outlets": "return",
        "project": "incomplete",
    }
    client, post = signed_in(app, "chuangkou")
    page = client.get(f"/tasks/{task['id']}/desk").get_data(as_text=True)
    assert "缺少排气筒高度" in page and "已看，尚不完整" in page
    post(f"/tasks/{task['id']}/marks/return")
    post(f"/tasks/{task['id']}/marks/return")
    draft = window.get(f"/tasks/{task['id']}")["data"]
    assert draft["outcome"] == "deficient"
    assert draft["items"] == [{"section": "outlets", "item": "缺少排气筒高度"}], "twice gives one line"
    assert api("qiye").get(f"/cases/{case_id}")["status"] == "running"
    assert api("shencha").post(f"/tasks/{task['id']}/marks", {"part": "outlets", "state": "fine"})["status"] == 403


def test_a_wording_of_the_body_goes_into_the_opinion(world: World, app: Flask, api: Person) -> None:
    brought_to(world, api, 4)
    task = task_of(api("shencha"), "task_eia_opinion")
    kept = api("shencha").post("/opinion-templates", {"form": task["form"], "title": "常用", "text": "同意批准。"})
    assert api("qiye").post("/opinion-templates", {"form": "x", "title": "y", "text": "z"})["status"] == 403
    _, post = signed_in(app, "shencha")
    where = f"/tasks/{task['id']}/templates/{kept['template_id']}/use"
    post(where, into="opinion")
    post(where, into="opinion")
    assert api("shencha").get(f"/tasks/{task['id']}")["data"]["opinion"] == "同意批准。\n同意批准。"
    assert [one["title"] for one in api("shencha2").get("/opinion-templates")] == ["常用"], "it is the body's"
    api("shencha2").client.delete(
        f"/api/v1/opinion-templates/{kept['template_id']}",
        headers={**api("shencha2")._headers(), "Idempotency-Key": "c"},
    )
    assert api("shencha").get("/opinion-templates") == []


def test_what_changed_between_two_versions_is_found_row_by_row() -> None:
    form = forms.load("application")
    before = {
        "project_name": "甲",
        "emissions": [{"outlet": "DA001", "factor": "VOCS", "amount_t": "1"}, {"outlet": "DA001", "factor": "NOX"}],
    }
    after = {
        "project_name": "乙",
        "emissions": [{"outlet": "DA001", "factor": "NOX"}, {"outlet": "DA001", "factor": "SO2", "amount_t": "2"}],
    }
    found = [(one.path, one.old, one.new) for one in reviewing.changes(form, before, after)]
    assert ("project_name", "甲", "乙") in found
    assert ("emissions.1.factor", None, "SO2") in found and ("emissions.1.amount_t", None, "2") in found
    assert ("emissions", "DA001 VOCS 1", None) in found, "a row that is gone"
    assert not [path for path, _, _ in found if path.startswith("emissions.0")], "a row that only moved did not change"
    assert reviewing.changes(form, after, after) == []


# -- the work list -----------------------------------------------------------------------------------------------------


def test_several_tasks_are_claimed_at_once_and_what_cannot_be_is_told(world: World, api: Person) -> None:
    for _ in range(3):
        brought_to(world, api, 4)
    mine = [one["id"] for one in api("shencha").get("/tasks", limit=200)["tasks"] if one["form"] == "eia_opinion"]
    assert len(mine) == 3
    api("shencha2").post(f"/tasks/{mine[0]}/claim")
    answers = api("shencha").post("/tasks/several", {"task_ids": mine})
    assert [one["done"] for one in answers] == [False, True, True]
    assert answers[0]["zh"] == "同事已先签收。"
    assert api("shencha").get("/tasks", scope="claimed")["total"] == 2
    again = api("shencha").post("/tasks/several", {"task_ids": mine[1:], "user_id": str(world.actor("shencha2").id)})
    assert [one["done"] for one in again] == [True, True]
    assert api("shencha2").get("/tasks", scope="claimed")["total"] == 3


def test_a_kept_filter_belongs_to_one_person_and_narrows_the_list(world: World, app: Flask, api: Person) -> None:
    brought_to(world, api, 4)
    api("shencha").post("/filters", {"name": "超期", "query": {"light": "red", "unknown": "x"}})
    assert [one["query"] for one in api("shencha").get("/filters")] == [{"light": "red"}]
    assert api("shencha2").get("/filters") == []
    client, _ = signed_in(app, "shencha")
    assert "环评审查意见" in client.get("/?light=green").get_data(as_text=True)
    narrowed = client.get("/?light=red").get_data(as_text=True)
    assert "没有符合条件的待办" in narrowed and "超期" in narrowed


# -- rounds of site visits ---------------------------------------------------------------------------------------------


def test_site_checks_are_planned_as_one_round_with_a_route(world: World, app: Flask, api: Person) -> None:
    steps = next(i for i, s in enumerate(scenario(FULL)["steps"]) if s.get("task") == "task_site_check")
    for _ in range(2):
        brought_to(world, api, steps)
    waiting = api("shencha").get("/site-rounds")["waiting"]
    assert len(waiting) == 2 and {one["area"] for one in waiting} == {"gaomao"}
    plan = {
        "title": "电子行业第一批",
        "on_date": world.time.today().isoformat(),
        "inspectors": "李审查、周审查",
        "task_ids": [one["task"]["id"] for one in waiting],
    }
    made = api("shencha").post("/site-rounds", plan)
    shown = api("shencha").get(f"/site-rounds/{made['round_id']}")
    assert [stop["place"] for stop in shown["stops"]] == [1, 2]
    assert api("chuangkou").post("/site-rounds", plan)["status"] in (403, 422)
    assert api("huiban").get(f"/site-rounds/{made['round_id']}")["status"] == 404
    client, _ = signed_in(app, "shencha")
    page = client.get(f"/site-rounds/{made['round_id']}").get_data(as_text=True)
    assert page.count('href="/tasks/') == 2


PLACES = st.lists(
    st.tuples(st.floats(120.5, 121.0), st.floats(31.0, 31.5)), min_size=1, max_size=12, unique=True
)  # fmt: skip


@given(PLACES)
def test_a_route_visits_every_place_once_and_always_goes_to_the_nearest(places: list[tuple[float, float]]) -> None:
    visits = [deskwork.Visit({"id": number}, "", "", f"{number:02}", place) for number, place in enumerate(places)]
    route = deskwork.ordered(visits)
    assert sorted(one.task["id"] for one in route) == list(range(len(places)))
    for place, one in enumerate(route[1:], 1):
        left = [deskwork.distance(route[place - 1].position, other.position) for other in route[place:]]
        assert one.km == min(left)


def test_distances_are_those_of_the_globe() -> None:
    # A degree of latitude is 111.2 km on a sphere of 6371 km.
    assert deskwork.distance((120.0, 31.0), (120.0, 32.0)) == pytest.approx(111.19, abs=0.01)
    assert deskwork.parsed_position("E120.73 N31.28") == (120.73, 31.28)
    assert deskwork.parsed_position("三号楼东侧") is None
