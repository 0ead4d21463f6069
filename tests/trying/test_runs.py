"""Scenarios run in the background, and past cases replayed by a version that is not in force: what would have been otherwise."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.conftest import World, key
from tests.kit import open_task
from tests.runtime.models import node, publish, service
from tests.trying.kit import CHECK, FILL, counts, draft, shipped, small
from tests.web.conftest import Api
from workflows import cases, foreseeing, modelruns, scenarios

Person = Callable[[str], Api]
OK = {"remark": "好"}
GOOD = {"name": {"zh": "办结", "en": "Done"}, "start": OK, "steps": [{"task": "check", "submit": OK}]}


def complete(world: World, case_id: uuid.UUID, login: str, data: dict[str, Any] | None = None) -> None:
    cases.complete(world.rt, world.actor(login), key(), task_id=open_task(world, case_id), data=data or OK)


def past(world: World, *, publish_first: bool = True, **settings: Any) -> uuid.UUID:
    """A case of a small procedure that was filled in, checked two days later and closed."""
    if publish_first:
        publish(world.rt, small()["process.bpmn"], start_task="fill", **settings)
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    complete(world, case_id, "qiye")
    world.time.move_to(date(2026, 9, 3))
    complete(world, case_id, "chuangkou")
    return case_id


def asked(api: Person, world: World, definition: uuid.UUID, **given: Any) -> dict[str, Any]:
    made = api("sheji").post(f"/definitions/{definition}/runs", given)
    assert api("sheji").last.status_code == 202, made
    modelruns.work(world.rt)
    found: dict[str, Any] = api("sheji").get(f"/runs/{made['run_id']}")
    return found


def said(found: dict[str, Any]) -> list[tuple[str, str]]:
    (line,) = found["lines"]
    return [(item["what"], item["name"]) for item in line["differences"]]


def test_scenarios_run_in_the_background_with_coverage(world: World, api: Person) -> None:
    wrong = {**GOOD, "name": {"zh": "错的", "en": "Wrong"}, "expect": {"outcome": "refused", "route": ["nowhere"]}}
    files = small() | {"scenarios.json": json.dumps({"scenarios": [GOOD, wrong]}).encode()}
    found = asked(api, world, draft(world, files), kind="scenarios")
    assert found["finished_at"]
    assert [(line["title"]["zh"], line["passed"]) for line in found["lines"]] == [("办结", True), ("错的", False)]
    assert any("nowhere" in problem for problem in found["lines"][1]["problems"])
    assert (found["coverage"], found["uncovered"]) == (1, [])


def test_a_model_that_fails_its_check_fails_its_scenarios_with_the_findings(world: World, api: Person) -> None:
    files = small(FILL, node("scriptTask", "script")) | {"scenarios.json": json.dumps({"scenarios": [GOOD]}).encode()}
    (line,) = asked(api, world, draft(world, files), kind="scenarios")["lines"]
    assert not line["passed"]
    assert "script" in line["problems"][0]


def test_the_same_version_makes_no_difference_and_leaves_nothing(world: World, api: Person) -> None:
    past(world)
    before = counts(world)
    found = asked(api, world, draft(world, small()), kind="replay")
    (line,) = found["lines"]
    assert (line["same"], line["faithful"], found["same"], found["otherwise"]) == (True, True, 1, 0)
    changed = {name for name, count in counts(world).items() if count != before[name]}
    # The draft, the run, and the token of whoever looks.
    assert changed <= {"definition", "definition_file", "model_run", "model_run_line", "idempotency", "api_token"}


def test_a_new_step_is_told_with_where_the_case_would_wait_and_whose_work_it_is(world: World, api: Person) -> None:
    past(world)
    longer = draft(world, small(FILL, CHECK, node("userTask", "sign", role="head")))
    found = asked(api, world, longer, kind="replay")
    assert ("waits", "sign") in said(found)
    assert ("outcome", "") in said(found)
    assert found["work"] == {"head": 1}
    assert found["stuck"] == 1


def test_a_step_that_is_gone_leaves_its_answer_unused(world: World, api: Person) -> None:
    past(world)
    found = asked(api, world, draft(world, small(FILL)), kind="replay")
    told = said(found)
    assert ("step", "check") in told
    assert ("unused", "check") in told
    assert found["work"] == {"window": -1}


def test_another_limit_moves_the_due_date(world: World, api: Person) -> None:
    past(world)
    slower = node("userTask", "check", role="window", limitRule="eia.form.decide")
    found = asked(api, world, draft(world, small(FILL, slower)), kind="replay")
    (line,) = found["lines"]
    (due,) = [item for item in line["differences"] if item["what"] == "due"]
    assert due["before"] < due["after"]
    assert found["dates_moved"] == 1


def test_a_question_that_nobody_answered_then_is_named(world: World, api: Person) -> None:
    past(world)
    form = {
        "id": "asks", "title": {"zh": "问", "en": "Asks"},
        "sections": [{"id": "s", "title": {"zh": "问", "en": "Asks"}, "fields": [
            {"name": "why", "type": "text", "label": {"zh": "为什么", "en": "Why"}, "required": True}]}],
    }  # fmt: skip
    files = small(FILL, node("userTask", "check", role="window", form="asks"), forms=[])
    settings = json.loads(files["procedure.json"]) | {"forms": ["asks"]}
    files |= {"procedure.json": json.dumps(settings).encode(), "forms/asks.json": json.dumps(form).encode()}
    (line,) = asked(api, world, draft(world, files), kind="replay")["lines"]
    (problem,) = [item for item in line["differences"] if item["what"] == "problem"]
    assert "why" in problem["after"]


def test_another_decision_is_told_by_what_the_case_ends_with(world: World, api: Person) -> None:
    def closing(outcome: str) -> dict[str, bytes]:
        return small(FILL, CHECK, service("close", "case.close", outcome=f"'{outcome}'"))

    publish(world.rt, closing("approved")["process.bpmn"], start_task="fill")
    past(world, publish_first=False)
    (line,) = asked(api, world, draft(world, closing("refused")), kind="replay")["lines"]
    (outcome,) = [item for item in line["differences"] if item["what"] == "outcome"]
    assert (outcome["before"], outcome["after"]) == ("approved", "refused")


def test_whoever_replays_cases_is_not_told_whose_they_are(world: World, api: Person) -> None:
    past(world)
    found = json.dumps(asked(api, world, draft(world, small(FILL)), kind="replay"), ensure_ascii=False)
    assert "苏州示范电子" not in found
    assert api("qiye").raw(f"/definitions/{uuid.uuid4()}/runs").status_code == 403


def test_only_cases_of_the_period_are_replayed(world: World, api: Person) -> None:
    past(world)
    found = asked(api, world, draft(world, small()), kind="replay", since="2025-01-01", until="2026-08-31")
    assert (found["total"], found["finished_at"] is not None) == (0, True)


@pytest.fixture
def permitted(world: World) -> uuid.UUID:
    """A past case of the shipped joint procedure in which everything happened: letters, notices, quota, two permits."""
    contents = shipped("one_window")
    every = json.loads(contents["scenarios.json"])["scenarios"]
    chosen = next(item for item in every if item["name"]["zh"].startswith("同时办理：报告表＋简化管理"))
    world.time.move_to(date.fromisoformat(chosen["today"]))
    player = scenarios.Player(world.rt, world.time, contents, chosen)
    player.play()
    return player.case_id


def test_a_joint_case_runs_again_as_it_was_and_says_what_another_table_would_have_decided(
    world: World, api: Person, permitted: uuid.UUID
) -> None:
    contents = shipped("one_window")
    with world.rt.db.transaction() as conn:
        record = foreseeing.recording(conn, permitted)
    course = foreseeing.play(world.rt, record, contents)
    assert (course.problem, course.unused, course.status, course.outcome) == (None, [], record.status, record.outcome)
    stricter = contents["permit_class.dmn"].replace(b'<text>"simplified"</text>', b'<text>"key"</text>')
    assert stricter != contents["permit_class.dmn"]
    target = draft(world, {**contents, "permit_class.dmn": stricter})
    found = asked(api, world, target, kind="table", decision="permit_class")
    (line,) = found["lines"]
    assert line["faithful"]
    (decided,) = [item for item in line["differences"] if item["what"] == "decision"]
    assert ("simplified" in decided["before"], "key" in decided["after"]) == (True, True)
    assert asked(api, world, target, kind="table", decision="eia_class")["otherwise"] == 0
