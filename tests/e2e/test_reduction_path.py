"""A reduction project by its pages: found, declared, checked by two people, audited, entered, reserved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import PDF, Person, Site
from workflows import install

pytestmark = pytest.mark.browser
PLAYED = json.loads((install.procedures_folder() / "reduction_audit" / "scenarios.json").read_text("utf-8"))
FIRST = PLAYED["scenarios"][0]


def _do(person: Person, number: str, task: str, values: dict[str, object], files: dict[str, str] | None = None) -> None:
    page = person.task(task, number)
    person.answer(values)
    for name, shown in (files or {}).items():
        page.locator(f'[name="upload:{name}"]').set_input_files(
            files=[{"name": shown, "mimeType": "application/pdf", "buffer": PDF}]
        )
    person.press("提交")


def test_a_project_is_entered_and_reserved_by_page(served: Site, tmp_path: Path) -> None:
    unit = served.as_person("qiye")
    unit.open("/procedures")
    with unit.page.expect_navigation():
        unit.page.locator("section.card", has_text="减排项目核算与入库").get_by_role("button", name="开始办理").click()
    number = served.api("qiye").get("/cases", procedure="reduction_audit")["cases"][0]["number"]
    _do(served.as_person("chuangkou"), number, "登记减排项目线索", FIRST["start"])
    declared = dict(FIRST["steps"][0]["submit"])
    files = {name: str(declared.pop(name)).removeprefix("file:") for name in list(declared) if name.endswith("_file")}
    _do(unit, number, "填报减排项目", declared, files)
    _do(served.as_person("shencha"), number, "初核减排量", FIRST["steps"][1]["submit"])
    same = served.as_person("shencha")
    same.task("复核减排量", number)
    same.answer(FIRST["steps"][2]["submit"])
    same.press("提交")
    expect(same.page.get_by_text("须由另一人办理")).to_be_visible()
    _do(served.as_person("shencha2"), number, "复核减排量", FIRST["steps"][2]["submit"])
    _do(served.as_person("qianfa"), number, "入库审核", FIRST["steps"][3]["submit"])
    unit.open("/reductions")
    unit.page.get_by_role("link", name="JP-gaomao-2026-002").click()
    unit.ready()
    expect(unit.page.get_by_text("R = 12 × (1 − 60% × 50%) − 12 × (1 − 95% × 90%)")).to_be_visible()
    expect(unit.page.get_by_role("cell", name="6.66", exact=True).first).to_be_visible()
    officer = served.as_person("shencha")
    officer.open("/procedures")
    card = officer.page.locator("section.card", has_text="排污总量指标储备")
    card.locator("select").select_option("gaomao")
    with officer.page.expect_navigation():
        card.get_by_role("button", name="开始办理").click()
    officer.ready()
    officer.answer({"zone": "gaomao", "until": "2026-09-01", "round": "q3"})
    officer.press("提交")
    reserve = served.api("shencha").get("/cases", procedure="quota_reserve")["cases"][0]["number"]
    _do(officer, reserve, "核定减排量去向", {})
    _do(served.as_person("qianfa"), reserve, "确认储备", {"outcome": "confirm"})
    officer.open("/reductions?zone=gaomao&status=entered")
    expect(officer.page.get_by_role("row", name="JP-gaomao-2026-002")).to_contain_text("6.66 (0)")
