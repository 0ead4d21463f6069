"""Tokens played on the unsaved drawing in the editor: by keyboard and by clicking steps, in words of both languages."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE, Person, Site

pytestmark = pytest.mark.browser
HEAD = '<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="x">'


def _model(nodes: str, flows: list[tuple[str, str, str]]) -> str:
    drawn = "".join(
        f'<bpmn:sequenceFlow id="{source}__{target}" name="{name}" sourceRef="{source}" targetRef="{target}"/>'
        for source, target, name in flows
    )
    return f'{HEAD}<bpmn:process id="trial" isExecutable="true">{nodes}{drawn}</bpmn:process></bpmn:definitions>'


WAYS = _model(
    '<bpmn:startEvent id="start"/><bpmn:exclusiveGateway id="again"/>'
    '<bpmn:userTask id="ask" name="申请"/><bpmn:exclusiveGateway id="full" name="齐全吗？" default="full__split"/>'
    '<bpmn:parallelGateway id="split" name="同时审查"/><bpmn:userTask id="air" name="审废气"/><bpmn:userTask id="water" name="审废水"/>'
    '<bpmn:parallelGateway id="join" name="都审完"/>'
    '<bpmn:subProcess id="issue" name="签发"><bpmn:startEvent id="in"/><bpmn:userTask id="sign" name="签字"/><bpmn:endEvent id="out"/>'
    '<bpmn:sequenceFlow id="i1" sourceRef="in" targetRef="sign"/><bpmn:sequenceFlow id="i2" sourceRef="sign" targetRef="out"/></bpmn:subProcess>'
    '<bpmn:boundaryEvent id="late" name="逾期" attachedToRef="issue"><bpmn:timerEventDefinition id="t">'
    "<bpmn:timeDuration>P3D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>"
    '<bpmn:userTask id="remind" name="督办"/><bpmn:endEvent id="done" name="办结"/><bpmn:endEvent id="over" name="督办结束"/>',
    [
        ("start", "again", ""), ("again", "ask", ""), ("ask", "full", ""), ("full", "again", "不齐"), ("full", "split", "齐全"),
        ("split", "air", ""), ("split", "water", ""), ("air", "join", ""), ("water", "join", ""), ("join", "issue", ""),
        ("issue", "done", ""), ("late", "remind", ""), ("remind", "over", ""),
    ],
)  # fmt: skip
STUCK = _model(
    '<bpmn:startEvent id="start"/><bpmn:exclusiveGateway id="which" name="哪一种？"/><bpmn:userTask id="one" name="甲"/>'
    '<bpmn:userTask id="two" name="乙"/><bpmn:parallelGateway id="both" name="汇合"/><bpmn:endEvent id="done"/>',
    [("start", "which", ""), ("which", "one", "甲类"), ("which", "two", "乙类"), ("one", "both", ""), ("two", "both", ""), ("both", "done", "")],
)  # fmt: skip


CALLED = _model(
    '<bpmn:startEvent id="in"/><bpmn:userTask id="look" name="看现场"/><bpmn:endEvent id="out"/>',
    [("in", "look", ""), ("look", "out", "")],
)
CALLED = CALLED.replace('<bpmn:process id="trial"', '<bpmn:process id="visit" name="现场核查"')
SEVERAL = _model(
    '<bpmn:startEvent id="start"/><bpmn:userTask id="ask" name="会办"><bpmn:multiInstanceLoopCharacteristics/></bpmn:userTask>'
    '<bpmn:callActivity id="call" name="核查" calledElement="visit"/><bpmn:endEvent id="done" name="办结"/>',
    [("start", "ask", ""), ("ask", "call", ""), ("call", "done", "")],
)


def _played(served: Site, person: Person, model: str, language: str = "zh", **others: str) -> Page:
    settings = json.dumps({"id": "trial", "title": {"zh": "试验", "en": "Trial"}, "lead_matter": "eia"})
    files = {"process.bpmn": model, "procedure.json": settings, **{f"{name}.bpmn": one for name, one in others.items()}}
    draft = served.api("sheji").post("/definitions", {"procedure": "trial", "files": files})["id"]
    person.open(f"/definitions/{draft}/edit?lang={language}")
    person.page.wait_for_selector('[data-island="designer"][data-ready]')
    person.page.locator("[data-play]").click()
    return person.page


def _press(page: Page, name: str) -> None:
    """By keyboard alone: the focus stays in the list of what can be done."""
    page.locator("[data-playing]").get_by_role("button", name=name, exact=True).press("Enter")


def test_tokens_go_through_choices_parallel_ways_subprocesses_and_events(served: Site) -> None:
    designer = served.as_person("sheji")
    page = _played(served, designer, WAYS)
    state, log = page.locator("[data-playing] [role=status]"), page.locator("[data-playing] .told")
    expect(state).to_have_text("现在停在：申请")
    expect(page.locator("[data-panel]")).to_be_hidden()
    # Round once, because something is missing; then on.
    _press(page, "办完“申请”")
    expect(page.locator("[data-choice]").first).to_be_focused()
    _press(page, "“齐全吗？”走：不齐")
    expect(state).to_have_text("现在停在：申请")
    _press(page, "办完“申请”")
    _press(page, "“齐全吗？”走：齐全 (默认流向)")
    expect(state).to_have_text("现在停在：审废气、审废水")
    # A step is also taken by clicking it; the way that is ready first waits for the other.
    page.locator('[data-element-id="air"] .djs-hit').first.click(force=True)
    expect(state).to_have_text("现在停在：审废水、都审完")
    expect(page.locator('[data-element-id="join"].has-token').first).to_be_attached()
    designer.look("desktop-playing")
    _press(page, "办完“审废水”")
    expect(log).to_contain_text("各路在“都审完”汇合。")
    expect(log).to_contain_text("进入“签发”。")
    _press(page, "办完“签字”")
    expect(state).to_have_text("全部结束，没有遗留。")
    expect(page.locator("[data-play-live]")).to_contain_text("到达“办结”。")
    # One step back, and the event at the edge comes instead: what was inside is over.
    page.locator("[data-playing]").get_by_role("button", name="退一步").press("Enter")
    _press(page, "发生“逾期”")
    expect(log).to_contain_text("“签发”中断。")
    expect(state).to_have_text("现在停在：督办")
    _press(page, "办完“督办”")
    expect(log.locator("li").last).to_contain_text("全部结束。")
    # What is drawn and not yet saved is played; a change begins anew.
    page.locator("[data-play]").click()
    page.get_by_label("选择步骤").select_option("ask")
    page.get_by_label("名称", exact=True).fill("提出申请")
    page.get_by_label("名称", exact=True).press("Tab")
    page.locator("[data-play]").click()
    expect(state).to_have_text("现在停在：提出申请")
    page.set_viewport_size(PHONE)
    assert designer.overflow() <= 0
    designer.picture("phone-playing")


def test_a_way_that_cannot_go_on_is_said_in_both_languages(served: Site) -> None:
    for language, press, said in (
        ("zh", ["“哪一种？”走：甲类", "办完“甲”"], "走不下去了：汇合"),
        ("en", ["At “哪一种？” take: 甲类", "Finish “甲”"], "It cannot go on: 汇合"),
    ):
        designer = served.as_person("sheji", timezone_id="Asia/Shanghai" if language == "zh" else "Europe/Berlin")
        page = _played(served, designer, STUCK, language)
        for name in press:
            _press(page, name)
        expect(page.locator("[data-playing] [role=status]")).to_contain_text(said)


def test_a_repeated_step_counts_every_time_and_a_called_procedure_is_walked_through(served: Site) -> None:
    designer = served.as_person("sheji")
    with designer.page.expect_response("**/api/v1/definitions/*"):
        page = _played(served, designer, SEVERAL, visit=CALLED)
    state, log = page.locator("[data-playing] [role=status]"), page.locator("[data-playing] .told")
    for name in ("办“会办”（第1次）", "“会办”再办一次", "“会办”再办一次", "“会办”不再重复，继续"):
        _press(page, name)
    expect(log).to_contain_text("“会办”办了第3次。")
    expect(log).to_contain_text("“会办”共办3次，办完。")
    expect(log).to_contain_text("进入“核查”。")
    expect(state).to_have_text("现在停在：核查、看现场")
    _press(page, "办完“看现场”")
    expect(log).to_contain_text("办完“核查”。")
    expect(state).to_have_text("全部结束，没有遗留。")
    # Back before the repeated step: it need not be done at all.
    for _ in range(5):
        page.locator("[data-playing]").get_by_role("button", name="退一步").press("Enter")
    _press(page, "“会办”一次也不办，跳过")
    expect(log).to_contain_text("“会办”一次也没有办。")
    designer.look("desktop-playing-called")
