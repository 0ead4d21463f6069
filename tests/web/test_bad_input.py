"""Bad input gets a clear answer, nothing is lost and nothing happens twice."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.conftest import World, key
from tests.runtime.models import chain, node, publish
from tests.web.conftest import Api

Person = Callable[[str], Api]

APPLICATION = chain(node("userTask", "fill", role="preparer", form="remark"))


@pytest.fixture
def task(world: World, api: Person) -> str:
    publish(world.rt, APPLICATION)
    api("qiye").post("/cases", {"procedure": "trial"})
    return str(api("qiye").get("/tasks")["tasks"][0]["id"])


def test_an_error_is_a_problem_document_with_the_field(api: Person, task: str) -> None:
    person = api("qiye")
    answer = person.post(f"/tasks/{task}/complete", {"data": {"remark": "好", "unknown": 1}})
    assert person.last.status_code == 422
    assert person.last.content_type == "application/problem+json"
    assert [error["path"] for error in answer["errors"]] == ["unknown"]
    assert all(error["zh"] and error["en"] for error in answer["errors"])


def test_a_change_without_a_key_is_refused(api: Person, app: Flask, task: str) -> None:
    answer = app.test_client().post(
        f"/api/v1/tasks/{task}/claim", json={}, headers={"Authorization": f"Bearer {api('qiye').token}"}
    )
    assert (answer.status_code, answer.get_json()["code"]) == (400, "idempotency_key_missing")


def test_a_double_submit_is_one_submission(api: Person, task: str) -> None:
    person, once = api("qiye"), key()
    first = person.post(f"/tasks/{task}/complete", {"data": {"remark": "好"}}, once)
    again = person.post(f"/tasks/{task}/complete", {"data": {"remark": "好"}}, once)
    assert first == again
    assert len(person.get(f"/cases/{first['case_id']}")["submissions"]) == 1


def test_what_was_typed_survives_a_refusal(api: Person, task: str) -> None:
    person = api("qiye")
    person.put(f"/tasks/{task}/draft", {"data": {"remark": "写了一半的内容"}})
    person.post(f"/tasks/{task}/complete", {"data": {"remark": "x" * 100_000}})
    assert person.last.status_code == 422
    assert person.get(f"/tasks/{task}")["data"] == {"remark": "写了一半的内容"}


def test_an_older_draft_does_not_overwrite_a_newer_one(api: Person, task: str) -> None:
    person = api("qiye")
    first = person.put(f"/tasks/{task}/draft", {"data": {"remark": "一"}})
    person.put(f"/tasks/{task}/draft", {"data": {"remark": "二"}, "revision": first["revision"]})
    refused = person.put(f"/tasks/{task}/draft", {"data": {"remark": "旧"}, "revision": first["revision"]})
    assert refused["code"] == "draft_newer"
    assert person.get(f"/tasks/{task}")["data"] == {"remark": "二"}


def test_a_page_whose_answer_was_lost_is_not_taken_for_somebody_else(api: Person, task: str) -> None:
    person = api("qiye")
    path = f"/tasks/{task}/draft"
    person.put(path, {"data": {"remark": "一"}, "revision": 0, "page": "desk", "turn": 1})
    person.put(path, {"data": {"remark": "二"}, "revision": 0, "page": "desk", "turn": 2})
    late = person.put(path, {"data": {"remark": "一"}, "revision": 0, "page": "desk", "turn": 1})
    assert late["code"] == "draft_newer"
    reloaded = {"revision": 0, "page": "desk again", "turn": 1}
    assert person.put(path, {"data": {"remark": "三"}, **reloaded})["code"] == "draft_newer"
    person.put(path, {"data": {"remark": "三"}, **reloaded, "left_page": "desk"})
    assert person.get(f"/tasks/{task}")["data"] == {"remark": "三"}
    assert person.put(path, {"data": {"remark": "四"}, "revision": 0})["code"] == "draft_newer"


MALFORMED = {
    "not xml": "hello",
    "cut off": "<bpmn:definitions xmlns:bpmn='http://www.omg.org/spec/BPMN/20100524/MODEL'>",
    "external entity": "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
    "billion laughs": "<!DOCTYPE l [<!ENTITY a 'aaaaaaaaaa'>"
    + "".join(f"<!ENTITY {chr(98 + n)} '{('&' + chr(97 + n) + ';') * 10}'>" for n in range(8))
    + "]><l>&i;</l>",
    "script": chain('<bpmn:scriptTask id="evil"><bpmn:script>import os</bpmn:script></bpmn:scriptTask>').decode(),
    "unknown rule": chain(
        '<bpmn:serviceTask id="s"><bpmn:extensionElements><spiffworkflow:serviceTaskOperator id="os.system">'
        "<spiffworkflow:parameters/></spiffworkflow:serviceTaskOperator></bpmn:extensionElements></bpmn:serviceTask>"
    ).decode(),
}


@pytest.mark.parametrize("name", sorted(MALFORMED))
def test_a_hostile_or_broken_model_is_named_and_cannot_be_published(api: Person, name: str) -> None:
    designer = api("sheji")
    kept = designer.post("/definitions", {"procedure": "trial", "files": {"process.bpmn": MALFORMED[name]}})
    assert designer.last.status_code == 201
    assert not kept["publishable"]
    errors = [finding for finding in kept["findings"] if finding["severity"] == "error"]
    assert errors and all(finding["zh"] and finding["en"] and finding["fix_zh"] for finding in errors)
    refused = designer.post(f"/definitions/{kept['id']}/publish")
    assert (designer.last.status_code, refused["code"]) == (422, "lint")


def test_only_a_designer_may_upload_models(api: Person) -> None:
    officer = api("shencha")
    officer.post("/definitions", {"procedure": "trial", "files": {"process.bpmn": APPLICATION.decode()}})
    assert officer.last.status_code == 403


def _bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b"0" * 300_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tool.exe", b"MZ" + b"\0" * 100),
        ("plan.pdf", b"MZ" + b"\0" * 100),
        ("empty.pdf", b""),
        ("report.docx", _bomb()),
    ],
    ids=["program", "disguised program", "empty", "file bomb"],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(api: Person, name: str, content: bytes) -> None:
    person = api("qiye")
    answer: Any = person.client.post(
        "/api/v1/files",
        data={"file": (io.BytesIO(content), name)},
        headers={"Authorization": f"Bearer {person.token}"},
    )
    assert answer.status_code == 422
    assert answer.get_json()["title"]


def test_a_file_of_another_enterprise_cannot_be_named_in_a_form(world: World, api: Person) -> None:
    stolen = api("qiye2").upload("secret.pdf")
    assert api("qiye").raw(f"/files/{stolen}").status_code == 404


def test_a_task_that_does_not_exist_is_a_clear_404(api: Person) -> None:
    person = api("qiye")
    answer = person.get(f"/tasks/{uuid.uuid4()}")
    assert person.last.status_code == 404
    assert answer["code"] == "not_found"


def test_a_nul_byte_is_refused_and_not_an_error_of_the_server(api: Person, task: str) -> None:
    person = api("qiye")
    person.post(f"/tasks/{task}/complete", {"data": {"remark": "a\0b"}})
    assert person.last.status_code == 422
    person.put(f"/tasks/{task}/draft", {"data": {"remark": "a\0b"}})
    assert person.last.status_code in (200, 422)
    person.get("/tasks", search="a\0b")
    assert person.last.status_code < 500
