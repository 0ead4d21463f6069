"""A procedure drawn from nothing at the workbench: form, table, letter, limit and handler by choice; then an applicant runs it."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest
from docx import Document
from playwright.sync_api import Page, expect
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser

from registers.accounts import SYSTEM
from tests.e2e.conftest import DESKTOP, PHONE, Person, Site
from web import assets
from workflows import definitions
from workflows.letters import office_available

pytestmark = pytest.mark.browser


def _select(page: Page, element: str) -> None:
    page.locator(f'[data-element-id="{element}"] .djs-hit').first.click(force=True)


def _behind(page: Page, element: str, kind: str, name: str) -> None:
    """Add a step behind another and name it, through the panel alone."""
    page.get_by_label("选择步骤").select_option(element)
    page.get_by_label("在其后添加").select_option(kind)
    page.get_by_label("名称", exact=True).fill(name)
    page.get_by_label("标识").fill(name if name.isascii() else f"n{len(name)}_{kind[5:].lower()}")
    page.get_by_label("标识").press("Tab")


def _saved(page: Page) -> None:
    page.get_by_role("button", name="保存草稿").click()
    expect(page.locator("[data-save-state]")).to_contain_text("草稿已保存")


def _looked_at(person: Person, name: str) -> None:
    person.look(f"desktop-{name}")
    assert person.overflow() <= 0, name
    person.page.set_viewport_size(PHONE)
    assert person.overflow() <= 0, (name, "on a phone")
    person.picture(f"phone-{name}")
    person.page.set_viewport_size(DESKTOP)


def _own_form(designer: Person, draft: str) -> None:
    page = designer.page
    designer.open(f"/definitions/{draft}/forms")
    page.get_by_label("标题（中文）").fill("咨询事项")
    page.get_by_label("代码").fill("question")
    designer.press("新建表单")
    page.wait_for_selector('[data-island="formeditor"][data-ready]')
    part = page.locator("details.part").nth(1)
    part.get_by_role("button", name="增加字段").click()
    field = page.locator('[data-place="sections.0.fields.1"]')
    field.get_by_label("类型").select_option("choice")
    field.get_by_label("值").first.fill("urgent")
    field.get_by_label("值").first.press("Tab")
    field.get_by_role("button", name="增加选项").click()
    field.get_by_label("值").nth(1).fill("plain")
    field.get_by_label("值").nth(1).press("Tab")
    field.get_by_text("更多要求").click()
    field.get_by_label("标识").fill("kind")
    field.get_by_label("标识").press("Tab")
    # The first question is only asked when the second is answered with the first choice; the preview does the same.
    first = page.locator('[data-place="sections.0.fields.0"]')
    first.locator("summary").first.click()
    first.get_by_role("button", name="增加条件").click()
    preview = page.locator("[data-preview]")
    expect(preview.locator('[data-field="content"]')).to_be_hidden()
    preview.locator('[name="kind"][value="urgent"]').check()
    expect(preview.locator('[data-field="content"]')).to_be_visible()
    _saved(page)
    page.get_by_role("button", name="对在办案件的影响").click()
    expect(page.locator("[data-touched-here]")).to_contain_text("没有在办案件")
    _looked_at(designer, "form-editor")


def _own_table(designer: Person, draft: str) -> None:
    page = designer.page
    designer.open(f"/definitions/{draft}/decisions")
    page.get_by_label("名称").fill("缓急")
    page.get_by_label("代码").fill("urgency")
    page.get_by_label("第一个输入取自").select_option("application.kind")
    designer.press("新建决策表")
    page.wait_for_selector('[data-island="decision"][data-ready]')
    cell = page.locator('[data-row-id="rule_1"][data-col-id="input_1"]')
    cell.click()
    page.keyboard.press("Control+A")
    page.keyboard.type('"urgent"')
    findings = page.locator("[data-findings]")
    expect(findings).to_contain_text("没有任何一行适用于")
    # The row that is missing stands below the last one, and is added with what it holds for.
    missing = page.locator("[data-missing]")
    expect(missing).to_contain_text("没有任何一行适用于")
    missing.get_by_role("button", name="补上这一行").click()
    expect(missing).to_be_hidden()
    rows = page.locator("td.rule-index")
    expect(rows).to_have_count(2)
    page.locator('[data-col-id="output_1"][data-row-id]:not([data-row-id="rule_1"])').click()
    page.keyboard.type('"later"')
    expect(findings).to_contain_text("每一种输入都有一行适用")
    page.locator("[data-test] input").fill("urgent")
    page.get_by_role("button", name="看哪些行命中").click()
    expect(page.locator("[data-answer]")).to_contain_text("命中第1行")
    expect(page.locator(".row-fired").first).to_be_visible()
    _saved(page)
    _looked_at(designer, "decision-table")


def _own_letter(designer: Person, draft: str, folder: Path) -> None:
    page = designer.page
    for text, name in (
        ("{{enterprise_name}}：您咨询的{{nothing}}", "bad"),
        ("{{enterprise_name}}：已收到您的咨询。", "good"),
    ):
        document = Document()
        document.add_paragraph(text)
        document.save(str(folder / f"{name}.docx"))
    designer.open(f"/definitions/{draft}/letters/acceptance_notice")
    page.get_by_label("上传修改后的模板").set_input_files(folder / "bad.docx")
    designer.press("检查并保存")
    expect(page.locator("#f-file-error")).to_contain_text("{{nothing}}（正文第1段）")
    page.get_by_label("上传修改后的模板").set_input_files(folder / "good.docx")
    designer.press("检查并保存")
    expect(page.get_by_text("模板已保存")).to_be_visible()
    with page.expect_download() as kept:
        page.get_by_role("button", name="Word预览").click()
    assert "〔单位名称〕：已收到您的咨询。" in Document(kept.value.path()).paragraphs[0].text
    _looked_at(designer, "letter-template")
    _pdf(page, "已收到您的咨询。")


def _pdf(page: Page, said: str) -> None:
    """The PDF preview, where the machine can make one."""
    if not office_available():
        return
    with page.expect_download() as kept:
        page.get_by_role("button", name="PDF预览").click()
    told = subprocess.run(["pdftotext", str(kept.value.path()), "-"], capture_output=True, check=True)
    assert said in told.stdout.decode().replace("\n", "")


def _own_kind(designer: Person, draft: str) -> None:
    """A new kind of letter, with a placeholder of its own and a template that is there at once."""
    page = designer.page
    designer.open(f"/definitions/{draft}/letters")
    page.get_by_text("新建一种文书").first.click()
    page.get_by_label("代码（小写字母、数字、下划线）").fill("reply_note")
    page.get_by_label("名称（中文）").first.fill("咨询答复函")
    page.get_by_label("编号格式").fill("{prefix}咨〔{year}〕{seq}号")
    page.get_by_label("占位符", exact=True).first.fill("reply")
    page.locator('[name="placeholder_zh"]').first.fill("答复内容")
    _looked_at(designer, "letter-new")
    page.get_by_role("button", name="新建一种文书").click()
    designer.ready()
    expect(page.get_by_text("文书已保存。")).to_be_visible()
    with page.expect_download() as kept:
        page.get_by_role("button", name="Word预览").click()
    words = "\n".join(one.text for one in Document(kept.value.path()).paragraphs)
    assert "咨询答复函" in words
    assert "答复内容：〔答复内容〕" in words
    page.get_by_text("名称、编号与内容").click()
    _looked_at(designer, "letter-kind")


def _draw(designer: Person, draft: str) -> None:
    page = designer.page
    designer.open(f"/definitions/{draft}/edit")
    page.wait_for_selector('[data-island="designer"][data-ready]')
    _select(page, "task_apply")
    page.get_by_label("表单").first.select_option("question")
    _behind(page, "task_apply", "bpmn:BusinessRuleTask", "decide")
    page.get_by_label("决策表").select_option("urgency")
    page.get_by_label("结果变量").fill("urgency")
    page.get_by_label("结果变量").press("Tab")
    _behind(page, "decide", "bpmn:ServiceTask", "receive")
    # What is missing is said while one draws, at the element, before anything is saved.
    expect(page.locator(".bjsl-icon-error").first).to_be_attached()
    expect(page.locator("[data-panel] .findings")).to_contain_text("服务步骤没有选择处理程序")
    page.get_by_label("处理程序").select_option("reception.received")
    page.get_by_label("结果变量").fill("received")
    page.get_by_label("结果变量").press("Tab")
    expect(page.locator("[data-panel]")).to_contain_text("《行政许可法》第32条")
    _behind(page, "receive", "bpmn:UserTask", "answer")
    page.get_by_label("办理角色").select_option("reviewer")
    page.get_by_label("办理时限").select_option("permit.deficiency")
    page.get_by_label("法律依据").fill("《行政许可法》第30条")
    page.get_by_label("法律依据").press("Tab")
    _behind(page, "answer", "bpmn:ServiceTask", "notify")
    page.get_by_label("处理程序").select_option("letter.issue")
    expect(page.locator('[data-input="letter"] option[value="reply_note"]')).to_be_attached()
    page.locator('[data-input="letter"]').select_option("acceptance_notice")
    _saved(page)
    _limit_and_back(designer)
    expect(page.locator("[data-findings]")).to_contain_text("没有发现问题")
    expect(page.locator(".bjsl-button")).to_contain_text("没有问题")
    _looked_at(designer, "workbench-editor")


def _limit_and_back(designer: Person) -> None:
    """From a step to its limit, and back to the step."""
    page = designer.page
    page.get_by_label("选择步骤").select_option("answer")
    page.get_by_role("link", name="查看或修改这项时限").click()
    designer.ready()
    expect(page.locator("tr.chosen code")).to_have_text("permit.deficiency")
    _looked_at(designer, "limit-of-a-step")
    page.get_by_role("link", name="回到流程图中的步骤").click()
    page.wait_for_selector('[data-island="designer"][data-ready]')
    expect(page.get_by_label("标识")).to_have_value("answer")


def test_a_procedure_drawn_from_nothing_is_run_by_an_applicant(served: Site, tmp_path: Path) -> None:
    designer = served.as_person("sheji")
    designer.open("/definitions/new")
    _looked_at(designer, "new-procedure")
    designer.page.get_by_label("名称（中文）").fill("咨询答复")
    designer.page.get_by_label("流程代码").fill("advice")
    designer.page.get_by_label("牵头事项").select_option("eia")
    designer.press("生成草稿并开始画图")
    draft = designer.page.url.split("/")[-2]
    _own_form(designer, draft)
    _draw_first = served.api("sheji").get(f"/definitions/{draft}")["files"]
    assert json.loads(_draw_first["forms/question.json"])["sections"][0]["fields"][0]["show_if"]
    designer.open(f"/definitions/{draft}/edit")
    designer.page.wait_for_selector('[data-island="designer"][data-ready]')
    _select(designer.page, "task_apply")
    designer.page.get_by_label("表单").first.select_option("question")
    _saved(designer.page)
    _own_table(designer, draft)
    _own_letter(designer, draft, tmp_path)
    _own_kind(designer, draft)
    _draw(designer, draft)
    for part in ("settings", "limits", "history", "forms", "letters"):
        designer.open(f"/definitions/{draft}/{part}")
        _looked_at(designer, f"workbench-{part}")
    _stock_parser_reads(served.api("sheji").get(f"/definitions/{draft}")["files"])
    with served.world.rt.db.transaction() as conn:
        definitions.publish(
            conn, SYSTEM, definitions.uuid.UUID(draft), served.world.time.today(), served.world.time.now()
        )
    _run(served)


def _stock_parser_reads(files: dict[str, str]) -> None:
    """The exported files open in the engine's own parser, checked against the schema of the standard."""
    parser = SpiffBpmnParser(validator=BpmnValidator())
    parser.add_bpmn_str(files["process.bpmn"].encode())
    parser.add_dmn_str(files["urgency.dmn"].encode())
    spec = parser.get_spec("advice")
    assert {"task_apply", "decide", "receive", "answer", "notify", "svc_close"} <= set(spec.task_specs)


def _run(served: Site) -> None:
    applicant = served.as_person("qiye")
    applicant.open("/procedures")
    applicant.page.locator("article, section, li", has_text="咨询答复").get_by_role("button").first.click()
    applicant.page.wait_for_selector("form.task-form")
    applicant.ready()
    applicant.answer({"kind": "urgent", "content": "扩建要不要重新环评？"})
    applicant.press("提交")
    case = served.api("qiye").get("/cases")["cases"][0]
    task = next(one for one in served.api("shencha").get("/tasks")["tasks"] if one["element"] == "answer")
    assert task["due_on"] is not None
    served.api("shencha").post(f"/tasks/{task['id']}/complete", {"data": {"remark": "不需要。"}})
    found = served.api("qiye").get(f"/cases/{case['id']}")
    assert found["status"] == "closed", served.api("xitong").last
    (letter,) = found["letters"]
    content = served.api("qiye").raw(f"/letters/{letter['id']}").data
    assert "已收到您的咨询。" in Document(io.BytesIO(content)).paragraphs[0].text


def test_no_other_page_loads_the_editors(served: Site) -> None:
    known = assets._manifest()
    editors = [known[f"web/static_src/{name}.js"]["file"] for name in ("designer", "decision", "formeditor")]
    person = served.as_person("sheji")
    for path in ("/", "/definitions", "/procedures", "/definitions/new"):
        person.open(path)
        assert not [one for one in editors if one in person.page.content()]


CAMUNDA = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"
  id="d" targetNamespace="x" exporter="Camunda Modeler">
  <bpmn:process id="p" isExecutable="true">
    <bpmn:startEvent id="begin"/>
    <bpmn:userTask id="ask" name="Ask" camunda:assignee="demo" camunda:formKey="embedded:app:x.html"/>
    <bpmn:serviceTask id="call" name="Call" camunda:class="com.example.Delegate"><bpmn:extensionElements>
      <zeebe:taskDefinition type="worker" retries="3"/></bpmn:extensionElements></bpmn:serviceTask>
    <bpmn:userTask id="each" name="Each"><bpmn:extensionElements><spiffworkflow:instructionsForEndUser>Read</spiffworkflow:instructionsForEndUser>
      </bpmn:extensionElements><bpmn:multiInstanceLoopCharacteristics>
      <bpmn:loopDataInputRef>plan.parts</bpmn:loopDataInputRef><bpmn:inputDataItem id="part" name="part"/>
      </bpmn:multiInstanceLoopCharacteristics></bpmn:userTask>
    <bpmn:complexGateway id="odd" name="Odd"/>
    <bpmn:endEvent id="finish"/>
    <bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="ask"/><bpmn:sequenceFlow id="f2" sourceRef="ask" targetRef="call"/>
    <bpmn:sequenceFlow id="f3" sourceRef="call" targetRef="each"/><bpmn:sequenceFlow id="f4" sourceRef="each" targetRef="odd"/>
    <bpmn:sequenceFlow id="f5" sourceRef="odd" targetRef="finish"/>
  </bpmn:process>
</bpmn:definitions>
"""


def test_a_model_of_another_vendor_opens_whole_and_what_cannot_run_is_named(served: Site, tmp_path: Path) -> None:
    made = served.api("sheji").post(
        "/definitions/begin", {"procedure": "foreign", "title": {"zh": "外来", "en": "Foreign"}}
    )
    designer = served.as_person("sheji")
    page = designer.page
    designer.open(f"/definitions/{made['id']}/edit")
    page.wait_for_selector('[data-island="designer"][data-ready]')
    (tmp_path / "foreign.bpmn").write_text(CAMUNDA)
    page.locator("[data-take]").set_input_files(tmp_path / "foreign.bpmn")
    expect(page.locator('[data-element-id="odd"]').first).to_be_attached()
    _saved(page)
    kept = served.api("sheji").get(f"/definitions/{made['id']}")["files"]["process.bpmn"]
    for part in (
        'camunda:assignee="demo"', 'camunda:formKey="embedded:app:x.html"', 'camunda:class="com.example.Delegate"',
        '<zeebe:taskDefinition type="worker" retries="3"', "plan.parts", "Read", "complexGateway", 'exporter="Camunda Modeler"',
    ):  # fmt: skip
        assert part in kept, part
    told = page.locator("[data-findings] li")
    for element in ("odd", "call"):
        line = told.filter(has_text=element).first
        expect(line).to_be_visible()
    found = served.api("sheji").post("/lint", {"files": {"process.bpmn": kept}})["findings"]
    assert all(one["fix_zh"] and one["fix_en"] for one in found if one["element"] in ("odd", "call"))
