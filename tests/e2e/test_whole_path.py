"""A new user with a real-size project walks the whole one-window path by the pages alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e import signing
from tests.e2e.conftest import PDF, PHONE, Person, Site
from workflows import install

pytestmark = pytest.mark.browser

FACTORS = ["VOCS", "NOX", "SO2", "PM", "HCL", "NH3", "COD", "NH3N", "TN", "TP", "SS", "CU"]
OUTLETS = 30


def scenario() -> dict[str, Any]:
    """The form data of the shipped scenario this path follows."""
    path = install.procedures_folder() / "one_window" / "scenarios.json"
    everything = json.loads(path.read_text("utf-8"))["scenarios"]
    return next(item for item in everything if item["name"]["zh"].startswith("同时办理：报告表＋重点管理"))


def submitted(played: dict[str, Any], task: str) -> dict[str, Any]:
    return next(step["submit"] for step in played["steps"] if step.get("task") == task)


def outlets() -> list[list[str]]:
    """Rows as a spreadsheet holds them: code, kind, name, main, position, height, destination."""
    air = [
        [f"DA{n:03}", "废气", f"{n}号排气筒", "是" if n == 1 else "否", "E120.7 N31.3", "25", ""] for n in range(1, 21)
    ]
    water = [
        [f"DW{n:03}", "废水", f"{n}号废水排口", "是" if n == 1 else "否", "", "", "接管污水厂"] for n in range(1, 11)
    ]
    return air + water


def limits() -> list[list[str]]:
    """Rows of emissions: outlet, factor, concentration, amount, standard; two factors an outlet."""
    rows = []
    for number, outlet in enumerate(outlets()):
        own = FACTORS[:6] if outlet[1] == "废气" else FACTORS[6:]
        for place in (0, 1):
            rows.append(
                [outlet[0], own[(number + place) % 6], str(20 + number), f"0.0{number % 9 + 1}", "DB32/4041-2021"]
            )
    return rows


def sign_in_by_password(person: Person, login: str) -> None:
    page = person.open("/login")
    page.fill("#login", login)
    page.fill("#password", "onewindow-demo")
    person.press("登录")


def do(served: Site, login: str, name: str, number: str, values: dict[str, Any], picture: str = "") -> Person:
    """Somebody finds a task in the work list, fills it in and submits it."""
    person = served.as_person(login)
    person.task(name, number)
    person.answer(values)
    if picture:
        person.look(picture)
    person.press("提交")
    if name in ("法定代表人承诺", "签发"):
        assert signing.signs(person)
        person.look(f"{picture}-sign")
        signing.sign(person)
    expect(person.page.get_by_role("heading", name=f"“{name}”已提交")).to_be_visible()
    return person


def test_a_real_size_project_gets_both_permits_by_the_pages(served: Site) -> None:
    played = scenario()
    applicant = served.as_person(None)
    sign_in_by_password(applicant, "qiye")
    expect(applicant.page.get_by_text("一套材料，一个窗口，两项许可一起办")).to_be_visible()
    applicant.look("path-01-home-new-user")
    number = screening(applicant, played)
    application(applicant, submitted(played, "task_application"))

    do(served, "faren", "法定代表人承诺", number, {"decision": "agree", "truthful": True}, "path-04-declaration")
    do(served, "chuangkou", "材料完整性审查（含许可）", number, {"outcome": "accept"}, "path-05-reception")
    do(served, "shencha", "确定审查方式", number, submitted(played, "task_review_plan"))
    eia_opinion(served, number, submitted(played, "task_eia_opinion"))
    for task, name in (
        ("task_permit_plan", "确定是否现场核查"),
        ("task_site_check", "现场核查"),
        ("task_permit_opinion", "许可审查意见"),
    ):
        do(served, "shencha", name, number, submitted(played, task))
    do(served, "shencha", "确定会办部门", number, {})
    served.pass_time("event_notice_form_over")
    served.pass_time("event_intended_over")
    served.renew(applicant, "qiye")
    reviewer = served.as_person("shencha")
    reviewer.task("拟定审批意见", number)
    consistent = reviewer.page.locator("details.finding", has_text="一致性核对")
    expect(consistent).to_contain_text("一致")
    do(served, "shencha", "拟定审批意见", number, submitted(played, "task_proposal"), "path-07-proposal")
    do(served, "qianfa", "签发", number, {"decision": "sign"}, "path-08-signature")
    do(served, "chuangkou", "送达", number, submitted(played, "task_delivery"), "path-09-delivery")

    result(served, applicant, number)


def screening(applicant: Person, played: dict[str, Any]) -> str:
    """From the start page to the result of screening; the number of the case."""
    page = applicant.page
    page.get_by_role("link", name="发起新的申请").first.click()
    applicant.ready()
    with page.expect_navigation():
        page.locator(".card", has_text="环评审批与排污许可一窗办理").get_by_role("button", name="开始办理").click()
    applicant.ready()
    applicant.look("path-02-screening")
    applicant.answer(played["start"])
    applicant.press("提交")
    page.get_by_role("heading", name="“填写项目筛查表”已提交").wait_for()
    expect(page.get_by_role("link", name="继续：填报一套材料")).to_be_visible()
    applicant.look("path-02-screening-receipt")
    number = page.locator(".confirmation dd").first.inner_text()
    page.get_by_role("link", name="继续：填报一套材料").click()
    applicant.ready()
    return number


def application(applicant: Person, given: dict[str, Any]) -> None:
    """Thirty outlets and sixty lines of emissions pasted from a spreadsheet, twenty files."""
    page = applicant.page
    expect(page.locator("details.finding", has_text="环评与排污许可分类")).to_contain_text("重点管理")
    tables = ("outlets", "emissions")
    applicant.answer({key: value for key, value in given.items() if key not in tables})
    applicant.paste("outlets.0.code", outlets())
    applicant.paste("emissions.0.outlet", limits())
    assert page.locator('table[data-rows="outlets"] tbody tr').count() == OUTLETS
    assert page.locator('[name="outlets.29.destination"]').input_value() == "pipe"
    for field in ("eia_file", "participation_file", "balance_plan", "layout_file", "disclosure_file"):
        page.set_input_files(
            f'[name="upload:{field}"]', {"name": f"{field}.pdf", "mimeType": "application/pdf", "buffer": PDF}
        )
    others = [{"name": f"附件{n:02}.pdf", "mimeType": "application/pdf", "buffer": PDF} for n in range(1, 16)]
    page.set_input_files('[name="upload:other_files"]', others)
    applicant.press("保存草稿")
    expect(page.locator(".files li")).to_have_count(20)
    assert page.locator('table[data-rows="emissions"] tbody tr').count() == 2 * OUTLETS
    applicant.look("path-03-application")
    applicant.press("提交")
    expect(page.get_by_text("法定代表人承诺").first).to_be_visible()
    applicant.look("path-03-application-receipt")


def eia_opinion(served: Site, number: str, given: dict[str, Any]) -> None:
    """The reviewer pastes the limits of the EIA from the same spreadsheet."""
    reviewer = served.as_person("shencha")
    reviewer.task("环评审查意见", number)
    reviewer.answer({key: value for key, value in given.items() if key != "limits"})
    reviewer.paste("limits.0.outlet", limits())
    reviewer.look("path-06-eia-opinion")
    reviewer.press("提交")


def result(served: Site, applicant: Person, number: str) -> None:
    """Both permits, every letter and a readable record on the applicant's case page; once more on a phone."""
    applicant.open(f"/cases?q={number}")
    applicant.look("path-10-cases")
    page = applicant.page
    page.get_by_role("link", name=number).click()
    applicant.ready()
    address = page.url.removeprefix(served.base)
    permits = page.locator("section", has=page.get_by_role("heading", name="许可与批复"))
    assert permits.locator("tbody tr").count() == 2
    expect(page.locator(".head-row .tag").first).to_have_text("已办结")
    for letter in ("受理通知书", "排污许可证（副本）"):
        expect(page.get_by_role("link", name=letter).first).to_be_visible()
    page.get_by_text("全部记录").click()
    record = page.locator("ol.history").last.inner_text()
    assert "规则判定：环评与排污许可一致性核对" in record and "案件办结：已办结" in record
    for code in ("eia.form", "permit.key", "acceptance_notice", "svc_", "consistency.compare", "simultaneous"):
        assert code not in record, code
    applicant.look("path-11-case-closed")
    page.get_by_role("link", name="排污许可证（副本）").first.click()
    applicant.ready()
    expect(page.locator("article.paper")).to_contain_text("DW010")
    applicant.look("path-12-letter")
    letter = page.url.removeprefix(served.base)
    phone = served.as_person("qiye", viewport=PHONE)
    for path, name in (("/", "home"), (address, "case"), (letter, "letter"), ("/procedures", "procedures")):
        phone.open(path)
        phone.look(f"phone-{name}")
        assert phone.overflow() <= 0, path
