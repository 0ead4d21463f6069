"""A ton from its source to its end, by the pages alone: closure, audit, reserve, reservation, approval, operation, recovery.

Only the permit behind the operation is put into the register here: how a case issues one is another path
(test_whole_path).
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e import signing
from tests.e2e.conftest import PDF, Person, Site
from tests.kit import hold_permit
from workflows import cron, install

pytestmark = pytest.mark.browser
PLAYED = json.loads((install.procedures_folder() / "reduction_audit" / "scenarios.json").read_text("utf-8"))
CLOSURE = next(one for one in PLAYED["scenarios"] if one["start"]["kind"] == "closure")
ZONE, PERMIT = "gaomao", "91320594MA1EXAMP04001P"


def _begin(person: Person, procedure: str, zone: str = "") -> None:
    person.open("/procedures")
    card = person.page.locator("section.card", has_text=procedure)
    if zone:
        card.locator("select").select_option(zone)
    with person.page.expect_navigation():
        card.get_by_role("button", name="开始办理").click()
    person.ready()


def _hand_in(person: Person, values: dict[str, Any]) -> None:
    files = {name: value for name, value in values.items() if str(value).startswith("file:")}
    person.answer({name: value for name, value in values.items() if name not in files})
    for name, value in files.items():
        person.page.locator(f'[name="upload:{name}"]').set_input_files(
            files=[{"name": str(value).removeprefix("file:"), "mimeType": "application/pdf", "buffer": PDF}]
        )
    person.press("提交")


def _do(site: Site, login: str, number: str, task: str, values: dict[str, Any]) -> None:
    person = site.as_person(login)
    person.task(task, number)
    _hand_in(person, values)
    if signing.signs(person):
        signing.sign(person)


def _number(site: Site, login: str, procedure: str) -> str:
    return str(site.api(login).get("/cases", procedure=procedure)["cases"][0]["number"])


def _balance(site: Site, register: str) -> Decimal:
    """What the page of the account says it holds."""
    person = site.as_person("shencha")
    person.open(f"/quota/{ZONE}/COD?register={register}")
    shown = person.page.locator('nav.tabs a[aria-current="page"] b')
    return Decimal(shown.last.inner_text().replace(",", "") if shown.count() else "0")


def _closure(site: Site) -> None:
    _begin(site.as_person("chuangkou"), "减排项目核算与入库")
    _hand_in(site.as_person("chuangkou"), CLOSURE["start"])
    number = _number(site, "chuangkou", "reduction_audit")
    steps = {step["task"]: step["submit"] for step in CLOSURE["steps"]}
    _do(site, "chuangkou", number, "代为填报减排项目", steps["task_declare_zone"])
    _do(site, "shencha", number, "初核减排量", {**steps["task_first_check"], "second_by": "person"})
    _do(site, "shencha2", number, "复核减排量", {"agrees": "agree", "comment": "一致"})
    _do(site, "qianfa", number, "入库审核", steps["task_audit"])


def _reserve(site: Site) -> None:
    officer = site.as_person("shencha")
    _begin(officer, "排污总量指标储备", ZONE)
    _hand_in(officer, {"zone": ZONE, "until": "2026-09-01", "round": "q3"})
    number = _number(site, "shencha", "quota_reserve")
    _do(site, "shencha", number, "核定减排量去向", {})
    _do(site, "qianfa", number, "确认储备", {"outcome": "confirm"})


def _ratio(site: Site) -> None:
    person = site.as_person("xitong")
    person.open("/quota/ratios")
    person.page.locator("details.panel summary").last.click()
    person.page.locator('[name="valid_from"]').fill("2026-08-30")
    person.page.locator('[name="basis"]').fill("试验文件")
    person.page.get_by_label("平衡比例 化学需氧量", exact=False).fill("1.5")
    person.press("提交签核")
    signer = site.as_person("anquan")
    signer.open("/quota/ratios")
    signer.press("签核")


def _approval(site: Site) -> None:
    unit = site.as_person("qiye")
    _begin(unit, "总量指标使用")
    rows = [{"factor": "COD", "plant_added_t": "1"}]
    asked = {"project_name": "新线", "project_address": "星湖街1号", "eia": "report", "quota": rows}
    _hand_in(unit, asked)


def _operation(site: Site) -> None:
    hold_permit(site.world, number=PERMIT, klass="simplified", valid_from=date(2026, 9, 1), valid_to=date(2031, 8, 31))
    _on(site, date(2026, 12, 20))
    person = site.as_person("qiye")
    person.open("/duties")
    row = person.page.get_by_role("row", name=PERMIT)
    row.locator('[name="on"]').fill("2026-12-15")
    with person.page.expect_navigation():
        row.get_by_role("button", name="登记").click()
    _on(site, date(2028, 3, 1))
    _begin(person, "污染物排放总量年度申报")
    row_of = {"factor": "COD", "permitted": "1", "actual": "0.4", "claimed": "1", "method": "automatic"}
    totals = [{**row_of, "evidence": "年报"}]
    _hand_in(person, {"year": 2027, "zone": ZONE, "totals": totals, "truthful": True})
    number = _number(site, "qiye", "annual_declaration")
    _do(site, "shencha", number, "技术复核", {"outcome": "accept", "comment": "无误"})
    decided = [{"factor": "COD", "proposed": "1", "allowed": "1"}]
    _do(site, "qianfa", number, "核定本年度允许排放量", {"rows": decided})


def _on(site: Site, day: date) -> None:
    """Let the days pass; sessions do not outlive them."""
    site.world.time.move_to(day)
    for person in site.people.values():
        site.renew(person, person.login)


def test_a_ton_from_closure_to_recovery_by_page(served: Site) -> None:
    before = {name: _balance(served, name) for name in ("reduction", "reserve", "total")}
    _closure(served)
    assert _balance(served, "reduction") == before["reduction"] + Decimal("3.2")
    _reserve(served)
    stored = _balance(served, "reserve")
    moved = before["reduction"] + Decimal("3.2") - _balance(served, "reduction")
    assert moved >= Decimal("3.2")
    assert stored == before["reserve"] + moved
    _ratio(served)
    _approval(served)
    assert _balance(served, "reserve") == stored - Decimal("1.5")
    _do(
        served,
        "qianfa",
        _number(served, "qiye", "quota_use"),
        "签发总量意见",
        {"outcome": "approved", "reason": "同意"},
    )
    assert _balance(served, "total") == before["total"] + 1
    _operation(served)
    cron.daily(served.world.rt)
    head = served.as_person("qianfa")
    head.open("/quota/recoveries")
    row = head.page.get_by_role("row", name="苏州示范电子科技有限公司").filter(has=head.page.get_by_label("回收量"))
    proposed = Decimal(row.get_by_label("回收量").input_value())
    assert proposed > 0
    row.get_by_label("理由").fill("投运满一年，实际排放量低于许可量八成")
    with head.page.expect_navigation():
        row.get_by_role("button", name="回收", exact=True).click()
    head.ready()
    expect(head.page.locator("main")).to_contain_text("已回收")
    assert _balance(served, "total") == before["total"] + 1 - proposed
    assert _balance(served, "reserve") == stored - Decimal("1.5") + proposed
