"""Nobody sees another's case: every route, every kind of stranger, every kind of object."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from registers import accounts
from tests.conftest import World, key
from tests.runtime.models import chain, node, publish
from tests.web.conftest import Api
from web import auth
from workflows import cases, letters
from workflows.caserun import CaseRun
from workflows.commands import Command, Step

Person = Callable[[str], Api]

# What anybody may ask for; everything else must be refused to strangers.
PUBLIC = {
    "/api/v1/procedures",
    "/api/v1/notices",
    "/api/v1/notices/<uuid:notice_id>",
    "/api/v1/notices/<uuid:notice_id>/comments",
    "/api/v1/notices/<uuid:notice_id>/letters/<uuid:letter_id>/<form>",
    "/notices/<uuid:notice_id>/letters/<uuid:letter_id>/<any(docx, pdf):form>",
    "/api/v1/verify/<code>",
    "/api/v1/calendar/due",
    "/api/v1/session",
    "/api/openapi.json",
    "/healthz",
    "/login",
    "/logout",
    "/",
    "/notices",
    "/notices/<uuid:notice_id>",
    "/verify",
    "/verify/<code>",
    "/feed/<code>.ics",
    "/survey/<token>",
    "/api/v1/survey/<token>",
    "/procedures/<procedure>",
    "/procedures/<procedure>/samples/<form_id>",
    "/procedures/<procedure>/letters/<name>.docx",
    "/login/step",
    "/licences",
    "/handbook",
    "/handbook/<who>",
    "/handbook/pictures/<name>.png",
    "/login/outside",
    "/login/outside/back",
    "/first",
    "/which",
    "/register/permits",
    "/register/permits/<path:number>",
    "/register/reductions",
    "/register/pilots",
    "/register/parks",
    "/map",
    "/open-data",
    "/open-data/<dataset>.<any(csv, json):form>",
    "/api/v1/open-data",
    "/api/v1/open-data/<dataset>",
    "/api/v1/which",
    "/api/v1/procedures/<procedure>/guide",
    "/static/<path:filename>",
}


def _draft_a_letter(step: Step, *, case_id: uuid.UUID) -> dict[str, Any]:
    run = CaseRun.lock(step, case_id)
    made = letters.draft(run, "withdrawal_notice", matter=None, values={"reason": "测试"})
    run.save()
    return {"letter_id": made["id"]}


@pytest.fixture
def objects(world: World, api: Person) -> dict[str, str]:
    """A case of the first enterprise with everything that can hang on it."""
    publish(world.rt, chain(node("userTask", "fill", role="preparer"), node("userTask", "check", role="window")))
    case_id = cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"]
    task = api("qiye").get("/tasks")["tasks"][0]
    letter = Command("test.letter", _draft_a_letter)(
        world.rt, world.actor("chuangkou"), key(), case_id=uuid.UUID(case_id)
    )
    return {
        "case_id": case_id,
        "task_id": task["id"],
        "file_id": api("qiye").upload("plan.pdf"),
        "letter_id": letter["letter_id"],
        "definition_id": str(uuid.uuid4()),
        "delegation_id": str(uuid.uuid4()),
        "notice_id": str(uuid.uuid4()),
        "matter": "eia",
        "message_id": str(uuid.uuid4()),
        "proposal_id": str(uuid.uuid4()),
        "obligation_id": str(uuid.uuid4()),
        "project_id": str(uuid.uuid4()),
        "import_id": str(uuid.uuid4()),
        "kind": "list",
        "enterprise_id": str(uuid.uuid4()),
        "permit_id": str(uuid.uuid4()),
        "procedure": "trial",
        "act": "report",
        "code": "x",
        "form": "docx",
        "filename": "icon.svg",
    }


def _requests(app: Flask, objects: dict[str, str]) -> list[tuple[str, str, str]]:
    made = []
    for rule in app.url_map.iter_rules():
        address = rule.rule
        for _ in rule.arguments:
            start = address.index("<", 0)
            end = address.index(">", start)
            address = (
                address[:start] + objects.get(address[start + 1 : end].split(":")[-1], NOBODY) + address[end + 1 :]
            )
        made += [(rule.rule, method, address) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return made


# Stands for an object that is nobody's: every address must refuse it as well.
NOBODY = str(uuid.UUID(int=1))
BODY = {
    "data": {"remark": "x"}, "reason": "x", "text": "x", "user_id": str(uuid.uuid4()), "path": "remark", "value": "x",
    "submission_id": str(uuid.uuid4()),
}  # fmt: skip


# Another enterprise, a department nobody consulted, a designer and an administrator of the very body.
@pytest.mark.parametrize("login", ["qiye2", "huiban", "sheji", "anquan"])
def test_a_stranger_is_told_that_the_object_does_not_exist(
    app: Flask, world: World, api: Person, objects: dict[str, str], login: str
) -> None:
    client, leaks = app.test_client(), []
    own = {"case_id", "task_id", "file_id", "letter_id"}
    for rule, method, address in _requests(app, objects):
        if not any(f"<uuid:{name}>" in rule for name in own):
            continue
        headers = {"Authorization": f"Bearer {api(login).token}", "Idempotency-Key": key()}
        body = BODY if rule.startswith("/api") and method in ("POST", "PUT") else None
        answer = client.open(address, method=method, headers=headers, json=body, data=None if body else {"reason": "x"})
        if answer.status_code not in (404, 403, 405, 400, 422) or objects["case_id"] in answer.get_data(as_text=True):
            leaks.append((rule, method, answer.status_code))
        if answer.status_code in (403, 422) and method == "GET":
            leaks.append((rule, method, answer.status_code))
    assert leaks == []


def test_without_signing_in_only_public_addresses_answer(app: Flask, objects: dict[str, str]) -> None:
    client, open_doors = app.test_client(), []
    for rule, method, address in _requests(app, objects):
        if rule in PUBLIC:
            continue
        answer = client.open(address, method=method, json={} if rule.startswith("/api") else None)
        signed_out = answer.status_code == 401 or (answer.status_code == 302 and "/login" in answer.headers["Location"])
        if not signed_out:
            # A body that does not fit is refused before anybody asks who sent it; nothing is carried out.
            if answer.status_code in (400, 422) and rule.startswith("/api"):
                continue
            open_doors.append((rule, method, answer.status_code))
    assert open_doors == []


def test_a_page_posted_without_its_token_changes_nothing(app: Flask, world: World, objects: dict[str, str]) -> None:
    client = app.test_client()
    with world.rt.db.transaction() as conn:
        user_id = world.actor("qiye").id
        assert user_id is not None
        client.set_cookie("sid", accounts.open_session(conn, user_id, world.time.now()))
    refused = client.post(f"/cases/{objects['case_id']}/withdraw", data={"reason": "x", "idempotency_key": key()})
    assert refused.status_code == 403
    foreign = client.post(
        f"/cases/{objects['case_id']}/withdraw",
        data={"reason": "x", "idempotency_key": key(), "csrf": _csrf(world, client)},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert foreign.status_code == 403
    good = client.post(
        f"/cases/{objects['case_id']}/withdraw",
        data={"reason": "x", "idempotency_key": key(), "csrf": _csrf(world, client)},
    )
    assert good.status_code == 302


def _csrf(world: World, client: Any) -> str:
    token = client.get_cookie("sid").value
    with world.rt.db.transaction() as conn:
        person = accounts.actor_by_session(conn, token, world.time.now(), world.time.today())
    assert person is not None
    return person.csrf


def test_every_answer_carries_the_strict_headers(app: Flask) -> None:
    answer = app.test_client().get("/login")
    assert answer.headers["Content-Security-Policy"] == auth.CSP
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script>" not in answer.get_data(as_text=True)


def test_five_wrong_passwords_lock_the_account_for_a_while(app: Flask, world: World) -> None:
    client = app.test_client()
    for _ in range(5):
        assert client.post("/login", data={"login": "qiye", "password": "wrong"}).status_code == 401
    locked = client.post("/login", data={"login": "qiye", "password": "onewindow-demo"})
    assert locked.status_code == 429
    world.time.instant = world.time.instant + accounts.LOCK_TIME * 1.1
    assert client.post("/login", data={"login": "qiye", "password": "onewindow-demo"}).status_code == 302


def test_a_session_ends_after_idle_time(app: Flask, world: World) -> None:
    client = app.test_client()
    client.post("/login", data={"login": "qiye", "password": "onewindow-demo"})
    assert client.get("/cases").status_code == 200
    world.time.instant = world.time.instant + accounts.IDLE * 1.1
    assert client.get("/cases").status_code == 302


def test_after_signing_in_nobody_is_sent_to_another_site(app: Flask) -> None:
    client = app.test_client()
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        answer = client.post("/login", data={"login": "qiye", "password": "onewindow-demo", "next": target})
        assert answer.headers["Location"] == "/"
