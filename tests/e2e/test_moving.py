"""A running case moves to a newer version by the page: checked first, its step named anew, moved, and taken back."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from tests.conftest import key
from tests.e2e.conftest import DESKTOP, PHONE, Site
from tests.runtime.models import chain, node, publish
from workflows import cases
from workflows.models import Case

pytestmark = pytest.mark.browser

OLD = chain(node("userTask", "fill", role="preparer"), node("userTask", "check", role="window"))
NEW = chain(node("userTask", "fill", role="preparer"), node("userTask", "examine", role="window"))


def _version(served: Site, case_id: str) -> uuid.UUID:
    with served.world.rt.db.transaction() as conn:
        found: uuid.UUID = conn.execute(select(Case.definition_id).where(Case.id == uuid.UUID(case_id))).scalar_one()
        return found


def test_a_running_case_is_checked_moved_and_taken_back_by_the_page(served: Site) -> None:
    old = publish(served.world.rt, OLD)
    made = cases.start(served.world.rt, served.world.actor("qiye"), key(), procedure="trial")
    cases.complete(
        served.world.rt,
        served.world.actor("qiye"),
        key(),
        task_id=uuid.UUID(made["open_tasks"][0]),
        data={"remark": "好"},
    )
    new = publish(served.world.rt, NEW)
    person = served.as_person("xitong")
    person.open(f"/definitions/{new}/cases")
    row = person.page.get_by_role("row", name=made["number"])
    expect(row.get_by_role("checkbox")).to_have_count(0)
    person.page.get_by_label("check").select_option("examine")
    person.press("重新检查")
    expect(row).to_contain_text("可以迁移")
    person.look("desktop-moving")
    person.page.set_viewport_size(PHONE)
    assert person.overflow() <= 0
    person.page.set_viewport_size(DESKTOP)
    row.get_by_role("checkbox").check()
    person.page.get_by_label("迁移理由").fill("新法施行")
    person.press("迁移所选案件")
    expect(person.page.get_by_role("status").first).to_contain_text("已迁移1件")
    assert _version(served, made["case_id"]) == new
    row = person.page.get_by_role("row", name=made["number"])
    expect(row).to_contain_text("新法施行")
    person.press("撤回迁移")
    # The case page again; these models have no drawing, which it says instead of staying empty.
    expect(person.page.locator('[data-island="viewer"]').first).to_contain_text("没有流程图")
    assert _version(served, made["case_id"]) == old
