"""The quota ledger in a real browser: an officer's posting from form to entry."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Site

pytestmark = pytest.mark.browser


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
