"""A version tried, recorded, run, foreseen, published by two people, and a stopped step put right, in a real browser by desk and phone."""

from __future__ import annotations

import json
import uuid

import pytest
from playwright.sync_api import expect

from tests.conftest import key
from tests.e2e.conftest import DESKTOP, PHONE, Person, Site
from tests.runtime.models import chain, node, publish, service
from tests.trying.kit import draft, shipped
from workflows import cases, modelruns
from workflows.models import Incident, Task

pytestmark = pytest.mark.browser


def _both(person: Person, path: str, name: str) -> None:
    """Look at a page by desk in both languages, and by phone."""
    for language in ("zh", "en"):
        person.open(f"{path}{'&' if '?' in path else '?'}lang={language}")
        person.look(f"desktop-{name}-{language}")
    person.open(f"{path}{'&' if '?' in path else '?'}lang=zh")
    person.page.set_viewport_size(PHONE)
    person.look(f"phone-{name}")
    assert person.overflow() <= 0, name
    person.page.set_viewport_size(DESKTOP)


def test_a_draft_is_tried_recorded_run_and_published_by_two_people(served: Site) -> None:
    definition = draft(served.world, shipped("change"))
    designer = served.as_person("sheji")
    designer.page.set_default_timeout(60_000)  # every look plays the case anew
    page = designer.open(f"/definitions/{definition}/trials")
    _both(designer, f"/definitions/{definition}/trials", "trials")
    page.get_by_label("试办名称").fill("法定代表人变更")
    designer.press("开始试办")
    address = page.url.replace(served.base, "")
    for _ in range(8):
        first = page.locator(".now a.button").first
        if not first.count():
            break
        first.click()
        page.get_by_role("link", name="填入场景中的示例").click()
        designer.ready()
        if _ == 0:
            _both(designer, page.url.replace(served.base, ""), "trial-task")
            designer.open(page.url.replace(served.base, ""))
        designer.press("提交")
    expect(page.locator(".error-summary")).to_have_count(0)
    page.wait_for_selector('[data-island="viewer"][data-ready]')
    _both(designer, address, "trial")
    page.locator(".letters a").first.click()
    _both(designer, page.url.replace(served.base, ""), "trial-letter")
    designer.open(address)
    page.get_by_label("场景名称").fill("试办录制的变更")
    designer.press("存为场景")
    expect(page.get_by_role("status")).to_contain_text("已存为草稿的场景")
    designer.open(f"/definitions/{definition}/scenarios")
    designer.press("运行全部场景")
    modelruns.work(served.world.rt)
    designer.open(f"/definitions/{definition}/scenarios")
    expect(page.get_by_text("不通过")).to_have_count(0)
    page.wait_for_selector('[data-island="viewer"][data-ready]')
    _both(designer, f"/definitions/{definition}/scenarios", "scenarios")
    designer.open(f"/definitions/{definition}/publication")
    page.get_by_label("发布说明（改了什么，依据什么）").fill("增加场景。")
    designer.press("提请发布")
    expect(page.get_by_text("须由另一人审核发布")).to_be_visible()
    other = served.as_person("xitong")
    _both(other, f"/definitions/{definition}/publication", "publication")
    other.open(f"/definitions/{definition}/publication")
    other.press("核对无误，发布")
    expect(other.page.get_by_text("已发布", exact=True)).to_be_visible()


def test_past_cases_are_foreseen_and_a_stopped_step_is_put_right(served: Site) -> None:
    fill = node("userTask", "fill", role="preparer", result="answer")
    letter = service("letter", "letter.draft", "made", letter="answer.remark", values="{'reason': '测试'}")
    publish(served.world.rt, chain(fill, letter, node("userTask", "after", role="window")))
    case_id = uuid.UUID(cases.start(served.world.rt, served.world.actor("qiye"), key(), procedure="trial")["case_id"])
    with served.world.rt.db.transaction() as conn:
        task = conn.scalar(Task.__table__.select().with_only_columns(Task.id).where(Task.case_id == case_id))
    assert task is not None
    cases.complete(served.world.rt, served.world.actor("qiye"), key(), task_id=task, data={"remark": "nothing"})
    with served.world.rt.db.transaction() as conn:
        stopped = conn.scalar(Incident.__table__.select().with_only_columns(Incident.id))
    admin = served.as_person("xitong")
    _both(admin, f"/incidents/{stopped}", "incident")
    admin.page.get_by_text("更正案件数据（须由另一人确认）").click()
    admin.page.get_by_label("哪一项数据").fill("answer.remark")
    admin.page.get_by_label("更正为").fill("withdrawal_notice")
    admin.page.locator("#why-mend").fill("名称写错")
    admin.press("提出更正")
    head = served.as_person("qianfa")
    _both(head, f"/incidents/{stopped}", "incident-head")
    head.open(f"/incidents/{stopped}")
    head.press("确认更正并重试")
    expect(head.page.get_by_text("已排除", exact=True)).to_be_visible()
    settings = {"id": "trial", "title": {"zh": "试验", "en": "Trial"}, "lead_matter": "eia"}
    files = {"process.bpmn": chain(fill), "procedure.json": json.dumps(settings).encode()}
    definition = draft(served.world, files)
    designer = served.as_person("sheji")
    _both(designer, f"/definitions/{definition}/foresee", "foresee")
    designer.open(f"/definitions/{definition}/foresee")
    designer.press("开始预演")
    address = designer.page.url.replace(served.base, "")
    while modelruns.work(served.world.rt):
        pass
    _both(designer, address, "foreseen")
    expect(designer.page.get_by_text("多走这一步").first).to_be_visible()
