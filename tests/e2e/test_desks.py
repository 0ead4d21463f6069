"""The desks in the browser, and the pictures of the handbook: set ONEWINDOW_HANDBOOK=1 to take them anew."""

from __future__ import annotations

import base64
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from registers import factors
from tests.e2e.conftest import DESKTOP, PHONE, Person, Site
from tests.e2e.test_filling_in import FULL, open_task
from tests.web.test_api_path import play, scenario
from web import sheets

pytestmark = pytest.mark.browser

PICTURES = Path(__file__).parents[2] / "docs" / "handbook" / "pictures"
HEADS = ["编号", "类别", "名称", "主要排放口", "经纬度或者位置", "排气筒高度（米）"]


def brought_to(served: Site, steps: int, east: str = "120.7300") -> str:
    """A case of the full scenario with outlets that have a position."""
    known: dict[str, Any] = {}
    played = scenario(FULL)
    outlets = next(step for step in played["steps"] if step.get("task") == "task_application")["submit"]["outlets"]
    for place, outlet in enumerate(outlets):
        outlet["position"] = f"E{float(east) + place / 500:.4f} N31.28{place}0"
    return play(
        served.world,
        lambda login: known.setdefault(login, served.api(login)),
        {**played, "steps": played["steps"][:steps]},
    )


def named() -> set[str]:
    """The pictures the handbook shows."""
    texts = [path.read_text("utf-8") for path in PICTURES.parent.glob("*.md")]
    return {name for text in texts for name in re.findall(r"pictures/([\w-]+)\.png", text)}


def show(person: Person, name: str, *, height: int = 0) -> None:
    """Look at the page by desk and phone; keep its picture for the handbook when asked to."""
    person.look(f"desk-{name}")
    assert person.overflow() <= 0, name
    if os.environ.get("ONEWINDOW_HANDBOOK") and name in named():
        PICTURES.mkdir(parents=True, exist_ok=True)
        clip = {"x": 0, "y": 0, "width": DESKTOP["width"], "height": height or DESKTOP["height"]}
        person.page.screenshot(path=str(PICTURES / f"{name}.png"), clip=clip)  # type: ignore[arg-type]
    person.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert person.overflow() <= 0, (name, "on a phone")
    person.look(f"phone-{name}")
    person.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]


def test_every_picture_of_the_handbook_is_one_that_is_taken_here() -> None:
    taken = set(re.findall(r'show\(\w+, "([\w-]+)"', Path(__file__).read_text("utf-8")))
    assert named() <= taken
    assert {path.stem for path in PICTURES.glob("*.png")} == named()
    assert len(list(PICTURES.parent.glob("*.md"))) == 10, "five people, two languages"


def test_the_applicants_desk(served: Site) -> None:
    brought_to(served, 3)
    case_id = brought_to(served, 0)
    person = served.as_person("qiye")
    page = person.open("/")
    for tab in ("即将到期", "草稿", "已提交", "已办结", "需要我办"):
        page.get_by_role("link", name=re.compile(f"^{tab}")).click()
        person.ready()
        expect(page.locator(".tabs [aria-current]")).to_contain_text(tab)
    show(person, "applicant-home")
    page.get_by_role("link", name=re.compile("^已提交")).click()
    expect(person.ready().locator(".cards .card")).to_have_count(1)
    open_task(served, person, case_id, "填报一套材料")
    person.answer({"project_name": "集成电路封装测试扩建项目", "site_address": "苏州工业园区星湖街1号"})
    expect(page.locator(".saved")).to_contain_text("已填")
    show(person, "applicant-form")
    rows: list[list[Any]] = [[f"DA{n:03}", "废气", f"{n}号排气筒", "是", "E120.7 N31.3", 25] for n in range(1, 9)]
    rows[2][1], rows[5][5] = "烟囱", "很高"
    page.locator(".import summary", has_text="排放口").first.click()
    page.set_input_files(
        '[name="sheet:outlets"]',
        {"name": "排放口.xlsx", "mimeType": sheets.XLSX, "buffer": sheets.write("排放口", HEADS, rows)},
    )
    person.press("导入 排放口")
    show(person, "applicant-import")
    page.get_by_role("link", name="核对并提交").first.click()
    person.ready()
    expect(page.get_by_role("heading", name="核对并提交")).to_be_visible()
    show(person, "applicant-check")
    page.goto(f"{served.base}/which")
    person.ready()
    page.get_by_label("已批准的项目或者已领的许可证发生变化").check()
    person.press("下一步")
    page.get_by_label("性质、规模、地点").check()
    person.press("下一步")
    show(person, "which")
    page.get_by_role("link", name="查看办事指南").click()
    person.ready()
    expect(page.get_by_role("heading", name="申请材料")).to_be_visible()


def test_the_officials_desk(served: Site) -> None:
    site = next(i for i, step in enumerate(scenario(FULL)["steps"]) if step.get("task") == "task_site_check")
    cases = [brought_to(served, site, east) for east in ("120.7300", "120.7600", "120.7400")]
    officer = served.as_person("shencha")
    page = officer.open("/")
    expect(page.locator("table tbody tr").first).to_be_visible()
    show(officer, "official-worklist")
    page.locator('[name="task_id"]').first.check()
    officer.press("批量签收")
    expect(page.locator("[role=status]").first).to_contain_text("1项已办理")
    page.goto(f"{served.base}/site-rounds")
    officer.ready()
    show(officer, "official-round-choice")
    page.fill("#f-title", "电子行业第一批")
    page.fill("#f-on_date", served.world.time.today().isoformat())
    page.fill("#f-inspectors", "李审查、周审查")
    officer.press("排出路线")
    expect(page.locator("tbody tr")).to_have_count(3)
    show(officer, "official-round")
    opinion = brought_to(served, 4)
    open_task(served, officer, opinion, "环评审查意见")
    page.get_by_role("link", name="打开审查台").click()
    officer.ready()
    outlets = page.locator("#p-outlets")
    outlets.locator("details > summary").click()
    outlets.get_by_label("已看，尚不完整").check()
    officer.press("保存标记")
    outlets.locator("details > summary").click()
    outlets.get_by_label("批注", exact=True).fill("请核对排气筒高度")
    officer.press("添加批注")
    expect(page.locator("#p-outlets .notes")).to_contain_text("请核对排气筒高度")
    page.locator(".desk-right [name=opinion]").fill("同意。")
    expect(page.locator(".saved")).to_contain_text("草稿已于")
    show(officer, "official-desk")
    applicant = served.as_person("qiye")
    applicant.open(f"/cases/{opinion}")
    expect(applicant.page.locator("#notes")).to_contain_text("请核对排气筒高度")
    assert cases


def test_the_publics_desk(served: Site) -> None:
    brought_to(served, 99)
    visitor = served.as_person(None)
    visitor.open("/notices")
    show(visitor, "public-notices")
    visitor.open("/map")
    show(visitor, "public-map")
    for path, name in (
        ("/register/permits", "public-permits"),
        ("/register/reductions", "public-reductions"),
        ("/open-data", "public-data"),
        ("/licences", "licences"),
        ("/procedures/one_window/samples/application", "sample"),
    ):
        visitor.open(path)
        show(visitor, name)
    visitor.page.goto(f"{served.base}/register/permits")
    visitor.ready().locator("tbody a").first.click()
    visitor.ready()
    show(visitor, "public-permit")
    for who in ("applicant", "official", "public", "administrator"):
        visitor.open(f"/handbook/{who}")
        show(visitor, f"handbook-{who}")
    assert visitor.page.goto(f"{served.base}/nothing/here").status == 404  # type: ignore[union-attr]
    show(visitor, "not-found-visitor")


def test_the_administrators_desk(served: Site) -> None:
    admin = served.as_person("anquan")
    page = admin.open("/security")
    show(admin, "admin-security")
    page.get_by_label("网络安全等级保护第三级").check()
    page.fill("#why", "等保备案")
    admin.press("全部按基线设置")
    expect(page.locator(".flash").first).to_contain_text("当前设置符合")
    admin.open("/system")
    show(admin, "admin-system")
    person = served.as_person("qiye")
    page = person.open("/account")
    show(person, "account-security")
    person.press("启用动态口令")
    show(person, "account-factor")
    secret = page.locator("code.hash").inner_text().replace(" ", "")
    page.fill("#f-code", _code(served, secret))
    person.press("启用动态口令")
    expect(page.locator(".codes li")).to_have_count(factors.RECOVERY_CODES)
    show(person, "account-recovery")
    fresh = served.as_person(None, viewport={"width": 1000, "height": 800})
    page = fresh.open("/login")
    page.fill("#login", "qiye")
    page.fill("#password", "onewindow-demo")
    served.world.time.instant += timedelta(minutes=1)
    fresh.press("登录")
    show(fresh, "sign-in-code")
    page.fill("#f-code", _code(served, secret))
    fresh.press("继续")
    expect(page.get_by_text("您好，陈经办")).to_be_visible()


def _code(served: Site, secret: str) -> str:
    raw = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return factors.code(raw, factors.step_of(served.world.time.now()))
