"""The panel of the editor: nothing of a shipped model is lost, conditions and repetitions are put together, steps are copied."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Person, Site
from workflows import comparing, engine, versionfiles

pytestmark = pytest.mark.browser


def _opened(person: Person, draft: str, name: str = "process.bpmn") -> Page:
    person.open(f"/definitions/{draft}/edit?file={name}")
    person.page.wait_for_selector('[data-island="designer"][data-ready]')
    return person.page


def _saved(page: Page) -> None:
    page.get_by_role("button", name="保存草稿").click()
    expect(page.locator("[data-save-state]")).to_contain_text("草稿已保存")


def _files(served: Site, draft: str) -> dict[str, bytes]:
    return versionfiles.from_texts(served.api("sheji").get(f"/definitions/{draft}")["files"])


def test_a_shipped_procedure_saved_in_the_editor_means_the_same(served: Site) -> None:
    shipped = next(one for one in served.api("sheji").get("/definitions") if one["procedure"] == "one_window")
    draft = served.api("sheji").post(f"/definitions/{shipped['id']}/copy")["id"]
    before = _files(served, draft)
    designer = served.as_person("sheji")
    models = [name for name in before if name.endswith(".bpmn")]
    for name in models:
        _saved(_opened(designer, draft, name))
    after = _files(served, draft)
    assert all(after[name] != before[name] for name in models)
    assert comparing.compare(before, after) == []


def _advice(served: Site, code: str) -> str:
    """A draft whose application has a choice that conditions can ask about."""
    api = served.api("sheji")
    made = api.post("/definitions/begin", {"procedure": code, "title": {"zh": code, "en": code}})["id"]
    held = api.get(f"/definitions/{made}")["files"]
    form = json.loads(held["forms/remark.json"])
    options = [{"value": value, "label": {"zh": title, "en": value}} for value, title in (("a", "甲"), ("b", "乙"))]
    form["sections"][0]["fields"].append(
        {"name": "kind", "type": "choice", "choices": options, "label": {"zh": "种类", "en": "Kind"}}
    )
    expected = api.get(f"/definitions/{made}/settings")["sha256"]
    body = {"name": "forms/remark.json", "content": json.dumps(form), "expected": expected}
    api.put(f"/definitions/{made}/files", body)
    return str(made)


def _behind(page: Page, element: str, kind: str, name: str) -> None:
    page.get_by_label("选择步骤").select_option(element)
    page.get_by_label("在其后添加").select_option(kind)
    page.get_by_label("标识").fill(name)
    page.get_by_label("标识").press("Tab")


def test_branches_get_their_conditions_and_steps_are_repeated_by_choice(served: Site) -> None:
    draft, designer = _advice(served, "branches"), served.as_person("sheji")
    page = _opened(designer, draft)
    _behind(page, "task_apply", "bpmn:ExclusiveGateway", "gw")
    page.get_by_label("名称", exact=True).fill("哪一种？")
    page.get_by_label("名称", exact=True).press("Tab")
    _behind(page, "gw", "bpmn:UserTask", "each")
    page.get_by_label("名称", exact=True).fill("逐项审查")
    page.get_by_label("办理角色").select_option("reviewer")
    page.get_by_text("多实例").click()
    page.get_by_label("多次办理").select_option("parallel")
    page.get_by_label("对哪个列表的每一项").fill("application.parts")
    page.get_by_label("每一项在步骤中的名称").fill("part")
    page.get_by_label("每一项在步骤中的名称").press("Tab")
    _behind(page, "each", "bpmn:EndEvent", "end_each")
    page.get_by_label("选择步骤").select_option(label="哪一种？ → 逐项审查")
    page.get_by_label("取值").select_option("application.kind")
    page.get_by_label("值", exact=True).select_option("b")
    page.get_by_role("button", name="采用").click()
    expect(page.get_by_label("条件表达式")).to_have_value('application.kind == "b"')
    page.get_by_label("选择步骤").select_option(label="哪一种？ → 办结")
    page.get_by_label("默认流向").check()
    _saved(page)
    made = _files(served, draft)["process.bpmn"].decode()
    assert "<bpmn:loopDataInputRef>application.parts</bpmn:loopDataInputRef>" in made
    assert 'default="flow_task_apply"' in made
    assert "application.kind == &#34;b&#34;" in made or 'application.kind == "b"' in made
    compiled = engine.compile({"process.bpmn": made.encode()})
    assert {"gw", "each", "end_each"} <= set(compiled.elements)


def test_a_step_is_copied_into_another_model(served: Site) -> None:
    first, second = _advice(served, "copied"), _advice(served, "pasted")
    designer = served.as_person("sheji")
    page = _opened(designer, first)
    page.locator('[data-element-id="svc_close"] .djs-hit').first.click(force=True)
    page.get_by_role("button", name="复制").click()
    page = _opened(designer, second)
    page.get_by_role("button", name="粘贴").click()
    page.mouse.move(500, 700)
    page.mouse.click(500, 700)
    _saved(page)
    assert (
        _files(served, second)["process.bpmn"].decode().count('<spiffworkflow:serviceTaskOperator id="case.close"') == 2
    )
