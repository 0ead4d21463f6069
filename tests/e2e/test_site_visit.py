"""The site visit on a phone: photographs survive a dropped line and a closed tab, and nothing is handed in without them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from registers import waste_rules
from tests.e2e.conftest import PHONE, Person, Site, watch
from tests.waste.kit import play
from workflows import demo_waste
from workflows.models import Submission, Task

pytestmark = pytest.mark.browser

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
FIELD = 'input[type=file][name="upload:photo_files"]'


def photo(name: str) -> Any:
    return {"name": name, "mimeType": "image/png", "buffer": PNG}


def at_the_gate(served: Site) -> tuple[Person, str]:
    """A reviewer with a phone at the checklist of a joint site visit."""
    player = play(served.world, "two_licences", "一个机关：综合经营", 4)
    with served.world.rt.db.transaction() as conn:
        query = select(Task.id).where(Task.case_id == player.case_id, Task.element == "task_site_visit")
        path = f"/tasks/{conn.scalar(query)}"
    person = served.as_person("shencha", viewport=PHONE)
    person.open(path)
    return person, path


def again(served: Site, person: Person, path: str) -> None:
    """Close the tab and open the page in another one."""
    person.page.close()
    person.page = person.context.new_page()
    watch(person.page, served.base, person.troubles)
    person.open(path)


def fill_in(person: Person) -> None:
    person.answer({"checked_on": "2026-09-08", "inspectors": "李审查、周审查", "summary": "现场与材料一致"})
    person.answer({item.key: "ok" for item in waste_rules.checklist()})


def test_photographs_taken_offline_are_sent_when_the_line_is_back_even_from_a_new_tab(served: Site) -> None:
    person, path = at_the_gate(served)
    assert person.overflow() <= 0
    person.look("phone-site-visit")
    person.context.set_offline(True)
    person.page.set_input_files(FIELD, [photo("大门.png"), photo("贮存库.png")])
    expect(person.page.locator("li.waiting")).to_have_count(2)
    expect(person.page.locator("li.waiting").first).to_contain_text("保存在本机")
    person.context.set_offline(False)
    again(served, person, path)
    listed = person.page.locator("ul[data-files=photo_files] li")
    expect(listed).to_have_count(2)
    expect(person.page.locator("li.waiting")).to_have_count(0, timeout=20_000)
    fill_in(person)
    person.press("提交")
    with served.world.rt.db.transaction() as conn:
        data = conn.scalar(select(Submission.data).where(Submission.element == "task_site_visit"))
    assert data is not None
    assert len(data["photo_files"]) == 2


# A device that takes its time: what is put is complete a second later, and each completion is counted.
SLOW_DEVICE = """() => {
  const put = IDBObjectStore.prototype.put;
  window.completed = 0;
  IDBObjectStore.prototype.put = function (one) {
    const asked = put.call(this, one), until = performance.now() + 1000;
    const hold = () => { if (performance.now() < until) this.get(one.id).onsuccess = hold; };
    hold();
    this.transaction.addEventListener("complete", () => { window.completed += 1; });
    return asked;
  };
}"""


def test_a_photograph_is_said_to_be_on_the_device_only_when_it_is(served: Site) -> None:
    person, _ = at_the_gate(served)
    person.page.evaluate(SLOW_DEVICE)
    person.context.set_offline(True)
    person.page.set_input_files(FIELD, [photo("大门.png"), photo("贮存库.png")])
    expect(person.page.locator("li.waiting")).to_have_count(2)
    said = "() => document.querySelector('li.waiting').textContent.includes('保存在本机')"
    person.page.wait_for_function(said)
    assert person.page.evaluate("completed") == 2
    person.context.set_offline(False)
    expect(person.page.locator("li.waiting")).to_have_count(0, timeout=20_000)
    expect(person.page.locator("ul[data-files=photo_files] input[name=photo_files]")).to_have_count(2)


def test_nothing_is_handed_in_while_a_photograph_waits(served: Site) -> None:
    person, _ = at_the_gate(served)
    person.page.route("**/api/v1/files", lambda route: route.abort())
    fill_in(person)
    person.page.set_input_files(FIELD, [photo("喷淋塔.png")])
    expect(person.page.locator("li.waiting")).to_have_count(1)
    person.page.get_by_role("button", name="提交", exact=True).click()
    expect(person.page.locator(".saved")).to_contain_text("还有1个文件未发送")
    person.page.unroute("**/api/v1/files")
    expect(person.page.locator("li.waiting")).to_have_count(0, timeout=20_000)
    person.press("提交")
    with served.world.rt.db.transaction() as conn:
        data = conn.scalar(select(Submission.data).where(Submission.element == "task_site_visit"))
    assert data is not None
    assert len(data["photo_files"]) == 1


# Presses "save draft" at the moment a sent photograph is written down on the device, before the form names it.
PRESS_WHEN_SENT = """() => {
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (one) {
    if (one.file) queueMicrotask(() => document.querySelector('button[value="save"]').click());
    return put.call(this, one);
  };
}"""


def test_a_photograph_that_arrives_while_the_page_is_left_is_not_lost(served: Site) -> None:
    person, _ = at_the_gate(served)
    person.page.evaluate(PRESS_WHEN_SENT)
    with person.page.expect_navigation():
        person.page.set_input_files(FIELD, [photo("喷淋塔.png")])
    person.ready()
    expect(person.page.locator("ul[data-files=photo_files] input[name=photo_files]")).to_have_count(1)


def test_a_file_that_is_refused_is_told_and_does_not_wait_for_ever(served: Site) -> None:
    person, _ = at_the_gate(served)
    person.page.set_input_files(FIELD, [{"name": "程序.png", "mimeType": "image/png", "buffer": b"MZ not a picture"}])
    line = person.page.locator("ul[data-files=photo_files] li")
    expect(line).to_contain_text("程序.png")
    expect(line).not_to_contain_text("等待发送")
    expect(line.locator("input[name=photo_files]")).to_have_count(0)


def test_the_pages_of_the_ledger_fit_a_phone(served: Site) -> None:
    with served.world.rt.db.transaction() as conn:
        demo_waste.operate(conn, served.world.time)
    own = served.world.actor("weifei").enterprise_id
    served.api("shencha").post("/inspections", {"wanted": 1, "seed": "2026"})
    for login, path, name in (
        ("weifei", "/waste", "phone-waste"),
        ("weifei", f"/waste/{own}/report?kind=licence_year&year=2026", "phone-waste-report"),
        ("shencha", "/waste", "phone-waste-operators"),
        ("shencha", "/inspections", "phone-inspections"),
    ):
        person = served.as_person(login, viewport=PHONE)
        person.open(path)
        person.look(name)
        assert person.overflow() <= 0, path
