"""Two deciding bodies: each sees the shared material and its own part, the applicant sees all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from tests.conftest import World
from tests.waste.kit import play
from tests.web.conftest import Api
from workflows.models import Task

Person = Callable[[str], Api]
TWO = "两个机关：年焚烧"
# In that scenario the first twelve steps end before anybody proposes a decision.
REVIEWED = 12


def elements(document: Any, what: str = "submissions") -> set[str]:
    return {row["element"] for row in document[what]}


def test_each_body_sees_the_shared_material_and_its_own_part(world: World, api: Person) -> None:
    case_id = play(world, "two_licences", TWO, REVIEWED).case_id
    province, park, applicant = (api(login).get(f"/cases/{case_id}") for login in ("shengsheng", "shencha", "qiye"))
    shared = {"task_application", "task_site_visit", "task_licence_experts"}
    assert shared <= elements(province) & elements(park)
    assert "task_waste_opinion" in elements(province) - elements(park)
    assert "task_permit_opinion" in elements(park) - elements(province)
    assert {"task_waste_opinion", "task_permit_opinion"} <= elements(applicant)
    assert elements(province, "tasks") & elements(park, "tasks") >= shared
    assert not any(task["matter"] == "waste" for task in park["tasks"])
    assert not any(letter["matter"] == "permit" and letter["kind"] == "site_sheet" for letter in province["letters"])


def test_what_only_the_other_licence_needs_is_left_out_of_the_application(world: World, api: Person) -> None:
    case_id = play(world, "two_licences", TWO, REVIEWED).case_id

    def application(login: str) -> Any:
        found = api(login).get(f"/cases/{case_id}")["submissions"]
        return next(row["data"] for row in found if row["element"] == "task_application")

    assert "technicians" in application("shengsheng")
    assert "emissions" not in application("shengsheng")
    assert "emissions" in application("shencha")
    assert "technicians" not in application("shencha")
    assert {"technicians", "emissions", "process"} <= set(application("qiye"))


def test_the_other_body_s_tasks_letters_and_pages_do_not_exist(world: World, api: Person, at_page: Any) -> None:
    case_id = play(world, "two_licences", TWO, REVIEWED).case_id
    with world.rt.db.transaction() as conn:
        rows = conn.execute(select(Task.id, Task.element).where(Task.case_id == case_id))
        tasks = {row.element: row.id for row in rows}
    assert api("shencha").raw(f"/tasks/{tasks['task_waste_opinion']}").status_code == 404
    assert api("shengsheng").raw(f"/tasks/{tasks['task_waste_opinion']}").status_code == 200
    sheets = [one for one in api("qiye").get(f"/cases/{case_id}")["letters"] if one["kind"] == "site_sheet"]
    other = next(one["id"] for one in sheets if one["matter"] == "permit")
    assert api("shengsheng").raw(f"/letters/{other}").status_code == 404
    assert api("shencha").raw(f"/letters/{other}").status_code == 200
    for login, away in (("shencha", "逐项审查，符合许可条件"), ("shengsheng", "符合核发条件")):
        client, _ = at_page(login)
        for path in (f"/cases/{case_id}", f"/letters/{sheets[0]['id']}"):
            assert away not in client.get(path).get_data(as_text=True), (login, path)


def test_each_proposes_without_the_other_s_answers_in_reach(world: World, api: Person) -> None:
    case_id = play(world, "two_licences", TWO, REVIEWED).case_id
    task = next(
        one for one in api("shencha").get(f"/cases/{case_id}")["tasks"] if one["element"] == "task_permit_proposal"
    )
    context = api("shencha").get(f"/tasks/{task['id']}")["context"]
    assert context["permit_opinion"]["opinion"] == "符合核发条件"
    assert "waste_opinion" not in context
    assert "conditions" not in context
    assert "technicians" not in context["application"]


def test_one_body_for_both_sees_everything(world: World, api: Person) -> None:
    case_id = play(world, "two_licences", "一个机关：专家评审", REVIEWED).case_id
    assert {"task_waste_opinion", "task_permit_opinion"} <= elements(api("shencha").get(f"/cases/{case_id}"))
