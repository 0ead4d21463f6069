"""The whole one-window path by the API alone: from one application to EIA approval and discharge permit."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docx import Document
from flask import Flask
from sqlalchemy import select

from tests.conftest import World
from tests.signing import SIGNATURE, SIGNED_STEPS
from tests.web.conftest import Api
from workflows import deadlines, install, quotarehearsal
from workflows.models import Deadline

Person = Callable[[str], Api]
BY_ROLE = {
    "preparer": "qiye",
    "legal_representative": "faren",
    "window": "chuangkou",
    "reviewer": "shencha",
    "expert": "zhuanjia",
    "head": "qianfa",
}
BY_BODY = {"sip-water": "huiban", "sip-safety": "huiban2", "sip-plan": "huiban3"}


def scenario(name: str) -> dict[str, Any]:
    folder = install.procedures_folder() / "one_window"
    everything = json.loads(Path(folder / "scenarios.json").read_text())["scenarios"]
    return next(item for item in everything if item["name"]["zh"].startswith(name))


def with_files(person: Api, data: Any) -> Any:
    if isinstance(data, dict):
        return {key: with_files(person, value) for key, value in data.items()}
    if isinstance(data, list):
        return [with_files(person, value) for value in data]
    if isinstance(data, str) and data.startswith("file:"):
        return person.upload(data.removeprefix("file:"))
    return data


def play(world: World, api: Person, played: dict[str, Any]) -> str:
    with world.rt.db.transaction() as conn:
        quotarehearsal.furnish(conn, played.get("ledger", {}), world.time)
    started = api("qiye").post("/cases", {"procedure": "one_window"})
    steps = [{"task": "task_screening", "as": "preparer", "submit": played["start"]}, *played["steps"]]
    for step in steps:
        if "task" in step:
            person = api(BY_BODY.get(step.get("body", ""), BY_ROLE[step["as"]]))
            tasks = person.get("/tasks", search=started["number"])["tasks"]
            task = next((one for one in tasks if one["element"] == step["task"]), None)
            assert task is not None, (step["task"], [one["element"] for one in tasks])
            shown = person.get(f"/tasks/{task['id']}")
            assert shown["may_work"] and shown["schema"]["type"] == "object"
            data = with_files(person, step.get("submit", {}))
            signature = {"signature": SIGNATURE} if step["task"] in SIGNED_STEPS else {}
            answer = person.post(f"/tasks/{task['id']}/complete", {"data": data, **signature})
            assert person.last.status_code == 200, (step["task"], answer)
            assert answer["incidents"] == 0, api("qianfa").get(f"/cases/{started['case_id']}")["incidents"]
        else:
            with world.rt.db.transaction() as conn:
                query = select(Deadline.due_at).where(Deadline.done_at.is_(None))
                if step.get("element"):
                    query = query.where(Deadline.element == step["element"])
                due = conn.scalar(query.order_by(Deadline.due_at).limit(1))
            assert due is not None
            world.time.instant = max(world.time.instant, due)
            deadlines.sweep(world.rt)
    return str(started["case_id"])


def test_both_decisions_are_issued_together_and_every_step_is_in_the_record(world: World, api: Person) -> None:
    case_id = play(world, api, scenario("同时办理：报告表＋重点管理"))
    case = api("qiye").get(f"/cases/{case_id}")
    assert case["status"] == "closed"
    assert {matter["kind"]: matter["status"] for matter in case["matters"]} == {"eia": "approved", "permit": "approved"}
    assert {permit["kind"] for permit in case["permits"]} == {"eia", "permit"}
    assert case["obligations"]
    kinds = [line["kind"] for line in api("qiye").get(f"/cases/{case_id}/events")]
    assert [kinds.count("decided"), kinds.count("permit_entered"), kinds[-1]] == [2, 2, "case_closed"]
    assert not [task for task in case["tasks"] if task["status"] == "open"]


def test_every_letter_opens_in_word_and_its_code_can_be_checked_by_anybody(
    world: World, api: Person, app: Flask
) -> None:
    case_id = play(world, api, scenario("同时办理：报告表＋简化管理"))
    letters = api("qiye").get(f"/cases/{case_id}/letters")
    assert {"acceptance_notice", "eia_approval", "permit_original", "permit_copy"} <= {one["kind"] for one in letters}
    numbers = [one["number"] for one in letters if one["number"]]
    assert len(numbers) == len(set(numbers))
    for one in letters:
        content = api("qiye").raw(f"/letters/{one['id']}")
        assert content.headers["Content-Disposition"].startswith("attachment")
        text = "\n".join(paragraph.text for paragraph in Document(io.BytesIO(content.data)).paragraphs)
        assert "{{" not in text
        if one["verify_code"]:
            checked = app.test_client().get(f"/api/v1/verify/{one['verify_code']}").get_json()
            assert checked["sha256"] == one["sha256"]


def test_the_page_and_the_api_description_name_every_address(app: Flask) -> None:
    described = app.test_client().get("/api/openapi.json").get_json()
    rules = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")}
    named = {path.replace("{", "<").replace("}", ">") for path in described["paths"]}
    assert {rule.replace("<uuid:", "<") for rule in rules} == named
