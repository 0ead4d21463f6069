"""Two failures at once: the server is gone and then the tab, or the whole browser; and a device that others use as well."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import World
from tests.e2e.conftest import CHROMIUM, FLAGS, Site
from tests.e2e.test_drafts import (
    LOST_AT_MOST,
    ROWS,
    Process,
    _application,
    _cookie,
    _kept,
    _killing,
    _open,
    _type_rows,
    process,
)
from tests.e2e.test_filling_in import FULL, brought_to, open_task

pytestmark = pytest.mark.browser
__all__ = ["process"]

# What the device holds, and what makes it a day old.
COPIES = """() => new Promise((resolve) => { const asked = indexedDB.open("onewindow-drafts", 1);
  asked.onsuccess = () => { const base = asked.result;
    const found = base.transaction("copies").objectStore("copies").getAllKeys();
    found.onsuccess = () => { base.close(); resolve(found.result); }; }; })"""
AGED = """() => new Promise((resolve) => { const asked = indexedDB.open("onewindow-drafts", 1);
  asked.onsuccess = () => { const base = asked.result, work = base.transaction("copies", "readwrite");
    const store = work.objectStore("copies");
    store.getAll().onsuccess = ({ target: { result } }) => { for (const one of result) store.put({ ...one, at: 0 }); };
    work.oncomplete = () => { base.close(); resolve(); }; }; })"""


def test_a_tab_closed_while_the_server_is_gone_costs_nothing(world: World, process: Process, chromium: Browser) -> None:
    task = _application(world)
    context = chromium.new_context(locale="zh-CN")
    context.add_cookies([_cookie(world, process.base)])
    page = _open(context, f"{process.base}/tasks/{task}")
    typed = _type_rows(page, _killing(process, ROWS // 2))
    page.close()
    assert [place for _, place, _ in typed if place not in _kept(world)]
    process.start()
    page = _open(context, f"{process.base}/tasks/{task}")
    expect(page.locator(".saved")).to_contain_text(f"表格{ROWS}行", timeout=15_000)
    assert _kept(world) == {place: value for _, place, value in typed}
    context.close()


def test_a_browser_killed_while_the_server_is_gone_costs_the_last_seconds_at_most(
    world: World, process: Process, chromium: Browser, tmp_path: Path
) -> None:
    task = _application(world)
    own, browser = _start(chromium, tmp_path)
    browser.contexts[0].add_cookies([_cookie(world, process.base)])
    page = _open(browser.contexts[0], f"{process.base}/tasks/{task}")
    typed = _type_rows(page, _killing(process, 5))
    os.killpg(own.pid, signal.SIGKILL)
    died = time.monotonic()
    own.wait()
    process.start()
    own, browser = _start(chromium, tmp_path)
    browser.contexts[0].add_cookies([_cookie(world, process.base)])
    page = _open(browser.contexts[0], f"{process.base}/tasks/{task}")
    expect(page.locator(".saved")).to_contain_text("草稿已于", timeout=15_000)
    kept = _kept(world)
    os.killpg(own.pid, signal.SIGKILL)
    own.wait()
    lost = [(round(died - at, 1), place) for at, place, value in typed if kept.get(place) != value]
    assert all(age < LOST_AT_MOST for age, _ in lost), lost


def test_what_was_kept_on_a_device_goes_when_one_signs_out_or_somebody_else_signs_in(served: Site) -> None:
    case_id = brought_to(served, FULL, 0)
    person = open_task(served, served.as_person("qiye"), case_id, "填报一套材料")
    page = person.page

    def typed_without_line() -> None:
        page.route("**/draft", lambda route: route.abort())
        page.fill('[name="project_name"]', "断线时填写")
        expect(page.locator(".saved")).to_contain_text("尚未保存")
        assert len(page.evaluate(COPIES)) == 1

    typed_without_line()
    served.renew(person, "qiye2")
    person.open("/cases")
    assert page.evaluate(COPIES) == []
    served.renew(person, "qiye")
    open_task(served, person, case_id, "填报一套材料")
    typed_without_line()
    person.open("/cases")
    assert len(page.evaluate(COPIES)) == 1
    page.evaluate(AGED)
    person.open("/cases")
    assert page.evaluate(COPIES) == []
    open_task(served, person, case_id, "填报一套材料")
    typed_without_line()
    person.press("退出")
    assert page.evaluate(COPIES) == []


def _start(chromium: Browser, folder: Path) -> tuple[subprocess.Popen[str], Browser]:
    """A browser of its own over one profile; it can be killed and started again."""
    (folder / "profile" / "SingletonLock").unlink(missing_ok=True)
    own = subprocess.Popen(
        [
            str(CHROMIUM),
            "--headless=new",
            "--remote-debugging-port=0",
            f"--user-data-dir={folder / 'profile'}",
            *FLAGS,
        ],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert own.stderr is not None
    address = next(found.group(1) for line in own.stderr if (found := re.search(r"listening on (ws://\S+)", line)))
    return own, chromium.browser_type.connect_over_cdp(address)
