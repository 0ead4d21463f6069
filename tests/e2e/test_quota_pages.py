"""The quota ledger in a real browser: readable at a desk and on a phone, and an officer's posting from form to entry."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESKTOP, PHONE, Site

pytestmark = pytest.mark.browser


def _posting(served: Site) -> str:
    entries = served.api("shencha").get("/quota/accounts/gaomao/VOCS")["entries"]
    return str(next(entry["posting_id"] for entry in entries if entry["ratio"]))


def test_every_page_of_the_ledger_reads_well_at_a_desk_and_on_a_phone(served: Site) -> None:
    unit = served.world.actor("qiye2").enterprise_id
    for login, path, name in (
        ("shencha", "/quota", "quota"),
        ("shencha", "/quota/gaomao/VOCS", "quota-account"),
        ("shencha", "/quota/gaomao/COD?register=total", "quota-account-total"),
        ("shencha", f"/quota/postings/{_posting(served)}", "quota-posting"),
        ("shencha", f"/quota/units/{unit}", "quota-unit"),
        ("qiye2", "/quota/unit", "quota-own"),
        ("qiye", "/quota/unit", "quota-own-empty"),
        ("shencha", "/quota/entry", "quota-entry"),
        ("xitong", "/quota/entry", "quota-opening"),
        ("anquan", "/quota/ratios", "quota-ratios"),
        ("qianfa", "/quota/bans", "quota-bans"),
        ("qianfa", "/quota/recoveries", "quota-recoveries"),
    ):
        person = served.as_person(login)
        person.open(path)
        person.look(f"desktop-{name}")
        person.page.set_viewport_size(PHONE)
        assert person.overflow() <= 0, path
        person.look(f"phone-{name}")
        person.page.set_viewport_size(DESKTOP)


def test_a_transfer_by_page_shows_in_both_zones_and_opens_to_its_posting(served: Site) -> None:
    officer = served.as_person("shencha")
    officer.open("/quota/entry")
    page = officer.page
    page.get_by_label("记账种类").select_option("zone_transfer")
    page.get_by_label("功能区", exact=True).select_option("gaomao")
    page.get_by_label("因子").select_option("SO2")
    page.get_by_label("数量").fill("2.5")
    page.get_by_label("调入功能区").select_option("kejiao")
    page.get_by_label("依据文件").fill("调剂会商纪要")
    page.get_by_label("理由").fill("科教区新项目需要")
    officer.press("记账")
    expect(page.get_by_role("heading", level=1)).to_contain_text("功能区调剂")
    expect(page.locator("main")).to_contain_text("调剂会商纪要")
    officer.open("/quota/kejiao/SO2")
    expect(page.locator("table").last).to_contain_text("2.5")
    # More than there is: the page says what is available and nothing changes.
    officer.open("/quota/entry")
    page.get_by_label("记账种类").select_option("zone_transfer")
    page.get_by_label("功能区", exact=True).select_option("kejiao")
    page.get_by_label("因子").select_option("SO2")
    page.get_by_label("数量").fill("100")
    page.get_by_label("调入功能区").select_option("gaomao")
    page.get_by_label("依据文件").fill("x")
    page.get_by_label("理由").fill("x")
    officer.press("记账")
    expect(page.get_by_role("alert")).to_contain_text("余额不足")
    expect(page.get_by_role("alert")).to_contain_text("2.5")
