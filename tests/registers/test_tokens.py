"""A program's token: who is behind it, what that person may see, and when it ends."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import delete, insert, select, text, update

from registers import accounts, parties
from registers.db import eyes
from tests.conftest import World, application, key
from workflows import statements
from workflows.models import Idempotency

SETTINGS = ("everything", "enterprise", "bodies", "user")


def opened_by_token(world: World, token: str) -> dict[str, str]:
    """What the first statement of a command tells PostgreSQL when all it knows is the token."""
    claim = {"key": key(), "command": "x", "hash": b"x", "now": world.time.now()}
    who = accounts.Bearer(token)
    opening = {**claim, **accounts.opening_by_token(who, world.time.now(), world.time.today())}
    with world.rt.db.transaction_by(statements.CLAIM_BY_TOKEN, opening) as (conn, row):
        assert row is not None and row.key is not None
        said = {name: conn.scalar(text(f"SELECT current_setting('app.{name}')")) for name in SETTINGS}
    return {**said, "bodies": ",".join(sorted(said["bodies"].split(",")))}


def test_everybody_sees_by_token_what_the_same_person_sees_signed_in(world: World) -> None:
    with world.rt.db.transaction() as conn:
        people = conn.execute(select(parties.User.id, parties.User.login)).all()
        tokens = {p.login: accounts.create_token(conn, p.id, "t", world.time.now(), 10) for p in people}
    assert len(people) > 10
    for login, token in tokens.items():
        scope = world.actor(login).scope
        said = opened_by_token(world, token)
        if scope.everything:
            assert said["everything"] == "on", login
        else:
            assert said == {**eyes(scope), "user": str(scope.user_id)}, login


def client_with(world: World, login: str) -> tuple[Any, dict[str, str]]:
    with world.rt.db.transaction() as conn:
        token = accounts.create_token(conn, world.actor(login).id or uuid.uuid4(), "t", world.time.now(), 10)
    return application(world).test_client(), {"Authorization": f"Bearer {token}", "Idempotency-Key": key()}


def test_a_revoked_token_changes_nothing_from_that_moment(world: World) -> None:
    client, headers = client_with(world, "qiye")
    assert client.post("/api/v1/cases", json={"procedure": "one_window"}, headers=headers).status_code == 201
    with world.rt.db.transaction() as conn:
        conn.execute(update(accounts.ApiToken).values(revoked_at=world.time.now()))
        before = len(conn.execute(select(Idempotency.key)).all())
    for again in (headers, {**headers, "Idempotency-Key": key()}):
        answer = client.post("/api/v1/cases", json={"procedure": "one_window"}, headers=again)
        assert (answer.status_code, answer.get_json()["code"]) == (401, "token")
    with world.rt.db.transaction() as conn:
        assert len(conn.execute(select(Idempotency.key)).all()) == before


def test_a_role_taken_away_counts_in_the_next_request_of_the_same_token(world: World) -> None:
    client, headers = client_with(world, "qiye")
    with world.rt.db.transaction() as conn:
        conn.execute(delete(parties.UserRole).where(parties.UserRole.user_id == world.actor("qiye").id))
    answer = client.post("/api/v1/cases", json={"procedure": "one_window"}, headers=headers)
    assert answer.status_code == 403


def test_a_role_given_to_a_body_is_seen_by_token_at_once(world: World) -> None:
    _, headers = client_with(world, "chuangkou")
    token = headers["Authorization"][7:]
    before = opened_by_token(world, token)["bodies"]
    with world.rt.db.transaction() as conn:
        other = conn.scalar(
            select(parties.Body.id).where(parties.Body.id.not_in([uuid.UUID(b) for b in before.split(",")]))
        )
        conn.execute(
            insert(parties.UserRole).values(user_id=world.actor("chuangkou").id, role="consulted", body_id=other)
        )
    assert str(other) in opened_by_token(world, token)["bodies"]
