"""A long form one topic a page: states with their reasons, rows from a workbook with the wrong cells marked, answers checked."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.e2e.conftest import PHONE, Person, Site
from tests.e2e.test_filling_in import FULL, brought_to, draft, open_task
from tests.web.test_api_path import scenario
from web import sheets

pytestmark = pytest.mark.browser

HEADS = ["编号", "类别", "名称", "主要排放口", "排气筒高度（米）*", "备用列"]


def part(person: Person, title: str) -> Any:
    return person.page.locator(".task-list li", has=person.page.locator(".task-name", has_text=title)).first


def test_the_task_list_says_what_is_done_what_is_wrong_and_what_must_wait(served: Site) -> None:
    started = served.api("qiye").post("/cases", {"procedure": "one_window"})
    person = open_task(served, served.as_person("qiye"), started["case_id"], "填写项目筛查表")
    page = person.page
    expect(part(person, "工艺")).to_contain_text("暂不能开始：先回答“行业类别”")
    expect(part(person, "环境风险")).to_contain_text("未开始")
    person.look("parts-screening")
    part(person, "环境风险").locator("a").click()
    person.ready()
    person.answer({"heavy_metals": False, "hazardous_chemicals": False})
    expect(part(person, "环境风险")).to_contain_text("填写中")
    expect(part(person, "环境风险")).to_contain_text("还有1项必填")
    person.answer({"environmental_risk": False})
    expect(part(person, "环境风险")).to_contain_text("已完成")
    page.goto(f"{served.base}/tasks/{page.url.split('/')[4]}/parts/project")
    person.ready()
    given = scenario(FULL)["start"]
    person.answer({name: given[name] for name in ("industry", "sector") if name in given})
    person.press("保存并继续")
    assert page.url.endswith("/parts/place")
    expect(part(person, "选址")).to_be_visible()
    assert "process" not in [line.get_attribute("data-part") for line in page.locator(".task-list .blocked").all()]
    person.look("parts-place")


def test_answers_are_checked_before_they_are_handed_in(served: Site) -> None:
    case_id = brought_to(served, FULL, 0)
    person = open_task(served, served.as_person("qiye"), case_id, "填报一套材料")
    page = person.page
    page.get_by_role("link", name="核对并提交").first.click()
    person.ready()
    expect(page.locator(".error-summary")).to_contain_text("提交前还有")
    page.locator(".error-summary a", has_text="项目名称").click()
    person.ready()
    expect(page.locator('[name="project_name"]')).to_be_focused()
    person.press("保存并继续")
    given = scenario(FULL)["steps"][0]["submit"]
    person.open(f"/cases/{case_id}")
    page.locator(".now").get_by_role("link", name="填报一套材料", exact=True).first.click()
    person.ready()
    person.answer({key: value for key, value in given.items() if not str(value).startswith("file:")})
    person.press("核对")
    expect(page.locator(".error-summary")).to_have_count(0)
    expect(page.locator("section.check").first).to_contain_text(given["project_name"])
    person.look("check-answers")
    phone = served.as_person("qiye", viewport=PHONE)
    phone.page.goto(page.url)
    phone.ready()
    phone.look("phone-check-answers")
    assert phone.overflow() <= 0
    other = served.as_person("faren")
    other.page.goto(page.url.removesuffix("/check"))
    other.ready()
    with other.page.expect_response("**/draft"):
        other.page.fill('[name="project_name"]', "法定代表人改了名称")
    person.press("提交")
    expect(page.locator(".error-summary")).to_contain_text("核对之后草稿又有改动")
    expect(page.locator("section.check").first).to_contain_text("法定代表人改了名称")
    person.press("提交")
    expect(page.get_by_role("heading", name="“填报一套材料”已提交")).to_be_visible()


def test_rows_of_a_workbook_come_in_and_the_wrong_cells_are_named(served: Site) -> None:
    case_id = brought_to(served, FULL, 0)
    person = open_task(served, served.as_person("qiye"), case_id, "填报一套材料")
    page = person.page
    with page.expect_download() as waiting:
        page.locator(".import summary", has_text="排放口").first.click()
        page.get_by_role("link", name="下载模板（含已填内容） 排放口").click()
    template = load_workbook(io.BytesIO(Path(waiting.value.path()).read_bytes())).worksheets[0]
    assert [cell.value for cell in template[1]][:3] == ["编号", "类别", "名称"]
    rows: list[list[Any]] = [[f"DA{n:03}", "废气", f"{n}号排气筒", "是", 25.5, "不要"] for n in range(1, 31)]
    rows[4][1] = "烟囱"
    rows[9][4] = "很高"
    page.set_input_files(
        '[name="sheet:outlets"]',
        {"name": "排放口.xlsx", "mimeType": sheets.XLSX, "buffer": sheets.write("排放口", HEADS, rows)},
    )
    person.press("导入 排放口")
    expect(page.locator("p.flash")).to_contain_text("已导入30行")
    expect(page.locator("p.flash")).to_contain_text("未识别的列：备用列")
    assert page.locator('table[data-rows="outlets"] tbody tr').count() == 30
    summary = page.locator(".error-summary")
    expect(summary.get_by_role("link", name="第5行")).to_be_visible()
    expect(summary.get_by_role("link", name="第10行")).to_be_visible()
    expect(page.locator('[name="outlets.4.kind"]')).to_have_value("烟囱")
    person.look("import-errors")
    summary.get_by_role("link", name="第10行").click()
    expect(page.locator('[name="outlets.9.height_m"]')).to_be_focused()
    assert draft(served)["outlets"][29]["code"] == "DA030"


def test_a_csv_of_a_chinese_spreadsheet_comes_in_below_what_is_there(served: Site) -> None:
    case_id = brought_to(served, FULL, 0)
    person = open_task(served, served.as_person("qiye"), case_id, "填报一套材料")
    page = person.page
    page.fill('[name="outlets.0.code"]', "DA001")
    text = io.StringIO("编号,类别,名称\nDW001,废水,总排口\n").getvalue()
    page.locator(".import summary", has_text="排放口").first.click()
    page.set_input_files(
        '[name="sheet:outlets"]', {"name": "a.csv", "mimeType": "text/csv", "buffer": text.encode("gb18030")}
    )
    person.press("导入 排放口")
    assert page.input_value('[name="outlets.0.code"]') == "DA001"
    assert page.input_value('[name="outlets.1.kind"]') == "water"
