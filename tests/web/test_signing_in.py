"""Signing in with a second factor, with an old password, and under the security profile of GB/T 22239 level 3."""

from __future__ import annotations

import base64
import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from registers import accounts, factors, security
from registers.errors import DomainError
from tests.conftest import World, key
from workflows import administration, houserules

PASSWORD = "onewindow-demo"


def enrol(world: World, login: str) -> tuple[bytes, list[str]]:
    person = world.actor(login)
    assert person.id is not None
    with world.rt.db.transaction() as conn:
        secret = factors.begin(conn, world.rt.vault, person.id, world.time.now())
        return secret, factors.confirm(conn, world.rt.vault, person.id, now_code(world, secret), world.time.now())


def now_code(world: World, secret: bytes, steps: int = 0) -> str:
    return factors.code(secret, factors.step_of(world.time.now()) + steps)


def step(client: Any, **said: str) -> Any:
    return client.post("/login/step", data={**said, "next": "/cases"})


@pytest.mark.parametrize(
    ("at", "expected"),
    # RFC 6238 appendix B, SHA-1: the last six of its eight digits.
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(at: int, expected: str) -> None:
    assert factors.code(b"12345678901234567890", at // factors.STEP) == expected


def test_a_password_alone_opens_nothing_once_a_second_factor_is_in_force(world: World, app: Flask) -> None:
    secret, _ = enrol(world, "anquan")
    client = app.test_client()
    answer = client.post("/login", data={"login": "anquan", "password": PASSWORD, "next": "/users"})
    assert answer.headers["Location"] == "/login/step?next=/users"
    assert client.get("/users").status_code == 302
    world.time.instant += timedelta(seconds=60)
    assert step(client, code="000000").status_code == 422
    entered = step(client, code=now_code(world, secret))
    assert entered.headers["Location"] == "/cases"
    assert client.get("/users").status_code == 200


def test_a_code_counts_once_and_a_recovery_code_once(world: World, app: Flask) -> None:
    secret, recovery = enrol(world, "anquan")
    world.time.instant += timedelta(seconds=60)
    used = now_code(world, secret)
    for said, fits in ((used, True), (used, False), (recovery[0], True), (recovery[0], False)):
        client = app.test_client()
        client.post("/login", data={"login": "anquan", "password": PASSWORD})
        assert (step(client, code=said).status_code == 302) is fits, said


def test_guessing_codes_locks_the_account(world: World, app: Flask) -> None:
    enrol(world, "anquan")
    client = app.test_client()
    client.post("/login", data={"login": "anquan", "password": PASSWORD})
    assert [step(client, code="000000").status_code for _ in range(5)] == [422] * 5
    assert step(client, code="000000").status_code == 429
    assert app.test_client().post("/login", data={"login": "anquan", "password": PASSWORD}).status_code == 429


def test_a_waiting_sign_in_ends_after_some_minutes(world: World, app: Flask) -> None:
    secret, _ = enrol(world, "anquan")
    client = app.test_client()
    client.post("/login", data={"login": "anquan", "password": PASSWORD})
    world.time.instant += accounts.PENDING_LIVES * 1.1
    assert step(client, code=now_code(world, secret)).headers["Location"].startswith("/login")
    assert client.get("/users").status_code == 302


def test_programs_send_the_code_with_the_password(world: World, app: Flask) -> None:
    secret, _ = enrol(world, "anquan")
    world.time.instant += timedelta(seconds=60)
    body = {"login": "anquan", "password": PASSWORD}
    refused = app.test_client().post("/api/v1/session", json=body)
    assert (refused.status_code, refused.get_json()["code"]) == (401, "sign_in_code")
    opened = app.test_client().post("/api/v1/session", json={**body, "code": now_code(world, secret)})
    assert opened.status_code == 201


def test_the_level_3_profile_asks_officials_for_a_factor_and_for_new_passwords(world: World, app: Flask) -> None:
    administration.choose_profile(world.rt, world.actor("anquan"), key(), profile="gb22239", source="等保备案")
    with world.rt.db.transaction() as conn:
        world.rt.reference.get(conn)
    assert security.follows(dict(world.rt.reference.house)) == "gb22239"
    client = app.test_client()
    client.post("/login", data={"login": "shencha", "password": PASSWORD})
    page = client.get("/login/step").get_data(as_text=True)
    assert "otpauth" not in page and "data:image/png" in page
    person = world.actor("shencha").id
    assert person is not None
    with world.rt.db.transaction() as conn:
        secret = factors.waiting(conn, world.rt.vault, person)
    assert secret is not None
    shown = step(client, code=now_code(world, secret))
    assert shown.status_code == 200 and shown.get_data(as_text=True).count("<code>") == factors.RECOVERY_CODES
    assert client.get("/").status_code == 200
    assert app.test_client().post("/login", data={"login": "qiye", "password": PASSWORD}).headers["Location"] == "/"
    world.time.instant += timedelta(days=91)
    client = app.test_client()
    client.post("/login", data={"login": "qiye", "password": PASSWORD})
    assert step(client, password="short", again="short").status_code == 422
    assert step(client, password=PASSWORD, again=PASSWORD).status_code == 422
    assert step(client, password="Tidal-Lake-2026", again="Tidal-Lake-2026").headers["Location"] == "/cases"


def test_sessions_end_as_the_house_says(world: World, app: Flask) -> None:
    houserules.choose(world.rt, world.actor("anquan"), key(), key="security.idle_minutes", value=5, source="试验")
    with world.rt.db.transaction() as conn:
        world.rt.reference.get(conn)
    client = app.test_client()
    client.post("/login", data={"login": "qiye", "password": PASSWORD})
    assert client.get("/cases").status_code == 200
    world.time.instant += timedelta(minutes=6)
    assert client.get("/cases").status_code == 302


def test_only_the_security_administrator_decides_on_security(world: World) -> None:
    with pytest.raises(DomainError):
        houserules.choose(world.rt, world.actor("xitong"), key(), key="security.lock_failures", value=10, source="试验")
    with pytest.raises(DomainError):
        administration.choose_profile(world.rt, world.actor("xitong"), key(), profile="asvs", source="试验")


def test_a_lost_authenticator_is_taken_out_by_the_security_administrator(world: World, app: Flask) -> None:
    enrol(world, "shencha")
    person = world.actor("shencha").id
    assert person is not None
    administration.drop_factor(world.rt, world.actor("anquan"), key(), user_id=person)
    entered = app.test_client().post("/login", data={"login": "shencha", "password": PASSWORD})
    assert entered.headers["Location"] == "/"
    with pytest.raises(DomainError):
        administration.drop_factor(world.rt, world.actor("anquan"), key(), user_id=uuid.uuid4())


def test_a_program_keeps_its_own_account(world: World, api: Any, app: Flask) -> None:
    me = api("anquan")
    refused = me.put("/account/password", {"present": "guess", "password": "Another-long-one-42"})
    assert (me.last.status_code, refused["code"]) == (422, "password_wrong")
    me.put("/account/password", {"present": PASSWORD, "password": "Another-long-one-42"})
    assert me.last.status_code == 204
    assert app.test_client().post("/api/v1/session", json={"login": "anquan", "password": PASSWORD}).status_code == 401
    begun = me.post("/account/second-factor")
    secret = base64.b32decode(begun["secret"].replace(" ", "") + "=" * (-len(begun["secret"].replace(" ", "")) % 8))
    assert len(me.post("/account/second-factor/confirmation", {"code": now_code(world, secret)})["recovery_codes"]) >= 8
    world.time.instant += timedelta(seconds=60)
    body = {"login": "anquan", "password": "Another-long-one-42"}
    assert app.test_client().post("/api/v1/session", json=body).status_code == 401
    me.post("/account/second-factor/removal", {"code": "000000"})
    assert me.last.status_code == 422
    me.post("/account/second-factor/removal", {"code": now_code(world, secret)})
    assert me.last.status_code == 204
    assert app.test_client().post("/api/v1/session", json=body).status_code == 201
