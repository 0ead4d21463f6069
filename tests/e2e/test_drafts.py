"""Nothing typed is lost: the browser, the connection or the server is killed in the middle of a table of thirty rows.

At most the last ten seconds may be missing afterwards, and the page says what was saved when. The server is the real
one in its own process, the browser is a process of its own, and both are killed, not asked to end.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from sqlalchemy import select

from registers import accounts
from tests.conftest import World, key
from tests.e2e.conftest import CHROMIUM, FLAGS, Site
from tests.e2e.test_filling_in import FULL, brought_to, open_task
from workflows import cases, worklist
from workflows.models import Draft

pytestmark = pytest.mark.browser

ROWS = 30
LOST_AT_MOST = 10.0
SCREENING = "task_screening"


@dataclass
class Process:
    """The program's own server in a process that can be killed."""

    world: World
    home: Path
    port: int
    running: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        plain = self.world.rt.db.url.replace("+psycopg", "")
        self.running = subprocess.Popen(
            [sys.executable, "-m", "app", "serve", "--port", str(self.port), "--threads", "4"],
            env={
                **os.environ,
                "DATABASE_URL": plain,
                "DATABASE_OWNER_URL": self.world.owner_url,
                "ONEWINDOW_HOME": str(self.home),
            },
            cwd=Path(__file__).parents[2],
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(300):
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        """End it with all its workers at once, as a power cut does."""
        if self.running is not None:
            os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()
            self.running = None


@pytest.fixture
def process(world: World, tmp_path: Path) -> Iterator[Process]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path / "home"
    home.mkdir()
    made = Process(world, home, port)
    made.start()
    try:
        yield made
    finally:
        made.kill()


def _application(world: World) -> str:
    """A case waiting for its one application; the identifier of the task."""
    from tests.web.test_api_path import scenario

    started = cases.start(world.rt, world.actor("qiye"), key(), procedure="one_window")
    with world.rt.db.transaction(world.actor("qiye").scope) as conn:
        first = worklist.tasks(conn, world.actor("qiye"), search=started["number"]).rows[0]["id"]
    cases.complete(world.rt, world.actor("qiye"), key(), task_id=first, data=scenario(FULL)["start"])
    with world.rt.db.transaction(world.actor("qiye").scope) as conn:
        return str(worklist.tasks(conn, world.actor("qiye"), search=started["number"]).rows[0]["id"])


def _cookie(world: World, base: str) -> Any:
    person = world.actor("qiye")
    assert person.id is not None
    with world.rt.db.transaction() as conn:
        # The server in its own process lives in today's time, not in that of the test.
        return {"name": "sid", "value": accounts.open_session(conn, person.id, datetime.now(UTC)), "url": base}


def _type_rows(page: Page, until: Callable[[float, int], bool]) -> list[tuple[float, str, str]]:
    """Type the table of outlets cell by cell until told to stop; when which cell was typed with what."""
    typed = []
    begun = time.monotonic()
    for row in range(ROWS):
        if page.locator(f'[name="outlets.{row}.code"]').count() == 0:
            page.locator('[data-add="outlets"]').click()
        for column, value in (
            ("code", f"DA{row:03}"),
            ("name", f"{row}号排气筒"),
            ("position", f"E120.{row:03} N31.3"),
        ):
            page.locator(f'[name="outlets.{row}.{column}"]').fill(value)
            typed.append((time.monotonic(), f"{row}.{column}", value))
            if until(time.monotonic() - begun, row):
                return typed
            page.wait_for_timeout(100)
    return typed


def _kept(world: World) -> dict[str, str]:
    """The cells of the table in the draft the server holds."""
    with world.rt.db.transaction(accounts.SYSTEM.scope) as conn:
        data = conn.scalar(select(Draft.data)) or {}
    return {
        f"{place}.{column}": value
        for place, row in enumerate(data.get("outlets", []))
        for column, value in row.items()
        if value
    }


def _open(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    return page


def _killing(process: Process, row: int) -> Callable[[float, int], bool]:
    """Kill the server when this row is reached; type on to the end of the table."""
    killed: list[int] = []

    def cut(_: float, here: int) -> bool:
        if here == row and not killed:
            process.kill()
            killed.append(here)
        return False

    return cut


def test_a_killed_server_costs_nothing_once_it_is_back(world: World, process: Process, chromium: Browser) -> None:
    task = _application(world)
    context = chromium.new_context(locale="zh-CN")
    context.add_cookies([_cookie(world, process.base)])
    page = _open(context, f"{process.base}/tasks/{task}")
    typed = _type_rows(page, _killing(process, ROWS // 2))
    expect(page.locator(".saved")).to_contain_text("尚未保存", timeout=15_000)
    lost = [at for at, place, _ in typed if place not in _kept(world)]
    assert lost, "the server was gone while half of the table was typed"
    process.start()
    expect(page.locator(".saved")).to_contain_text("草稿已于", timeout=15_000)
    expect(page.locator(".saved")).to_contain_text(f"表格{ROWS}行", timeout=15_000)
    assert _kept(world) == {place: value for _, place, value in typed}
    context.close()


def test_a_killed_browser_costs_the_last_seconds_at_most(
    world: World, process: Process, chromium: Browser, tmp_path: Path
) -> None:
    task = _application(world)
    own = subprocess.Popen(
        [
            str(CHROMIUM),
            "--headless=new",
            "--remote-debugging-port=0",
            f"--user-data-dir={tmp_path / 'profile'}",
            *FLAGS,
        ],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert own.stderr is not None
    address = next(found.group(1) for line in own.stderr if (found := re.search(r"listening on (ws://\S+)", line)))
    browser = chromium.browser_type.connect_over_cdp(address)
    context = browser.contexts[0]
    context.add_cookies([_cookie(world, process.base)])
    page = context.new_page()
    page.goto(f"{process.base}/tasks/{task}")
    page.wait_for_selector("html[data-ready]")
    typed = _type_rows(page, lambda gone, _: gone > 13)
    os.killpg(own.pid, signal.SIGKILL)
    died = time.monotonic()
    own.wait()
    time.sleep(1)
    kept = _kept(world)
    lost = [(round(died - at, 1), place) for at, place, value in typed if kept.get(place) != value]
    assert len(kept) > 10
    assert all(age < LOST_AT_MOST for age, _ in lost), lost


def test_a_lost_connection_is_told_with_its_time_and_nothing_is_lost(
    world: World, process: Process, chromium: Browser
) -> None:
    task = _application(world)
    context = chromium.new_context(locale="zh-CN")
    context.add_cookies([_cookie(world, process.base)])
    page = context.new_page()
    page.goto(f"{process.base}/tasks/{task}")
    page.wait_for_selector("html[data-ready]")
    cut = []

    def disconnect(_: float, row: int) -> bool:
        if row == 10 and not cut:
            expect(page.locator(".saved")).to_contain_text("草稿已于")
            context.set_offline(True)
            cut.append(row)
        return row == 20

    typed = _type_rows(page, disconnect)
    expect(page.locator(".saved")).to_contain_text("尚未保存", timeout=15_000)
    context.set_offline(False)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    expect(page.locator(".saved")).to_contain_text("草稿已于", timeout=15_000)
    assert _kept(world) == {place: value for _, place, value in typed}
    context.close()


def test_two_devices_never_overwrite_each_other_unasked(served: Site) -> None:
    case_id = brought_to(served, FULL, 0)
    desk = open_task(served, served.as_person("qiye"), case_id, "填报一套材料")
    phone = open_task(served, served.as_person("qiye", viewport={"width": 390, "height": 844}), case_id, "填报一套材料")
    desk.page.fill('[name="project_name"]', "台式机填写")
    expect(desk.page.locator(".saved")).to_contain_text("已填")
    phone.page.fill('[name="project_name"]', "手机填写")
    expect(phone.page.locator(".saved")).to_contain_text("另一处")
    assert _name(served) == "台式机填写"
    phone.page.get_by_role("button", name="以本页内容为准").click()
    expect(phone.page.locator(".saved")).to_contain_text("草稿已于")
    assert _name(served) == "手机填写"
    desk.page.fill('[name="summary"]', "又在台式机上填写")
    expect(desk.page.locator(".saved")).to_contain_text("另一处")
    with desk.page.expect_navigation():
        desk.page.get_by_role("button", name="载入另一处的草稿").click()
    assert desk.ready().input_value('[name="project_name"]') == "手机填写"


def test_an_answer_lost_on_the_way_is_no_second_device(served: Site) -> None:
    case_id = brought_to(served, FULL, 0)
    person = open_task(served, served.as_person("qiye"), case_id, "填报一套材料")
    page = person.page
    arrived = []

    def lose_the_answer(route: Route) -> None:
        arrived.append(route.fetch().status)
        route.abort()

    page.route("**/draft", lose_the_answer)
    page.fill('[name="project_name"]', "答复丢失时填写")
    expect(page.locator(".saved")).to_contain_text("尚未保存")
    assert arrived[0] == 200
    page.fill('[name="project_name"]', "丢失之后再改")
    page.unroute("**/draft")
    page.reload()
    person.ready()
    assert page.input_value('[name="project_name"]') == "丢失之后再改"
    page.fill('[name="summary"]', "接着填写")
    expect(page.locator(".saved")).to_contain_text("草稿已于")
    expect(page.locator(".saved")).not_to_contain_text("另一处")
    assert _name(served) == "丢失之后再改"


def test_who_is_signed_out_while_typing_finds_it_again_after_signing_in(served: Site) -> None:
    case_id = brought_to(served, FULL, 0)
    person = open_task(served, served.as_person("qiye"), case_id, "填报一套材料")
    page = person.page
    with served.world.rt.db.transaction() as conn:
        conn.execute(accounts.UserSession.__table__.delete())
    page.fill('[name="project_name"]', "退出之后填写")
    expect(page.locator(".saved")).to_contain_text("您已退出登录")
    served.renew(person, "qiye")
    page.reload()
    person.ready()
    assert page.input_value('[name="project_name"]') == "退出之后填写"
    expect(page.locator(".saved")).to_contain_text("草稿已于")
    assert _name(served) == "退出之后填写"


def _name(served: Site) -> str:
    with served.world.rt.db.transaction(accounts.SYSTEM.scope) as conn:
        return str(conn.execute(select(Draft.data)).scalar_one()["project_name"])
