"""A real server over a fresh installation, and people in a real browser who look at it.

Every page that is opened is watched: an error in a script, a breach of the Content-Security-Policy or a
request to another host fails the test. Time is the installation's own clock, so a notice period passes
by moving it. Set ONEWINDOW_SCREENSHOTS to a folder to keep a picture of every page that is checked.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright
from sqlalchemy import select
from werkzeug.serving import make_server

from registers import accounts
from tests.conftest import World, application
from tests.web.conftest import PDF, Api
from workflows import deadlines
from workflows.models import Deadline

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

__all__ = ["DESKTOP", "PDF", "PHONE", "Person", "Site"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Chromium of the system; without it the tests are skipped and named at the end of the run."""
    if not CHROMIUM.exists():
        pytest.skip(f"NO BROWSER TESTS: {CHROMIUM} is missing (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield running
        running.close()


@dataclass
class Person:
    """Somebody signed in at a browser window."""

    login: str
    page: Page
    context: BrowserContext
    base: str
    troubles: list[str]

    def open(self, path: str, status: int = 200) -> Page:
        """Go to a page and wait until its script has run."""
        answer = self.page.goto(self.base + path)
        assert answer is not None and answer.status == status, (path, answer and answer.status)
        return self.ready()

    def ready(self) -> Page:
        """Wait until the page's script has run."""
        if self.page.evaluate("() => document.querySelector('script[src]') !== null"):
            self.page.wait_for_selector("html[data-ready]")
        return self.page

    def press(self, name: str, exact: bool = True) -> Page:
        """Press a button that leads to another page."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name, exact=exact).click()
        return self.ready()

    def task(self, name: str, number: str) -> Page:
        """Open the person's task of this name in a case from the work list."""
        self.open(f"/?q={number}")
        self.page.get_by_role("link", name=name, exact=True).first.click()
        self.page.wait_for_selector("form.task-form")
        return self.ready()

    def answer(self, values: dict[str, Any]) -> None:
        """Fill in the form of the task on the page, field by field, as a person does."""
        for name, value in values.items():
            self._answer(name, value)

    def _answer(self, name: str, value: Any) -> None:
        fields = self.page.locator(f'form.task-form [name="{name}"]:not([type=hidden])')
        if isinstance(value, list):
            for index, row in enumerate(value):
                if isinstance(row, dict):
                    if self.page.locator(f'[data-field^="{name}.{index}."]').count() == 0:
                        self.page.locator(f'[data-add="{name}"]').click()
                    self.answer({f"{name}.{index}.{column}": cell for column, cell in row.items()})
                else:
                    self.page.locator(f'form.task-form [name="{name}"][value="{row}"]').check()
            return
        kind = fields.first.evaluate("(field) => field.type")
        said = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else str(value)
        if kind == "radio":
            self.page.locator(f'form.task-form [name="{name}"][value="{said}"]').check()
        elif kind == "checkbox":
            fields.first.set_checked(value is True)
        elif kind == "select-one":
            fields.first.select_option(said)
        else:
            fields.first.fill(said)

    def paste(self, field: str, rows: list[list[str]]) -> None:
        """Paste a block of cells copied from a spreadsheet, starting in one field of a table."""
        text = "\n".join("\t".join(row) for row in rows)
        self.page.locator(f'[name="{field}"]').evaluate(
            """(target, text) => { const data = new DataTransfer(); data.setData("text/plain", text);
               target.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})); }""",
            text,
        )

    def look(self, name: str) -> None:
        """Keep a picture of the page, and let axe look at it."""
        self.picture(name)
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(
            "(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", WCAG
        )
        told = [f"{v['id']}: {v['nodes'][0]['html'][:200]} ({len(v['nodes'])}x)" for v in found["violations"]]
        assert not told, (name, self.page.url, told)

    def picture(self, name: str) -> None:
        """Keep a picture of the whole page when a folder for them is named."""
        folder = os.environ.get("ONEWINDOW_SCREENSHOTS")
        if folder:
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        wide: int = self.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        return wide


@dataclass
class Site:
    """A served installation."""

    world: World
    base: str
    browser: Browser
    people: dict[str, Person] = field(default_factory=dict)

    def as_person(self, login: str | None = None, *, viewport: Any = None, **options: Any) -> Person:
        """A browser window with this person signed in (None: a visitor)."""
        name = f"{login}-{viewport}-{options}"
        if name in self.people:
            return self.people[name]
        context = self.browser.new_context(viewport=viewport or DESKTOP, locale="zh-CN", **options)
        context.set_default_timeout(10_000)
        if login is not None:
            context.add_cookies([{"name": "sid", "value": self.session(login), "url": self.base}])
        troubles: list[str] = []
        page = context.new_page()
        watch(page, self.base, troubles)
        self.people[name] = Person(login or "", page, context, self.base, troubles)
        return self.people[name]

    def session(self, login: str) -> str:
        """A session token, as signing in gives one (checking a password takes long on purpose)."""
        person = self.world.actor(login)
        assert person.id is not None
        with self.world.rt.db.transaction() as conn:
            return accounts.open_session(conn, person.id, self.world.time.now(), "127.0.0.1")

    def api(self, login: str) -> Api:
        """The same person at the API, to bring a case to where the test begins."""
        person = self.world.actor(login)
        assert person.id is not None
        with self.world.rt.db.transaction() as conn:
            token = accounts.create_token(conn, person.id, "test", self.world.time.now(), 400)
        return Api(self.app.test_client(), token)

    @property
    def app(self) -> Any:
        """The application over the same installation."""
        return application(self.world)

    def pass_time(self, element: str) -> None:
        """Let time pass until the deadline at this element, and let the system act on it."""
        with self.world.rt.db.transaction() as conn:
            due = conn.scalar(select(Deadline.due_at).where(Deadline.done_at.is_(None), Deadline.element == element))
        assert due is not None, element
        self.world.time.instant = max(self.world.time.instant, due)
        deadlines.sweep(self.world.rt)
        for person in self.people.values():
            if person.login:
                self.renew(person, person.login)

    def renew(self, person: Person, login: str) -> None:
        """Sign in again: sessions do not outlive the days that have passed."""
        person.context.add_cookies([{"name": "sid", "value": self.session(login), "url": self.base}])


def watch(page: Page, base: str, troubles: list[str]) -> None:
    """Note script errors, breaches of the policy and requests that leave the house."""

    def console(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            troubles.append(message.text)

    def request(sent: Request) -> None:
        if not re.match(rf"({re.escape(base)}/|data:|blob:)", sent.url):
            troubles.append(f"request to {sent.url}")

    page.on("console", console)
    page.on("request", request)
    page.on("pageerror", lambda error: troubles.append(f"script error: {error}"))
    page.on("dialog", lambda dialog: dialog.accept())


@pytest.fixture
def served(world: World, chromium: Browser) -> Iterator[Site]:
    """The application behind a real socket; nothing may have gone wrong in any window at the end."""
    server = make_server("127.0.0.1", 0, application(world), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    house = Site(world, f"http://127.0.0.1:{server.server_port}", chromium)
    world.rt.base_url = house.base
    try:
        yield house
        told = [trouble for person in house.people.values() for trouble in person.troubles]
        assert not told, told
    finally:
        for person in house.people.values():
            person.context.close()
        server.shutdown()
        thread.join()
