"""What the public gets to see: notices with nothing but public fields, and decisions in full once they are published."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable

import docx
from flask import Flask
from sqlalchemy import select, text

from tests.conftest import World
from tests.web.conftest import Api
from tests.web.test_api_path import play, scenario
from web import views
from workflows.models import Notice, Submission

Person = Callable[[str], Api]
SAYS = {"id", "kind", "title", "content", "from_on", "until_on", "open", "letters", "comments"}
COMMENT = {"author", "comment", "at", "answer", "answered_at"}
LETTER = {"id", "kind", "title", "number", "issued_at", "sha256"}


def decided(world: World, api: Person) -> str:
    known: dict[str, Api] = {}
    return play(world, lambda login: known.setdefault(login, api(login)), scenario("同时办理：报告表＋简化管理"))


def notices(app: Flask) -> dict[str, str]:
    listed = app.test_client().get("/api/v1/notices").get_json()
    return {notice["kind"]: notice["id"] for notice in listed}


def test_everything_a_notice_tells_the_public_is_listed_here(world: World, app: Flask, api: Person) -> None:
    decided(world, api)
    assert set(views.PUBLIC_NOTICE) | {"letters", "comments"} == SAYS
    assert set(views.PUBLIC_COMMENT) == COMMENT
    assert set(views.PUBLIC_LETTER) == LETTER
    for notice_id in notices(app).values():
        told = app.test_client().get(f"/api/v1/notices/{notice_id}").get_json()
        assert set(told) == SAYS
        assert all(set(letter) == LETTER for letter in told["letters"])


def test_the_decision_is_public_in_full_and_nothing_else_of_the_case(world: World, app: Flask, api: Person) -> None:
    case_id = decided(world, api)
    client, notice = app.test_client(), notices(app)["decision"]
    told = client.get(f"/api/v1/notices/{notice}").get_json()
    assert {letter["kind"] for letter in told["letters"]} == {"eia_approval", "permit_original", "permit_copy"}
    approval = next(letter for letter in told["letters"] if letter["kind"] == "eia_approval")
    page = client.get(f"/notices/{notice}").get_data(as_text=True)
    assert f"/notices/{notice}/letters/{approval['id']}/docx" in page
    for address in (
        f"/notices/{notice}/letters/{approval['id']}/docx",
        f"/api/v1/notices/{notice}/letters/{approval['id']}/docx",
    ):
        answer = client.get(address)
        assert answer.status_code == 200
        said = "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(answer.data)).paragraphs)
        assert approval["number"] in said
    others = [one for one in api("qiye").get(f"/cases/{case_id}")["letters"] if one["kind"] == "acceptance_notice"]
    assert client.get(f"/notices/{notice}/letters/{others[0]['id']}/docx").status_code == 404
    assert client.get(f"/notices/{notices(app)['acceptance']}/letters/{approval['id']}/docx").status_code == 404


def test_a_correction_of_a_closed_case_is_made_on_its_page_and_the_original_stays(
    world: World, app: Flask, api: Person
) -> None:
    from tests.web.test_house import signed_in

    case_id = decided(world, api)
    client, post = signed_in(app, "shencha")
    with world.rt.db.transaction() as conn:
        row = conn.execute(
            select(Submission.id, Submission.data).where(
                Submission.case_id == uuid.UUID(case_id), Submission.data["project_name"].astext.is_not(None)
            )
        ).first()
    assert row is not None
    place = f"{row.id}:project_name"
    assert f'value="{place}"' in client.get(f"/cases/{case_id}").get_data(as_text=True)
    assert post(f"/cases/{case_id}/corrections", place=place, value="更名后的项目", reason="笔误").status_code == 302
    page = client.get(f"/cases/{case_id}").get_data(as_text=True)
    assert "更名后的项目" in page
    assert "笔误" in page
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Submission.data).where(Submission.id == row.id)) == row.data
    applicant, _ = signed_in(app, "qiye")
    assert "/corrections" not in applicant.get(f"/cases/{case_id}").get_data(as_text=True)


def test_a_notice_of_tomorrow_shows_nothing_today(world: World, app: Flask, api: Person) -> None:
    decided(world, api)
    notice = notices(app)["decision"]
    with world.rt.db.transaction() as conn:
        conn.execute(text("UPDATE notice SET from_on = from_on + 400"))
        letter = conn.scalar(text("SELECT id FROM letter WHERE kind = 'eia_approval'"))
        assert conn.scalar(select(Notice.id).where(Notice.id == uuid.UUID(notice))) is not None
    assert app.test_client().get(f"/notices/{notice}").status_code == 404
    assert app.test_client().get(f"/notices/{notice}/letters/{letter}/docx").status_code == 404
