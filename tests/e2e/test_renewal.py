"""A permit is renewed on a phone: from its own page to the renewed permit, whose Word file is opened again."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from docx import Document
from playwright.sync_api import expect
from sqlalchemy import select

from registers.permits import Permit
from tests.e2e import signing
from tests.e2e.conftest import PHONE, Person, Site
from tests.web.test_api_path import BY_ROLE
from tests.web.test_renewals import SAID, hand_in, shown
from workflows import demo_permits

pytestmark = pytest.mark.browser
TOLD = {"site_address": "苏州工业园区星湖街1号", "violations": "无"}


def look(person: Person, name: str) -> None:
    assert person.overflow() <= 0, name
    person.look(f"phone-renewal-{name}")


def asked(served: Site, path: str) -> tuple[Person, str]:
    """The applicant on the page of the permit asks for its renewal and answers that nothing differs; the number of the case."""
    applicant = served.as_person("qiye", viewport=PHONE)
    applicant.open(path)
    expect(applicant.page.locator("#renewal")).to_contain_text("前申请")
    look(applicant, "permit")
    applicant.press("申请延续", exact=False)
    expect(applicant.page.locator('[name="permit_number"]')).to_have_value(SAID["start"]["permit_number"])
    look(applicant, "request")
    applicant.answer({"anything_changed": False})
    applicant.press("提交")
    number = applicant.page.locator(".confirmation dd").first.inner_text()
    return applicant, number


def test_from_the_page_of_the_permit_to_the_renewed_permit(served: Site) -> None:
    world = served.world
    world.time.move_to(date.fromisoformat(SAID["today"]))
    with world.rt.db.transaction() as conn:
        demo_permits.hold(conn, world.time, SAID["holds"], "qiye")
        path = f"/permits/{conn.scalars(select(Permit.id)).one()}"
    applicant, number = asked(served, path)
    page = applicant.page
    page.get_by_role("link", name="继续：核对并填报延续申请").click()
    applicant.ready()
    expect(page.locator('[name="outlets.2.code"]')).to_have_value("DW001")
    expect(page.locator('[name="emissions.1.amount_t"]')).to_have_value("1.8")
    applicant.answer({**TOLD, "contact_name": "陈经办", "contact_phone": "0512-62880000"})
    look(applicant, "application")
    applicant.press("提交")
    signer = served.as_person("faren", viewport=PHONE)
    signer.task("法定代表人承诺", number)
    signer.answer({"decision": "agree", "truthful": True})
    signer.press("提交")
    signing.sign(signer)

    for step in SAID["steps"][2:]:
        officer = served.api(BY_ROLE[step["as"]])
        hand_in(officer, shown(officer, number, step["task"]), step["task"], step["submit"])
    renewed(applicant, path)


def renewed(applicant: Person, path: str) -> None:
    page = applicant.page
    applicant.open(path)
    expect(page.locator("dl.panel")).to_contain_text("2032")
    terms = page.locator("#versions summary")
    expect(terms).to_have_count(2)
    terms.nth(1).click()
    expect(page.locator("#versions details").nth(1)).to_contain_text("挥发性有机物")
    look(applicant, "renewed")
    page.locator("#versions a", has_text="查看案件").first.click()
    applicant.ready()
    with page.expect_navigation():
        page.get_by_role("link", name="排污许可证（副本）").first.click()
    applicant.ready()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Word").first.click()
    text = said(saved.value)
    assert "2032年3月2日" in text
    assert "延续：原有效期至2027年3月2日" in text


def said(download: Any) -> str:
    """The words of a saved Word file, its tables included."""
    document = Document(str(download.path()))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])
