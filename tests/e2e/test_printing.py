"""What comes out of the printer: no navigation, nothing folded away, long tables that go on with their heads on the next page."""

from __future__ import annotations

import io
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from tests.e2e.conftest import Person, Site
from tests.e2e.test_filling_in import FULL, brought_to
from tests.web.test_api_path import play, scenario

pytestmark = pytest.mark.browser

ROWS = 70
CHROME = ("退出", "跳到正文", "主导航", "使用手册", "版本与许可证")
WIDER = """() => [...document.querySelectorAll('main table')].filter((table) =>
  table.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map((table) => table.className)"""


def printed(person: Person, name: str) -> list[str]:
    """The text of each page as Chromium prints it on A4, without spaces: lines break where they must."""
    content = person.page.pdf(format="A4", margin=dict.fromkeys(("top", "right", "bottom", "left"), "15mm"))
    folder = os.environ.get("ONEWINDOW_SCREENSHOTS")
    if folder:
        (Path(folder) / f"print-{name}.pdf").write_bytes(content)
    pages = (page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    # Fonts give some characters as the radicals they look like.
    return ["".join(unicodedata.normalize("NFKC", text).split()) for text in pages]


def fits(person: Person) -> None:
    """No table is wider than the paper."""
    person.page.emulate_media(media="print")
    person.page.set_viewport_size({"width": 680, "height": 960})  # A4 without its margins, at 96 dots an inch
    assert person.page.evaluate(WIDER) == []


def test_a_case_prints_whole_without_navigation(served: Site) -> None:
    known: dict[str, Any] = {}
    api: Callable[[str], Any] = lambda login: known.setdefault(login, served.api(login))  # noqa: E731
    case = play(served.world, api, scenario("同时办理：报告表＋简化管理"))
    person = served.as_person("qiye")
    person.open(f"/cases/{case}")
    text = "\n".join(printed(person, "case"))
    assert not [one for one in CHROME if one in text]
    folded = person.page.evaluate(
        "() => [...document.querySelectorAll('details:not(.no-print *):not(.no-print)')].length"
    )
    assert folded > 5
    for said in ("法定代表人", "每一行都与前一行以哈希相连", "本单位对申请材料的真实性", "SHA-256"):
        assert said in text, said
    assert "更多操作" not in text and "撤回异议" not in text
    fits(person)


def test_a_form_with_a_long_table_goes_on_with_its_head(served: Site) -> None:
    brought_to(served, FULL, 0)
    task = next(one for one in served.api("qiye").get("/tasks")["tasks"] if one["element"] == "task_application")
    rows = [{"code": f"DA{n:03}", "kind": "air", "name": f"{n}号排气筒"} for n in range(1, ROWS + 1)]
    served.api("qiye").put(f"/tasks/{task['id']}/draft", {"data": {"outlets": rows}})
    person = served.as_person("qiye")
    person.open(f"/tasks/{task['id']}/check")
    pages = printed(person, "form")
    assert not [one for one in CHROME if any(one in page for page in pages)]
    with_rows = [page for page in pages if "号排气筒" in page]
    assert len(with_rows) > 1
    assert all("编号" in page for page in with_rows)
    assert all(any(f"{n}号排气筒" in page for page in pages) for n in range(1, ROWS + 1))
    fits(person)


@pytest.mark.parametrize(
    ("login", "path"), [(None, "/register/reductions"), ("qiye", "/duties"), ("shencha", "/quota")]
)
def test_a_register_prints_its_table_and_nothing_around_it(served: Site, login: str | None, path: str) -> None:
    person = served.as_person(login)
    person.open(path)
    heading = person.page.locator("h1").inner_text()
    text = "\n".join(printed(person, path.strip("/").replace("/", "-")))
    assert "".join(heading.split()) in text
    assert not [one for one in CHROME if one in text]
    fits(person)
