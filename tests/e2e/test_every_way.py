"""The one-window path with a hearing, a deficiency round and the annual declaration: by desk and phone, in both languages.

Each is walked twice, so that each is seen in both widths and both languages; together they have all four pairs.

The same steps as the shipped scenarios, but every form is filled in on its page, every page on the way is looked at by
axe and must not be wider than the window. What is not under test here (time, the ledger) is brought in as scenarios do.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e import signing
from tests.e2e.conftest import DESKTOP, PDF, PHONE, Person, Site
from workflows import install, quotarehearsal

pytestmark = pytest.mark.browser

PEOPLE = ("qiye", "faren", "chuangkou", "shencha", "shencha2", "zhuanjia", "huiban", "huiban2", "huiban3", "qianfa")
WAYS = [pytest.param(DESKTOP, "zh", id="desk-zh"), pytest.param(PHONE, "en", id="phone-en")]
OTHER_WAYS = [pytest.param(PHONE, "zh", id="phone-zh"), pytest.param(DESKTOP, "en", id="desk-en")]


def scenario(procedure: str, name: str) -> dict[str, Any]:
    text = (install.procedures_folder() / procedure / "scenarios.json").read_text("utf-8")
    found: dict[str, Any] = next(one for one in json.loads(text)["scenarios"] if one["name"]["zh"].startswith(name))
    return found


class Way:
    """One walk through a scenario with one kind of window and one language."""

    def __init__(self, served: Site, viewport: dict[str, int], language: str, name: str) -> None:
        self.served, self.viewport, self.language, self.name = served, viewport, language, name
        self.number = ""

    def person(self, login: str | None) -> Person:
        person = self.served.as_person(login, viewport=self.viewport)
        person.context.add_cookies([{"name": "lang", "value": self.language, "url": self.served.base}])
        if login:
            self.served.renew(person, login)
        return person

    def look(self, person: Person, what: str) -> None:
        person.look(f"way-{self.name}-{self.viewport['width']}-{self.language}-{what}")
        assert person.overflow() <= 0, (what, person.page.url)

    def start(self, procedure: str, data: dict[str, Any]) -> None:
        person = self.person("qiye")
        person.open("/procedures")
        self.look(person, "procedures")
        with person.page.expect_navigation():
            person.page.locator(f'form[action="/procedures/{procedure}/start"] button').click()
        person.ready()
        self.number = self.served.api("qiye").get("/cases")["cases"][0]["number"]
        self.fill(person, data)
        self.submit(person, "start")

    def step(self, element: str, data: dict[str, Any]) -> None:
        """Whoever has the task opens it, fills it in, and hands it in."""
        for login in PEOPLE:
            tasks = self.served.api(login).get("/tasks", search=self.number, limit=200)["tasks"]
            found = next((one for one in tasks if one["element"] == element), None)
            if found is not None:
                person = self.person(login)
                person.open(f"/tasks/{found['id']}")
                self.fill(person, data)
                self.submit(person, element)
                return
        raise AssertionError(f"nobody has {element}")

    def fill(self, person: Person, data: dict[str, Any]) -> None:
        for name, value in data.items():
            files = [value] if isinstance(value, str) else value
            if isinstance(files, list) and files and all(str(one).startswith("file:") for one in files):
                sent = [{"name": f"{one[5:]}.pdf", "mimeType": "application/pdf", "buffer": PDF} for one in files]
                person.page.set_input_files(f'[name="upload:{name}"]', sent)
            elif person.page.locator(f'[data-field="{name}"]').count() and value not in (None, []):
                person.answer({name: value})

    def submit(self, person: Person, what: str) -> None:
        self.look(person, what)
        with person.page.expect_navigation():
            person.page.locator('button[name="do"][value="submit"]').click()
        person.ready()
        if signing.signs(person):
            self.look(person, f"{what}-sign")
            signing.sign(person)
        wrong = person.page.locator(".error-summary")
        assert wrong.count() == 0, (what, wrong.first.inner_text())
        assert person.page.url.endswith("/receipt"), (what, person.page.url)
        self.look(person, f"{what}-receipt")

    def comment(self, said: dict[str, Any]) -> None:
        """Somebody from the public comments on the notice that is open, and an official answers."""
        visitor = self.person(None)
        visitor.open("/notices?open=yes&kind=intended_decision")
        self.look(visitor, "notices")
        visitor.page.locator(".notice-list a").first.click()
        visitor.ready()
        visitor.page.fill("#author", said.get("author", "王居民"))
        visitor.page.fill("#contact", said.get("contact", "13800000000"))
        visitor.page.fill("#comment", said.get("text") or said.get("comment") or "担心废气影响")
        if said.get("wants_hearing", True):
            visitor.page.locator('[name="wants_hearing"]').check()
        self.look(visitor, "comment")
        with visitor.page.expect_navigation():
            visitor.page.locator("form.stack .button").click()
        visitor.ready()
        self.look(visitor, "thanks")
        officer = self.person("shencha")
        case = self.served.api("shencha").get("/cases", search=self.number)["cases"][0]["id"]
        officer.open(f"/cases/{case}")
        comment = officer.page.locator("#comments + ul li").first
        comment.locator("summary").click()
        comment.locator("textarea").fill("已要求加装治理设施。")
        with officer.page.expect_navigation():
            comment.locator("button").click()
        officer.ready()
        expect(officer.page.locator("#comments + ul")).to_contain_text("已要求加装治理设施。")

    def walk(self, played: dict[str, Any], steps: int | None = None) -> None:
        with self.served.world.rt.db.transaction() as conn:
            quotarehearsal.furnish(conn, played.get("ledger", {}), self.served.world.time)
        for step in played["steps"][:steps]:
            if "task" in step:
                self.step(step["task"], step.get("submit", {}))
            elif "comment" in step:
                self.comment(step["comment"] if isinstance(step["comment"], dict) else {})
            else:
                self.served.pass_time(step["element"])


@pytest.mark.parametrize(("viewport", "language"), WAYS)
def test_the_whole_path_with_a_hearing(served: Site, viewport: dict[str, int], language: str) -> None:
    way = Way(served, viewport, language, "path")
    played = scenario("one_window", "公示期有人申请听证")
    way.start("one_window", played["start"])
    way.walk(played)
    case = served.api("qiye").get("/cases", search=way.number)["cases"][0]
    assert case["status"] == "closed"
    person = way.person("qiye")
    person.open(f"/cases/{case['id']}")
    way.look(person, "closed")
    person.open("/?scope=done")
    way.look(person, "home-done")


@pytest.mark.parametrize(("viewport", "language"), OTHER_WAYS)
def test_a_deficiency_round(served: Site, viewport: dict[str, int], language: str) -> None:
    way = Way(served, viewport, language, "deficiency")
    played = scenario("one_window", "补正：首次告知")
    way.start("one_window", played["start"])
    way.walk(played, 4)
    tasks = served.api("chuangkou").get("/tasks", search=way.number)["tasks"]
    assert [one["element"] for one in tasks] == ["task_completeness_joint"]
    window = way.person("chuangkou")
    window.open(f"/tasks/{tasks[0]['id']}/desk")
    expect(window.page.locator("ins.changed").first).to_be_visible()
    way.look(window, "desk")


@pytest.mark.parametrize(("viewport", "language"), OTHER_WAYS)
def test_the_annual_declaration(served: Site, viewport: dict[str, int], language: str) -> None:
    way = Way(served, viewport, language, "annual")
    played = scenario("annual_declaration", "申报、复核、核定")
    way.start("annual_declaration", played["start"])
    way.walk(played)
    assert served.api("qiye").get("/cases", search=way.number)["cases"][0]["status"] == "closed"
