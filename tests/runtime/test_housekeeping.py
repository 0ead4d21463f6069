"""Once a day the house forgets old requests and ended sessions, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from registers import accounts, house
from registers.accounts import SYSTEM
from tests.conftest import World, key
from tests.runtime.models import chain, node, publish
from workflows import cases, cron, housekeeping
from workflows.models import Case, Idempotency


def kept(world: World) -> list[str]:
    with world.rt.db.transaction() as conn:
        return list(conn.scalars(select(Idempotency.key).where(Idempotency.command == "case.start")))


def test_a_request_is_remembered_as_long_as_the_house_says_and_then_forgotten(world: World) -> None:
    publish(world.rt, chain(node("userTask", "fill", role="preparer")))
    once = key()
    started = cases.start(world.rt, world.actor("qiye"), once, procedure="trial")
    days = house.built_in()["keep.request_days"].value
    world.time.move_to(world.time.today() + timedelta(days=days))
    assert housekeeping.purge(world.rt, SYSTEM, key())["requests"] == 0
    assert cases.start(world.rt, world.actor("qiye"), once, procedure="trial") == started
    world.time.move_to(world.time.today() + timedelta(days=1))
    assert "day.purge" in cron.daily(world.rt)
    assert kept(world) == []
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(func.count()).select_from(Case).where(Case.procedure == "trial")) == 1


def test_many_old_requests_go_in_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "BATCH", 10)
    with world.rt.db.transaction() as conn:
        conn.execute(
            text(
                "INSERT INTO idempotency (actor, key, command, request_hash, response, created_at)"
                " SELECT 'a', n::text, 'case.start', ''::bytea, '{}'::jsonb, :then FROM generate_series(1, 35) n"
            ),
            {"then": world.time.now() - timedelta(days=400)},
        )
    assert housekeeping.purge(world.rt, SYSTEM, key())["requests"] == 35


def test_sessions_that_are_over_go_and_the_others_stay(world: World) -> None:
    person = world.actor("qiye").id
    assert person is not None
    with world.rt.db.transaction() as conn:
        accounts.open_session(conn, person, world.time.now() - accounts.IDLE * 2)
        fresh = accounts.open_session(conn, person, world.time.now())
    assert housekeeping.purge(world.rt, SYSTEM, key())["sessions"] == 1
    with world.rt.db.transaction() as conn:
        assert accounts.actor_by_session(conn, fresh, world.time.now(), world.time.today()) is not None
