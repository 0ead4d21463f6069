"""The editor of models in a real browser: what is chosen in the panel is in the saved file, and nothing is saved over unseen."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESKTOP, PHONE, Person, Site
from tests.runtime.models import chain, node
from web import assets
from workflows import engine

pytestmark = pytest.mark.browser
MODEL = chain(node("userTask", "fill"), node("serviceTask", "svc"), node("userTask", "check", role="window")).decode()
SETTINGS = json.dumps({"id": "trial", "title": {"zh": "试验", "en": "Trial"}, "lead_matter": "eia"})


def _draft(served: Site) -> str:
    files = {"process.bpmn": MODEL, "procedure.json": SETTINGS}
    return str(served.api("sheji").post("/definitions", {"procedure": "trial", "files": files})["id"])


def _edit(person: Person, draft: str) -> None:
    person.open(f"/definitions/{draft}/edit")
    person.page.wait_for_selector('[data-island="designer"][data-ready]')


def _select(person: Person, element: str) -> None:
    person.page.locator(f'[data-element-id="{element}"] .djs-hit').first.click(force=True)


def _saved(person: Person) -> None:
    person.page.get_by_role("button", name="保存草稿").click()
    expect(person.page.locator("[data-save-state]")).to_contain_text("草稿已保存")


def _file(served: Site, draft: str) -> str:
    return str(served.api("sheji").get(f"/definitions/{draft}")["files"]["process.bpmn"])


def test_a_model_without_a_drawing_is_laid_out_and_its_steps_are_filled_in_by_choice(served: Site) -> None:
    draft, designer = _draft(served), served.as_person("sheji")
    _edit(designer, draft)
    page = designer.page
    expect(page.locator("[data-findings]")).to_contain_text("fill")
    _select(designer, "fill")
    page.get_by_label("名称").fill("填写申请")
    page.get_by_label("办理角色").select_option("preparer")
    page.get_by_label("办理时限").select_option("permit.deficiency")
    page.get_by_label("法律依据").fill("《行政许可法》第32条")
    _select(designer, "svc")
    page.get_by_label("处理程序").select_option("case.close")
    page.locator("[data-input=outcome]").fill('"approved"')
    page.locator("[data-input=outcome]").press("Tab")
    _saved(designer)
    expect(page.locator("[data-findings]")).to_contain_text("没有发现问题")
    designer.look("desktop-designer")
    made = engine.compile({"process.bpmn": _file(served, draft).encode()})
    task = made.elements["fill"]
    assert (task.name, dict(task.properties)) == (
        "填写申请",
        {"role": "preparer", "limitRule": "permit.deficiency", "legalBasis": "《行政许可法》第32条"},
    )
    assert 'id="case.close"' in _file(served, draft)
    assert (_file(served, draft).count("<bpmndi:BPMNShape"), _file(served, draft).count("<bpmndi:BPMNEdge")) == (5, 4)
    # Another step, drawn with the pad beside a step; undone, it is gone again.
    _select(designer, "check")
    page.locator(
        '.djs-context-pad [data-action="append.append-task"], .djs-context-pad [title="后接任务"]'
    ).first.click()
    _saved(designer)
    assert len(engine.compile({"process.bpmn": _file(served, draft).encode()}).elements) == len(made.elements) + 1
    page.get_by_role("button", name="撤销").click()
    _saved(designer)
    assert len(engine.compile({"process.bpmn": _file(served, draft).encode()}).elements) == len(made.elements)
    page.set_viewport_size(PHONE)
    assert designer.overflow() <= 0
    designer.picture("phone-designer")
    page.set_viewport_size(DESKTOP)


def test_a_change_is_saved_by_itself_and_a_second_window_is_told(served: Site) -> None:
    draft, designer = _draft(served), served.as_person("sheji")
    _edit(designer, draft)
    _saved(designer)
    other = served.as_person("sheji", timezone_id="Asia/Shanghai")
    _edit(other, draft)
    _select(designer, "fill")
    designer.page.get_by_label("名称").fill("由本人改名")
    designer.page.get_by_label("名称").press("Tab")
    expect(designer.page.locator("[data-save-state]")).to_contain_text("草稿已保存", timeout=15_000)
    assert "由本人改名" in _file(served, draft)
    _select(other, "check")
    other.page.get_by_label("名称").fill("另一窗口")
    other.page.get_by_label("名称").press("Tab")
    other.page.get_by_role("button", name="保存草稿").click()
    expect(other.page.locator("[data-save-state]")).to_contain_text("已被他人")
    assert "另一窗口" not in _file(served, draft)
    expect(other.page.locator('[data-element-id="check"]').first).to_contain_text("另一窗口")


def test_what_is_published_is_copied_before_it_is_edited(served: Site) -> None:
    designer = served.as_person("sheji")
    designer.open("/definitions")
    row = designer.page.get_by_role("row", name="one_window")
    row.get_by_role("link", name="编辑").click()
    designer.ready()
    designer.press("另存为草稿并编辑")
    designer.page.wait_for_selector('[data-island="designer"][data-ready]')
    expect(designer.page.locator('[data-element-id="call_decision"]').first).to_be_visible()
    expect(designer.page.locator("[data-findings]")).to_contain_text("没有发现问题")
    _select(designer, "call_decision")
    designer.page.get_by_label("名称").fill("拟定决定并签发")
    designer.page.get_by_label("名称").press("Tab")
    _saved(designer)
    designer.open("/definitions")
    designer.page.get_by_role("row", name="one_window").first.get_by_role("link", name="比较").click()
    designer.ready()
    row = designer.page.get_by_role("row", name="call_decision")
    expect(row).to_contain_text("拟定与签发决定")
    expect(row).to_contain_text("拟定决定并签发")
    expect(designer.page.locator("table.table tbody tr")).to_have_count(1)
    designer.look("desktop-compare")
    designer.page.set_viewport_size(PHONE)
    assert designer.overflow() <= 0
    designer.page.set_viewport_size(DESKTOP)


def test_no_other_page_loads_the_editor(served: Site) -> None:
    editor = assets._manifest()["web/static_src/designer.js"]["file"]
    person = served.as_person("sheji")
    for path in ("/", "/definitions", "/procedures"):
        person.open(path)
        assert editor not in person.page.content()
