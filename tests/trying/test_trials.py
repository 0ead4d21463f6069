"""Sandbox cases: everything is played on the real engine, nothing of it is left, and what was played becomes a scenario."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from docx import Document
from flask import Flask
from sqlalchemy import text

from tests.conftest import World, key
from tests.runtime.models import chain, node, publish, service
from tests.trying.kit import CHECK, FILL, counts, draft, shipped, small
from tests.web.conftest import Api
from workflows import cases, scenarios, trials

Person = Callable[[str], Api]
OK = {"remark": "好"}


def begin(api: Person, definition: Any, **given: Any) -> str:
    return str(api("sheji").post(f"/definitions/{definition}/trials", given)["trial_id"])


def take(api: Person, trial: str, **step: Any) -> Any:
    answer = api("sheji").post(f"/trials/{trial}/steps", {"step": step})
    assert api("sheji").last.status_code == 200, answer
    return answer


def look(api: Person, trial: str) -> dict[str, Any]:
    found: dict[str, Any] = api("sheji").get(f"/trials/{trial}")
    return found


def one_window(name: str) -> dict[str, Any]:
    every = json.loads(shipped("one_window")["scenarios.json"])["scenarios"]
    found: dict[str, Any] = next(item for item in every if item["name"]["zh"].startswith(name))
    return found


def test_a_draft_is_tried_to_its_end_by_one_person_in_all_roles(world: World, api: Person) -> None:
    trial = begin(api, draft(world, small()))
    assert [task["element"] for task in look(api, trial)["tasks"]] == ["fill"]
    take(api, trial, task="fill", submit=OK)
    take(api, trial, task="check", submit=OK)
    state = look(api, trial)
    assert (state["status"], state["tasks"], state["problem"]) == ("closed", [], None)
    assert state["markers"]["check"] == "done"


def test_the_clock_is_turned_forward_and_statutory_limits_ring(world: World, api: Person) -> None:
    waits = node("receiveTask", "await_answer", limitRule="permit.deficiency", onDue="fire")
    trial = begin(api, draft(world, small(FILL, waits, node("userTask", "after", role="window"))))
    take(api, trial, task="fill", submit=OK)
    (deadline,) = look(api, trial)["deadlines"]
    take(api, trial, advance="until_due")
    state = look(api, trial)
    assert state["now"] >= deadline["due_at"]
    assert [task["element"] for task in state["tasks"]] == ["after"]


def test_a_whole_case_with_letters_permits_and_quota_leaves_nothing_behind(world: World, api: Person) -> None:
    played = one_window("同时办理：报告表＋简化管理")
    trial = begin(api, draft(world, shipped("one_window")), today=played["today"])
    take(api, trial, task="task_screening", submit=played["start"])
    before = counts(world)
    for step in played["steps"]:
        take(api, trial, **step)
    state = look(api, trial)
    assert state["status"] == "closed"
    assert {letter["kind"] for letter in state["letters"]} >= set(played["expect"]["letters"])
    assert state["permits"]
    assert state["messages"]
    after = counts(world)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"idempotency"}  # the steps themselves
    assert list(world.rt.files_root.rglob("*.docx")) == []


def test_no_number_of_a_trial_looks_like_a_real_one(world: World, api: Person) -> None:
    letter = service("letter", "letter.issue", letter="'withdrawal_notice'", values="{'reason': '测试'}")
    trial = begin(api, draft(world, small(FILL, letter, CHECK)))
    take(api, trial, task="fill", submit=OK)
    state = look(api, trial)
    assert state["number"].startswith("试办·")
    (made,) = state["letters"]
    assert made["number"].startswith("试办·")
    content = api("sheji").raw(f"/trials/{trial}/letters/1").get_data()
    assert "测试" in "".join(paragraph.text for paragraph in Document(io.BytesIO(content)).paragraphs)
    assert api("sheji").raw(f"/trials/{trial}/letters/2").status_code == 404


def test_nobody_waits_for_the_numbers_of_a_trial(world: World, api: Person) -> None:
    publish(world.rt, chain(FILL), "other")
    definition = draft(world, small())
    trial = begin(api, definition)
    with world.rt.db.transaction() as conn:
        row = trials.one(conn, uuid.UUID(trial))
    with trials.scene(world.rt, row, small()) as shown:
        assert trials.state(shown)["number"].startswith("试办·")
        started = cases.start(world.rt, world.actor("qiye"), key(), procedure="other")  # would wait for the counter
    assert started["status"] == "running"


def test_a_step_that_is_refused_is_not_kept(world: World, api: Person) -> None:
    trial = begin(api, draft(world, small()))
    api("sheji").post(f"/trials/{trial}/steps", {"step": {"task": "check", "submit": OK}})
    assert api("sheji").last.status_code == 422
    assert look(api, trial)["steps"] == []


def test_one_goes_back_to_an_earlier_step(world: World, api: Person) -> None:
    trial = begin(api, draft(world, small()))
    take(api, trial, task="fill", submit=OK)
    take(api, trial, task="check", submit=OK)
    api("sheji").post(f"/trials/{trial}/undo", {"keep": 1})
    assert [task["element"] for task in look(api, trial)["tasks"]] == ["check"]


def test_a_task_for_another_pair_of_eyes_finds_another_person(world: World, api: Person) -> None:
    second = node("userTask", "again", role="head", notBy="check")
    first = node("userTask", "check", role="head")
    trial = begin(api, draft(world, small(FILL, first, second)))
    for element in ("fill", "check", "again"):  # the demonstration has one head only
        take(api, trial, task=element, submit=OK)
    assert look(api, trial)["status"] == "closed"


def test_a_changed_draft_says_how_far_the_steps_still_come(world: World, api: Person) -> None:
    definition = draft(world, small())
    trial = begin(api, definition)
    take(api, trial, task="fill", submit=OK)
    take(api, trial, task="check", submit=OK)
    sha = next(row for row in api("sheji").get("/definitions") if row["id"] == str(definition))["sha256"]
    renamed = small(FILL, node("userTask", "examine", role="window"))["process.bpmn"].decode()
    api("sheji").put(f"/definitions/{definition}/files", {"name": "process.bpmn", "content": renamed, "expected": sha})
    state = look(api, trial)
    assert state["taken"] == 1
    assert "check" in state["problem"]["zh"]
    assert [task["element"] for task in state["tasks"]] == ["examine"]


def test_what_was_played_becomes_a_scenario_that_holds(world: World, api: Person) -> None:
    files = small(FILL, node("userTask", "check", role="head"), node("userTask", "sign", role="window"))
    definition = draft(world, files)
    trial = begin(api, definition)
    for element in ("fill", "check", "sign"):
        take(api, trial, task=element, submit=OK)
    kept = api("sheji").post(f"/trials/{trial}/scenario", {"zh": "一路办结", "en": "Straight through"})
    assert kept["definition_id"] == str(definition)
    now = {name: said.encode() for name, said in api("sheji").get(f"/definitions/{definition}")["files"].items()}
    (scenario,) = json.loads(now["scenarios.json"])["scenarios"]
    assert scenario["name"] == {"zh": "一路办结", "en": "Straight through"}
    assert scenario["expect"]["route"] == ["fill", "check", "sign", "finish"]
    report = scenarios.run_files(world.rt, now)
    assert (report.results[0].passed, report.coverage) == (True, 1)


def test_a_recorded_scenario_notices_a_change_of_the_model(world: World, api: Person) -> None:
    definition = draft(world, small())
    trial = begin(api, definition)
    for element in ("fill", "check"):
        take(api, trial, task=element, submit=OK)
    api("sheji").post(f"/trials/{trial}/scenario", {"zh": "甲"})
    files = {name: said.encode() for name, said in api("sheji").get(f"/definitions/{definition}")["files"].items()}
    files["process.bpmn"] = small(FILL, CHECK, node("userTask", "more", role="head"))["process.bpmn"]
    (result,) = scenarios.run_files(world.rt, files).results
    assert not result.passed
    assert any("status" in problem for problem in result.problems)


def test_scenarios_written_before_stay_as_they_were_written() -> None:
    content = b'{"scenarios": [\n {"name": {"zh": "A", "en": "A"},   "steps": []}\n], "note": [1]}\n'
    added = trials.with_scenario(content, {"name": {"zh": "B", "en": "B"}, "steps": []})
    assert [item["name"]["zh"] for item in json.loads(added)["scenarios"]] == ["A", "B"]
    plain = b'{"scenarios": [\n {"name": {"zh": "A", "en": "A"},   "steps": []}\n]}\n'
    assert trials.with_scenario(plain, {"steps": []}).startswith(plain[: plain.rindex(b"\n]")])


@pytest.mark.parametrize("login", ["qiye", "shencha", "anquan"])
def test_only_designers_try(world: World, api: Person, login: str) -> None:
    trial = begin(api, draft(world, small()))
    for path in (f"/trials/{trial}", f"/trials/{trial}/tasks/fill", f"/trials/{trial}/letters/1"):
        assert api(login).raw(path).status_code == 403


def test_a_model_that_cannot_run_says_so_on_the_page(world: World, api: Person) -> None:
    trial = begin(api, draft(world, small(FILL, node("scriptTask", "script"))))
    assert api("sheji").raw(f"/trials/{trial}").status_code == 422


def test_the_page_shows_forms_letters_and_the_way_back(app: Flask, world: World, api: Person) -> None:
    definition = draft(world, small())
    trial = begin(api, definition)
    page = app.test_client()
    headers = {"Authorization": f"Bearer {api('sheji').token}"}
    assert "fill" in page.get(f"/trials/{trial}", headers=headers).get_data(as_text=True)
    form = page.get(f"/trials/{trial}/tasks/fill", headers=headers).get_data(as_text=True)
    assert 'name="remark"' in form


def test_in_a_house_at_work_the_applicant_is_invented_and_no_real_enterprise_is_shown(
    world: World, api: Person
) -> None:
    designer = api("sheji")
    with world.rt.db.transaction() as conn:
        conn.execute(text("UPDATE app_user SET login = 'real-' || login"))
    definition = draft(world, small(FILL, CHECK))
    refused = designer.post(f"/definitions/{definition}/trials", {"given": {"enterprise": "real-qiye2"}})
    assert refused["code"] == "not_a_demonstration"
    trial = begin(api, definition)
    for element in ("fill", "check"):
        take(api, trial, task=element, submit=OK)
    state = look(api, trial)
    assert state["status"] == "closed"
    assert state["variables"]["case"]["enterprise"]["name"] == "试办单位"
    assert "苏州示范" not in json.dumps(state, ensure_ascii=False)
    kept = designer.post(f"/trials/{trial}/scenario", {"zh": "本单位的场景"})
    assert kept["scenario"]["house"] is True
    files = {name: said.encode() for name, said in designer.get(f"/definitions/{definition}")["files"].items()}
    assert scenarios.run_files(world.rt, files).results[0].passed
