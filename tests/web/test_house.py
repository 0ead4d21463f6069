"""Bodies, powers, zones, accounts and roles are entered and changed by page and by API, and the house remembers it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from registers import parties
from tests.conftest import World, key
from tests.runtime.models import chain, node, publish
from tests.web.conftest import Api
from workflows import cases, demo, housebook, letters

Person = Callable[[str], Api]
BODY = {"code": "xqj", "name_zh": "新区生态环境局", "name_en": "New Bureau", "kind": "county", "prefix": "新环"}


def body_id(world: World, code: str) -> uuid.UUID:
    with world.rt.db.transaction() as conn:
        return parties.body_by_code(conn, code).id


def signed_in(app: Flask, login: str) -> tuple[FlaskClient, Callable[..., Any]]:
    """A browser of this person, and a way to post a form from it."""
    client = app.test_client()
    client.post("/login", data={"login": login, "password": demo.PASSWORD})
    page = client.get("/account").get_data(as_text=True)
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf is not None

    def post(path: str, **form: Any) -> Any:
        return client.post(path, data={"csrf": csrf[1], "idempotency_key": key(), **form})

    return client, post


def test_a_body_its_contacts_and_its_powers_come_from_the_administrator(world: World, api: Person) -> None:
    made = api("anquan").post("/bodies", {**BODY, "phone": "0512-5", "address": "新路1号", "court_name": "某法院"})
    power = {"body_id": made["body_id"], "matter": "permit", "basis": "某号文", "valid_from": "2026-10-01"}
    api("anquan").post("/powers", {**power, "zone_code": "kejiao"})
    assert api("anquan").last.status_code == 201
    with world.rt.db.transaction() as conn:
        assert parties.deciding_body(conn, "permit", "kejiao", date(2026, 9, 30)).code == "sip-eeb"
        assert parties.deciding_body(conn, "permit", "kejiao", date(2026, 10, 1)).code == "xqj"
        assert parties.deciding_body(conn, "permit", "gaomao", date(2026, 10, 1)).code == "sip-eeb"
        assert parties.body_by_code(conn, "xqj").court_name == "某法院"


def test_a_power_that_ended_decides_nothing_from_the_next_day_on(world: World, api: Person) -> None:
    power = {"body_id": str(body_id(world, "sz-eeb")), "matter": "eia", "basis": "文", "valid_from": "2026-01-01"}
    made = api("anquan").post("/powers", {**power, "zone_code": "gaomao"})
    assert api("anquan").post(f"/powers/{made['power_id']}/end", {"last_day": "2025-01-01"})["pointer"] == "last_day"
    api("anquan").post(f"/powers/{made['power_id']}/end", {"last_day": "2026-09-10"})
    with world.rt.db.transaction() as conn:
        assert parties.deciding_body(conn, "eia", "gaomao", date(2026, 9, 10)).code == "sz-eeb"
        assert parties.deciding_body(conn, "eia", "gaomao", date(2026, 9, 11)).code == "sip-eeb"


def test_new_contacts_of_a_body_stand_in_its_next_letter(world: World, app: Flask, api: Person) -> None:
    publish(world.rt, chain(node("userTask", "fill", role="preparer")))
    case_id = uuid.UUID(cases.start(world.rt, world.actor("qiye"), key(), procedure="trial")["case_id"])
    _, post = signed_in(app, "anquan")
    facts = {"name_zh": "苏州工业园区生态环境局", "name_en": "SIP", "prefix": "苏园环", "kind": "park_bureau"}
    facts |= {"phone": "0512-1234", "court_name": "新法院", "reconsideration_name": "某政府", "active": "yes"}
    assert post(f"/bodies/{body_id(world, 'sip-eeb')}", **facts).status_code == 302
    with world.rt.db.transaction() as conn:
        issuer = parties.body_by_code(conn, "sip-eeb")
        said = _standard_values(world, conn, case_id, issuer)
    assert (said["body_phone"], said["court_name"], said["superior_name"]) == ("0512-1234", "新法院", "某政府")


def _standard_values(world: World, conn: Any, case_id: uuid.UUID, issuer: parties.BodyRef) -> dict[str, Any]:
    from workflows.caserun import CaseRun
    from workflows.commands import Step

    step = Step(world.rt, conn, world.actor("chuangkou"), "test", world.time.now(), world.time.today())
    return letters.standard_values(CaseRun.lock(step, case_id), issuer, None)


def test_a_mistake_in_a_form_keeps_what_was_typed_and_names_the_field(app: Flask) -> None:
    _, post = signed_in(app, "anquan")
    answer = post("/bodies", **{**BODY, "code": "sip-eeb", "address": "一条很长的路88号", "powers": ["eia"]})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert 'href="#new-code"' in page
    assert "一条很长的路88号" in page
    assert re.search(r'value="eia" checked', page)
    answer = post(
        "/enterprises", credit_code="91130200699229617Y", name="新厂", address="甲路1号", legal_representative="某"
    )
    assert "甲路1号" in answer.get_data(as_text=True)
    assert 'href="#new-credit_code"' in answer.get_data(as_text=True)


def test_a_body_never_stands_under_itself(world: World, api: Person) -> None:
    above, below = body_id(world, "sz-eeb"), body_id(world, "sip-water")
    answer = api("anquan").client.patch(
        f"/api/v1/bodies/{above}",
        json={"parent_id": str(below)},
        headers={"Authorization": f"Bearer {api('anquan').token}", "Idempotency-Key": key()},
    )
    assert (answer.status_code, answer.get_json()["pointer"]) == (422, "parent_id")


def test_a_closed_account_is_out_at_once_and_may_come_back(world: World, app: Flask, api: Person) -> None:
    client, _ = signed_in(app, "shencha")
    _, post = signed_in(app, "anquan")
    person = world.actor("shencha").id
    assert post(f"/users/{person}/state", active="no").status_code == 302
    assert client.get("/account").status_code == 302
    api("anquan").get("/tasks")
    assert app.test_client().post("/login", data={"login": "shencha", "password": demo.PASSWORD}).status_code != 302
    assert post(f"/users/{person}/state", active="yes").status_code == 302
    assert app.test_client().post("/login", data={"login": "shencha", "password": demo.PASSWORD}).status_code == 302


def test_a_new_password_ends_the_old_one_and_every_session(world: World, app: Flask) -> None:
    client, _ = signed_in(app, "shencha")
    _, post = signed_in(app, "anquan")
    person = world.actor("shencha").id
    assert post(f"/users/{person}/password", password="short").status_code == 422
    assert post(f"/users/{person}/password", password="a fresh long password").status_code == 302
    assert client.get("/account").status_code == 302
    assert app.test_client().post("/login", data={"login": "shencha", "password": demo.PASSWORD}).status_code != 302


def test_the_three_administrators_stay_different_people(world: World, api: Person) -> None:
    person = world.actor("xitong").id
    body = str(body_id(world, "sip-eeb"))
    answer = api("anquan").post(f"/users/{person}/roles", {"role": "audit_admin", "body_id": body})
    assert answer["code"] == "roles_apart"


def test_the_security_administrator_cannot_lock_the_house_from_inside(world: World, api: Person) -> None:
    me = world.actor("anquan").id
    with world.rt.db.transaction() as conn:
        role = conn.scalar(select(parties.UserRole.id).where(parties.UserRole.user_id == me))
    client, headers = api("anquan").client, {"Authorization": f"Bearer {api('anquan').token}"}
    for method, path, body in (
        ("DELETE", f"/api/v1/users/{me}/roles/{role}", None),
        ("PATCH", f"/api/v1/users/{me}", {"active": False}),
    ):
        answer = client.open(path, method=method, json=body, headers={**headers, "Idempotency-Key": key()})
        assert (answer.status_code, answer.get_json()["code"]) == (409, "oneself")


def test_every_change_stands_in_the_record_of_the_house_without_secrets(world: World, api: Person) -> None:
    api("anquan").post("/bodies", {**BODY, "powers": ["eia"]})
    person = world.actor("shencha").id
    api("anquan").post(f"/users/{person}/password", {"password": "never to be seen again"})
    record = api("shenji").get("/record")
    assert [line["kind"] for line in record["lines"][:3]] == ["password_reset", "power_granted", "body_created"]
    assert {line["actor_name"] for line in record["lines"][:3]} == {"蒋安全"}
    assert "never to be seen" not in str(record)
    for login in ("anquan", "xitong", "qiye"):
        api(login).get("/record")
        assert api(login).last.status_code == 403


def test_the_record_of_the_house_cannot_be_altered_unseen(world: World, api: Person) -> None:
    api("anquan").post("/bodies", {**BODY, "powers": ["eia"]})
    with world.rt.db.transaction() as conn, pytest.raises(Exception, match=r"permission denied|never changed"):
        conn.execute(text("UPDATE house_line SET data = '{}'"))
    with psycopg.connect(world.owner_url.replace("+psycopg", "")) as owner:
        owner.execute("ALTER TABLE house_line DISABLE TRIGGER house_line_append_only")
        owner.execute("UPDATE house_line SET data = '{}' WHERE seq = (SELECT max(seq) - 1 FROM house_line)")
    with world.rt.db.transaction() as conn:
        assert [fault.what for fault in housebook.verify(conn)] == ["altered"]
