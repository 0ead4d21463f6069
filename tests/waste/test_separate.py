"""Two deciding bodies: each sees the shared material and its own part, the applicant sees all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from tests.conftest import World, key
from tests.waste.kit import play
from tests.web.conftest import Api
from workflows import clockwork
from workflows.models import CaseFile, Submission, Task

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


def test_a_file_of_a_part_is_downloaded_only_by_its_own_body(world: World, api: Person) -> None:
    played = play(world, "two_licences", TWO, REVIEWED)
    with world.rt.db.transaction() as conn:
        rows = conn.execute(select(CaseFile.element, CaseFile.file_id).where(CaseFile.case_id == played.case_id)).all()
        form = conn.scalar(
            select(Submission.data).where(
                Submission.case_id == played.case_id, Submission.element == "task_application"
            )
        )
    assert form is not None
    attached = {str(row.file_id) for row in rows if row.element == "task_application"}
    parts = {"technician_files": "shengsheng", "emergency_file": "shengsheng", "balance_plan": "shencha"}
    seen = set()
    for file_id in attached:
        where = next(name for name, value in form.items() if file_id in str(value))
        seen.add(where)
        for login in ("shengsheng", "shencha"):
            wanted = 200 if parts.get(where, login) == login else 404
            assert api(login).raw(f"/files/{file_id}").status_code == wanted, (where, login)
        assert api("qiye").raw(f"/files/{file_id}").status_code == 200
    assert seen & set(parts)
    assert seen - set(parts)


def test_each_body_reads_its_own_clock_the_applicant_reads_both(world: World, api: Person, at_page: Any) -> None:
    case_id = play(world, "two_licences", TWO, REVIEWED).case_id
    for login, own, other in (("shengsheng", "waste", "permit"), ("shencha", "permit", "waste")):
        document = api(login).get(f"/cases/{case_id}")
        assert [matter["kind"] for matter in document["matters"]] == [own]
        assert [matter["kind"] for matter in document["elsewhere"]] == [other]
        assert "clock" not in document["elsewhere"][0]
        assert api(login).raw(f"/cases/{case_id}/clocks/{own}").status_code == 200
        assert api(login).raw(f"/cases/{case_id}/clocks/{other}").status_code == 404
        keys = {point["key"] for point in api(login).get(f"/cases/{case_id}/milestones")["milestones"]}
        assert f"clock-{own}" in keys
        assert f"clock-{other}" not in keys
        assert at_page(login)[0].get(f"/cases/{case_id}/clock/{other}").status_code == 404
    assert {matter["kind"] for matter in api("qiye").get(f"/cases/{case_id}")["matters"]} == {"waste", "permit"}


def test_record_and_letters_of_the_api_keep_to_the_same_rule(world: World, api: Person) -> None:
    case_id = play(world, "two_licences", TWO, REVIEWED).case_id
    for login, other in (("shengsheng", "permit"), ("shencha", "waste")):
        lines = api(login).get(f"/cases/{case_id}/events")
        assert not {line["element"] for line in lines} & {f"task_{other}_sheet", f"task_{other}_opinion"}
        assert not any(line["data"].get("matter") == other for line in lines)
        assert {"task_application", "task_site_visit"} <= {line["element"] for line in lines}
        assert not any(letter["matter"] == other for letter in api(login).get(f"/cases/{case_id}/letters"))
    assert {"task_waste_opinion", "task_permit_opinion"} <= {
        line["element"] for line in api("qiye").get(f"/cases/{case_id}/events")
    }


def test_a_note_at_the_other_body_s_part_is_not_shown(world: World, api: Person) -> None:
    case_id = play(world, "two_licences", TWO, REVIEWED).case_id
    submission = next(
        row["id"] for row in api("qiye").get(f"/cases/{case_id}")["submissions"] if row["element"] == "task_application"
    )
    for path, text in (("technicians", "职称证书是否在有效期内"), ("process", "请补充工艺流程图")):
        api("shengsheng").post(f"/cases/{case_id}/notes", {"text": text, "submission_id": submission, "path": path})
    said = {note["text"] for note in api("shencha").get(f"/cases/{case_id}/notes")}
    assert said == {"请补充工艺流程图"}
    assert len(api("qiye").get(f"/cases/{case_id}/notes")) == 2


def test_a_time_notice_of_one_body_stands_in_its_own_record_only(world: World, api: Person) -> None:
    case_id = play(world, "two_licences", TWO, REVIEWED).case_id
    made = clockwork.pause(
        world.rt,
        world.actor("shencha"),
        key(),
        case_id=case_id,
        matter="permit",
        kind="hearing",
        days=20,
        reason="听证",
    )

    def numbers(login: str) -> set[str]:
        lines = api(login).get(f"/cases/{case_id}/events")
        return {line["data"]["number"] for line in lines if line["data"].get("letter") == "time_notice"}

    assert made["number"] in numbers("shencha") & numbers("qiye")
    assert made["number"] not in numbers("shengsheng")
