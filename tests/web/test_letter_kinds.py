"""A designer makes a new kind of letter: code, names, numbering, placeholders, template; a step issues it; nobody writes a program."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from registers.accounts import SYSTEM
from tests.clocks.conftest import at_page  # noqa: F401 - a fixture
from tests.conftest import World
from tests.runtime.models import chain, node, service
from tests.web.conftest import Api
from workflows import comparing, definitions, modelfolder, selfcheck, versionchecks, versionfiles

Person = Callable[[str], Api]
FACTS: dict[str, Any] = {
    "title": {"zh": "现场核查函", "en": "Letter on a visit"},
    "basis": "《行政许可法》第34条",
    "number": "{prefix}核函〔{year}〕{seq:03}号",
    "served": True,
    "placeholders": {
        "visit_on": {"zh": "核查日期", "en": "Date of the visit", "type": "date"},
        "remark": {"zh": "要求", "en": "Demands", "type": "text"},
        "guide_person": {"zh": "陪同人", "en": "Companion", "type": "text", "optional": True},
    },
}
ASK = node("userTask", "ask", role="preparer", result="application")
SEND = service("send", "letter.issue", "sent", letter="'visit'", values="{'visit_on': '2026-09-03'}")


@pytest.fixture
def draft(api: Person) -> str:
    """A new procedure whose application ends with a letter that does not exist yet."""
    made = api("sheji").post("/definitions/begin", {"procedure": "advice", "title": {"zh": "咨询", "en": "Advice"}})
    body = {"name": "process.bpmn", "content": chain(ASK, SEND).decode(), "expected": _sha(api, made["id"])}
    api("sheji").put(f"/definitions/{made['id']}/files", body)
    facts = {
        "lead_matter": "eia",
        "start_task": "ask",
        "process_id": "p",
        "letter_values": {"remark": "application.remark"},
    }
    change = {"facts": facts, "expected": _sha(api, made["id"])}
    api("sheji").put(f"/definitions/{made['id']}/settings", change)
    assert api("sheji").last.status_code == 200
    return str(made["id"])


def _sha(api: Person, draft: str) -> str:
    return str(api("sheji").get(f"/definitions/{draft}/settings")["sha256"])


def _make(api: Person, draft: str, name: str = "visit", **facts: Any) -> Any:
    body = {"name": name, "facts": {**FACTS, **facts}, "expected": _sha(api, draft)}
    return api("sheji").put(f"/definitions/{draft}/letters", body)


def _remove(api: Person, draft: str, name: str) -> int:
    person = api("sheji")
    headers = {"Authorization": f"Bearer {person.token}", "Idempotency-Key": str(uuid.uuid4())}
    address = f"/api/v1/definitions/{draft}/letters/{name}"
    return person.client.delete(address, json={"expected": _sha(api, draft)}, headers=headers).status_code


def _files(api: Person, draft: str) -> dict[str, bytes]:
    return versionfiles.from_texts(api("sheji").get(f"/definitions/{draft}")["files"])


def _text(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in document.paragraphs), *cells])


def _publish(world: World, draft: str) -> None:
    with world.rt.db.transaction() as conn:
        definitions.publish(conn, SYSTEM, uuid.UUID(draft), world.time.today(), world.time.now())


def _case(api: Person, demand: str) -> str:
    started = api("qiye").post("/cases", {"procedure": "advice"})
    assert api("qiye").last.status_code == 201, started
    started = started["case_id"]
    task = next(one for one in api("qiye").get("/tasks")["tasks"] if one["case_id"] == started)
    api("qiye").post(f"/tasks/{task['id']}/complete", {"data": {"remark": demand}})
    return str(started)


def test_a_new_kind_of_letter_is_issued_with_its_number_and_values(api: Person, world: World, draft: str) -> None:
    with world.rt.db.transaction() as conn:
        assert {one.code for one in versionchecks.check(conn, _files(api, draft))} == {"unknown_letter"}
    assert _make(api, draft)["name"] == "visit"
    with world.rt.db.transaction() as conn:
        assert versionchecks.check(conn, _files(api, draft)) == []
    _publish(world, draft)
    found = []
    for demand in ("备齐台账", "打开车间"):
        case = api("qiye").get(f"/cases/{_case(api, demand)}")
        assert case["status"] == "closed"
        (letter,) = case["letters"]
        said = _text(api("qiye").raw(f"/letters/{letter['id']}").data)
        assert letter["title"] == "现场核查函"
        assert demand in said
        assert "2026年9月3日" in said
        assert letter["number"] in said
        assert "陪同人" not in said
        found.append(letter["number"])
    year = world.time.today().year
    assert [number.split("核函")[1] for number in found] == [f"〔{year}〕001号", f"〔{year}〕002号"]
    with world.rt.db.transaction() as conn:
        assert [fault.en for fault in selfcheck.check(conn, world.rt.files_root).faults] == []
    # It stands in the guide, in the record, and in the message to the enterprise.
    guide = api("qiye").get("/procedures/advice/guide")
    assert "visit" in {one["name"] for one in guide["letters"]}


def test_a_sandbox_case_makes_the_letter_without_taking_a_number(api: Person, world: World, draft: str) -> None:
    _make(api, draft)
    trial = api("sheji").post(f"/definitions/{draft}/trials", {"title": "试"})["trial_id"]
    step = {"step": {"task": "ask", "submit": {"remark": "备齐台账"}}}
    api("sheji").post(f"/trials/{trial}/steps", step)
    shown = api("sheji").get(f"/trials/{trial}")
    (letter,) = shown["letters"]
    assert letter["number"].startswith("试办·")
    _publish(world, draft)
    (first,) = api("qiye").get(f"/cases/{_case(api, '真的')}")["letters"]
    assert "001号" in first["number"]


@pytest.mark.parametrize(
    ("name", "facts", "pointer"),
    [
        ("Not A Code", {}, "code"),
        ("acceptance_notice", {}, "code"),
        ("visit", {"title": {"zh": " "}}, "title"),
        ("visit", {"number": "{prefix}核函{seq}号"}, "template"),
        ("visit", {"number": "{prefix}受〔{year}〕{seq}号"}, "number"),
        ("visit", {"placeholders": {"date": {"zh": "日期"}}}, "placeholders"),
        ("visit", {"placeholders": {"x": {"zh": "x", "type": "python"}}}, "placeholders"),
        ("visit", {"placeholders": {"__class__": {"zh": "x"}}}, "placeholders"),
        ("visit", {"placeholders": {"items": {"zh": "x", "type": "rows"}}}, "placeholders"),
        (
            "visit",
            {"placeholders": {"items": {"zh": "x", "type": "rows", "columns": {"A": {"zh": "x"}}}}},
            "placeholders",
        ),
        (
            "visit",
            {"placeholders": {"items": {"zh": "x", "type": "rows", "columns": {"a": {"zh": "x", "type": "rows"}}}}},
            "placeholders",
        ),
    ],
)
def test_what_is_wrong_with_a_kind_is_told_at_its_field(
    api: Person, draft: str, name: str, facts: dict[str, Any], pointer: str
) -> None:
    answer = _make(api, draft, name, **facts)
    assert (api("sheji").last.status_code, answer["pointer"]) == (422, pointer)
    assert not [one for one in _files(api, draft) if one.startswith("letters/")]


def test_two_kinds_of_a_version_are_not_numbered_alike(api: Person, draft: str) -> None:
    _make(api, draft)
    assert _make(api, draft, "other")["pointer"] == "number"


def test_a_placeholder_that_the_template_uses_cannot_be_taken_away(api: Person, draft: str) -> None:
    _make(api, draft)
    fewer = {key: spec for key, spec in FACTS["placeholders"].items() if key != "visit_on"}
    answer = _make(api, draft, placeholders=fewer)
    assert (api("sheji").last.status_code, answer["code"]) == (422, "letter_template")
    assert [one["token"] for one in answer["errors"]] == ["{{visit_on}}"]


def test_a_kind_that_a_step_makes_is_not_removed_and_another_is(api: Person, draft: str) -> None:
    _make(api, draft)
    assert _remove(api, draft, "visit") == 409
    _make(api, draft, "unused", number="")
    assert _remove(api, draft, "unused") == 200
    held = _files(api, draft)
    assert {name for name in held if name.startswith("letters/")} == {"letters/visit.json", "letters/visit.docx"}
    assert json.loads(held["procedure.json"])["letters"] == ["visit"]


def test_kinds_are_compared_and_kept_in_a_folder(api: Person, draft: str, tmp_path: Path) -> None:
    before = _files(api, draft)
    _make(api, draft)
    after = _files(api, draft)
    (added,) = [one for one in comparing.compare(before, after) if one.kind == "letter"]
    assert (added.change, added.id, added.name) == ("added", "visit", "现场核查函")
    _make(api, draft, number="{prefix}核〔{year}〕{seq}号")
    (changed,) = [one for one in comparing.compare(after, _files(api, draft)) if one.kind == "letter"]
    assert [(one.what, one.before, one.after) for one in changed.details] == [
        ("number", "{prefix}核函〔{year}〕{seq:03}号", "{prefix}核〔{year}〕{seq}号")
    ]
    modelfolder.write(tmp_path / "advice", after)
    assert versionfiles.digest(versionfiles.read_folder(tmp_path / "advice")) == versionfiles.digest(after)


def test_a_version_without_the_template_is_not_published(api: Person, world: World, draft: str) -> None:
    _make(api, draft)
    held = {name: content for name, content in _files(api, draft).items() if not name.endswith(".docx")}
    with world.rt.db.transaction() as conn:
        found = versionchecks.check(conn, held)
    assert [(one.code, one.file) for one in found] == [("letter_kind", "letters/visit.json")]


def test_only_designers_make_kinds(api: Person, draft: str) -> None:
    body = {"name": "visit", "facts": FACTS, "expected": _sha(api, draft)}
    for login in ("qiye", "shencha", "chuangkou"):
        api(login).put(f"/definitions/{draft}/letters", body)
        assert api(login).last.status_code == 403


LISTED = {
    "zh": "核查事项",
    "en": "Items",
    "type": "rows",
    "columns": {"area": {"zh": "地点", "en": "Place"}, "on": {"zh": "日期", "en": "Day", "type": "date"}},
}


def _tables(content: bytes) -> list[list[list[str]]]:
    return [[[cell.text for cell in row.cells] for row in table.rows] for table in Document(io.BytesIO(content)).tables]


def test_a_row_of_a_table_is_repeated_for_each_item_of_a_list(api: Person, world: World, draft: str) -> None:
    items = "[{'area': '东车间', 'on': '2026-09-03'}, {'area': '西车间', 'on': '2026-09-04'}]"
    send = service("send", "letter.issue", "sent", letter="'visit'", values=f"{{'items': {items}}}")
    body = {"name": "process.bpmn", "content": chain(ASK, send).decode(), "expected": _sha(api, draft)}
    api("sheji").put(f"/definitions/{draft}/files", body)
    made = _make(api, draft, placeholders={"remark": FACTS["placeholders"]["remark"], "items": LISTED})
    assert made["name"] == "visit", made
    _publish(world, draft)
    (letter,) = api("qiye").get(f"/cases/{_case(api, '备齐台账')}")["letters"]
    table, *_ = _tables(api("qiye").raw(f"/letters/{letter['id']}").data)
    assert table == [["序号", "地点", "日期"], ["1", "东车间", "2026年9月3日"], ["2", "西车间", "2026年9月4日"]]


def test_by_page_the_columns_of_a_table_are_lines_of_their_own(
    api: Person,
    draft: str,
    at_page: Any,  # noqa: F811 - the fixture
) -> None:
    client, hidden = at_page("sheji")
    rows = [
        ("items", "核查事项", "rows"),
        ("items.area", "地点", "text"),
        ("items.on", "日期", "date"),
        ("remark", "要求", "text"),
    ]
    typed = {
        **hidden,
        "expected": _sha(api, draft),
        "code": "visit",
        "title_zh": "现场核查函",
        **{f"placeholder_{part}": [row[place] for row in rows] for place, part in enumerate(("name", "zh", "type"))},
        "placeholder_en": [""] * len(rows),
        "placeholder_optional": ["no"] * len(rows),
    }
    answer = client.post(f"/definitions/{draft}/letters", data=typed)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    kept = json.loads(_files(api, draft)["letters/visit.json"])["placeholders"]
    assert set(kept) == {"items", "remark"}
    assert {key: one["type"] for key, one in kept["items"]["columns"].items()} == {"area": "text", "on": "date"}
    shown = client.get(f"/definitions/{draft}/letters/visit").get_data(as_text=True)
    assert 'value="items.area"' in shown
