"""What filling in forms promises: nothing typed is lost, nothing is sent twice, errors say where, script is optional."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from tests.e2e.conftest import PDF, PHONE, Person, Site
from tests.web.test_api_path import play, scenario
from workflows import demo
from workflows.models import Draft, Submission

pytestmark = pytest.mark.browser

FULL = "同时办理：报告表＋重点管理"


def brought_to(served: Site, name: str, steps: int) -> str:
    """A case of a shipped scenario after so many steps, by the API."""
    played = scenario(name)
    known: dict[str, Any] = {}
    return play(
        served.world,
        lambda login: known.setdefault(login, served.api(login)),
        {**played, "steps": played["steps"][:steps]},
    )


def open_task(served: Site, person: Person, case_id: str, name: str) -> Person:
    person.open(f"/cases/{case_id}")
    person.page.locator(".now").get_by_role("link", name=name, exact=True).first.click()
    person.ready()
    return person


def test_errors_are_told_at_the_top_with_focus_and_lead_to_their_field(served: Site) -> None:
    case_id = brought_to(served, FULL, 0)
    person = open_task(served, served.as_person("qiye"), case_id, "填报一套材料")
    page = person.page
    person.answer({"project_name": "只填了名称"})
    page.fill('[name="emissions.0.outlet"]', "DA001")
    person.press("提交")
    assert page.title().startswith("错误：")
    assert page.evaluate("() => document.activeElement.id") == "error-summary"
    person.look("errors")
    assert page.input_value('[name="project_name"]') == "只填了名称"
    link = page.locator(".error-summary a", has_text="建设内容与规模")
    link.click()
    expect(page.locator('[name="summary"]')).to_be_focused()
    expect(page.locator('[data-field="summary"] .error')).to_be_visible()
    page.locator(".error-summary a", has_text="第1行").first.click()
    assert re.match(r"emissions\.0\.", page.evaluate("() => document.activeElement.name"))
    phone = served.as_person("qiye", viewport=PHONE)
    open_task(served, phone, case_id, "填报一套材料")
    phone.look("phone-application")
    assert phone.overflow() <= 0


def test_only_the_parts_sent_back_can_be_changed(served: Site) -> None:
    case_id = brought_to(served, "补正：首次告知", 3)
    person = open_task(served, served.as_person("qiye"), case_id, "补正材料")
    page = person.page
    locked, opened = page.locator("details.locked"), page.locator("section.form-section")
    assert opened.count() >= 1 and locked.count() >= 5
    assert page.locator("details.locked :is(input, select, textarea):not([type=hidden])").count() == 0
    asked = page.locator("details.finding").first
    expect(asked).to_contain_text("一次性告知")
    expect(asked.locator("li").first).to_be_visible()
    person.look("deficiency")
    steps = scenario("补正：首次告知")["steps"]
    correction = next(step["submit"] for step in steps if step.get("task") == "task_correct")
    editable = {
        key: value
        for key, value in correction.items()
        if page.locator(f'section.form-section [data-field="{key}"]').count()
        and not (isinstance(value, str) and value.startswith("file:"))
    }
    person.answer(editable)
    for key, value in correction.items():
        if isinstance(value, str) and value.startswith("file:"):
            page.set_input_files(
                f'[name="upload:{key}"]', {"name": "补正.pdf", "mimeType": "application/pdf", "buffer": PDF}
            )
    person.press("提交")
    expect(page.get_by_role("heading", name="“补正材料”已提交")).to_be_visible()


def test_what_is_typed_offline_is_kept_and_saved_when_the_connection_is_back(served: Site) -> None:
    case_id = brought_to(served, FULL, 0)
    person = open_task(served, served.as_person("qiye"), case_id, "填报一套材料")
    page = person.page
    page.clock.install()
    page.fill('[name="project_name"]', "联机时填写")
    page.clock.fast_forward(4000)
    expect(page.locator(".saved")).to_contain_text("草稿已于")
    person.context.set_offline(True)
    page.fill('[name="site_address"]', "断线时填写")
    page.locator('[data-add="outlets"]').click()
    page.fill('[name="outlets.1.code"]', "DA002")
    page.clock.fast_forward(11000)
    expect(page.locator(".saved")).to_contain_text("自动重试")
    person.context.set_offline(False)
    page.clock.fast_forward(4000)
    expect(page.locator(".saved")).to_contain_text("草稿已于")
    assert draft(served)["site_address"] == "断线时填写"
    person.context.set_offline(True)
    page.fill('[name="summary"]', "断线后页面被关掉")
    page.evaluate("() => navigator.sendBeacon = () => false")
    person.context.set_offline(False)
    page.reload()
    person.ready()
    assert page.input_value('[name="summary"]') == "断线后页面被关掉"
    assert page.input_value('[name="outlets.1.code"]') == "DA002"


def draft(served: Site) -> dict[str, Any]:
    with served.world.rt.db.transaction() as conn:
        found: dict[str, Any] = conn.execute(select(Draft.data)).scalar_one()
        return found


def test_a_double_click_submits_once(served: Site) -> None:
    case_id = brought_to(served, FULL, 1)
    person = open_task(served, served.as_person("faren"), case_id, "法定代表人承诺")
    person.answer({"decision": "agree", "truthful": True})
    with person.page.expect_navigation():
        person.page.get_by_role("button", name="提交", exact=True).dblclick()
    person.ready().get_by_label("登录密码").fill(demo.PASSWORD)
    with person.page.expect_navigation():
        person.page.get_by_role("button", name="签名并提交").dblclick()
    expect(person.page.get_by_role("heading", name="“法定代表人承诺”已提交")).to_be_visible()
    with served.world.rt.db.transaction() as conn:
        count = conn.scalar(
            select(func.count()).select_from(Submission).where(Submission.element == "task_declaration")
        )
    assert count == 1


def test_the_page_works_without_script(served: Site) -> None:
    case_id = brought_to(served, FULL, 0)
    person = served.as_person("qiye", java_script_enabled=False)
    page = person.page
    page.goto(f"{served.base}/cases/{case_id}")
    page.get_by_role("link", name="填报一套材料").first.click()
    given = scenario(FULL)["steps"][0]["submit"]
    for name, value in given.items():
        if isinstance(value, str):
            page.fill(f'[name="{name}"]', value)
    for table in ("outlets", "emissions", "quota"):
        for index, row in enumerate(given[table]):
            if index:
                page.locator(f'button[value="add:{table}"]').click()
            for column, cell in row.items():
                field = page.locator(f'[name="{table}.{index}.{column}"]')
                if field.evaluate("(one) => one.tagName") == "SELECT":
                    field.select_option({True: "true", False: "false"}.get(cell, cell))
                else:
                    field.fill(cell)
    page.check('[name="taihu_nitrogen_phosphorus"][value="false"]')
    person.picture("no-script")
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_role("heading", name="“填报一套材料”已提交")).to_be_visible()


def test_anybody_can_comment_on_a_notice(served: Site) -> None:
    played = scenario("公示期有人申请听证")
    comment = next(index for index, step in enumerate(played["steps"]) if "comment" in step)
    case_id = brought_to(served, "公示期有人申请听证", comment)
    visitor = served.as_person(None)
    page = visitor.open("/notices")
    visitor.look("notices")
    page.locator("li", has_text="拟审批公示").get_by_role("link").first.click()
    visitor.ready()
    visitor.look("notice")
    page.get_by_role("button", name="提交意见").click()
    page.fill("#author", "王居民")
    page.fill("#contact", "13800000000")
    page.fill("#comment", "担心废气影响")
    page.get_by_label("本人是利害关系人，申请听证").check()
    visitor.press("提交意见")
    expect(page.get_by_role("heading", name="意见已收到")).to_be_visible()
    visitor.look("thanks")
    officer = served.as_person("shencha")
    officer.open(f"/cases/{case_id}")
    expect(officer.page.get_by_text("担心废气影响")).to_be_visible()
