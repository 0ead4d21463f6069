"""Connections that go from one transaction to the next: which one comes back, and what happens to those that fail."""

from __future__ import annotations

import threading

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree

from registers import lending
from registers.db import Database
from tests.conftest import World

PID = text("SELECT pg_backend_pid()")


def _pid(db: Database) -> int:
    with db.transaction() as conn:
        return int(conn.scalar(PID) or 0)


def test_the_connection_used_last_is_lent_first_and_comes_back_after_a_refusal(world: World) -> None:
    db = world.rt.db
    with db.transaction() as outer:
        first = outer.scalar(PID)
        assert _pid(db) != first
    assert _pid(db) == first
    with pytest.raises(ZeroDivisionError), db.transaction() as conn:
        conn.execute(text("CREATE TEMPORARY TABLE left_behind (id integer)"))
        raise ZeroDivisionError
    with db.transaction() as conn:
        assert conn.scalar(PID) == first
        assert conn.scalar(text("SELECT to_regclass('left_behind')")) is None


def test_a_glance_opens_no_transaction_and_the_next_one_does(world: World) -> None:
    db = world.rt.db
    status = text("SELECT txid_current_if_assigned() IS NOT NULL")
    with db.glance() as conn:
        conn.execute(text("CREATE TEMPORARY TABLE seen (id integer)"))
        assert conn.scalar(status) is False, "each statement stands alone"
        glanced = conn.scalar(PID)
    with db.transaction() as conn:
        assert conn.scalar(PID) == glanced
        conn.execute(text("INSERT INTO seen VALUES (1)"))
        assert conn.scalar(status) is True


def test_after_one_connection_is_lost_none_of_the_others_is_tried(world: World) -> None:
    db = world.rt.db
    with db.transaction() as one, db.transaction() as two, db.transaction() as three:
        pids = [conn.scalar(PID) for conn in (one, two, three)]
    with psycopg.connect(db.url.replace("+psycopg", ""), autocommit=True) as other:
        for pid in pids:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    with pytest.raises(DBAPIError), db.transaction():
        pass
    for _ in range(4):
        assert _pid(db) not in pids


def test_who_waits_too_long_for_a_connection_is_told_and_who_waits_shortly_gets_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(world.rt.db.url, pool_size=1)
    try:
        monkeypatch.setattr(lending, "PATIENCE", 0.05)
        with db.transaction(), pytest.raises(NoneFree), db.transaction():
            pass
        monkeypatch.setattr(lending, "PATIENCE", 30.0)
        got: list[int] = []
        with db.transaction() as conn:
            pid = conn.scalar(PID)
            waiting = threading.Thread(target=lambda: got.append(_pid(db)))
            waiting.start()
        waiting.join(30)
        assert got == [pid]
    finally:
        db.close()


def test_an_old_connection_goes_back_to_the_pool(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lending, "RENEWED", 0.0)
    db = Database(world.rt.db.url, pool_size=2)
    try:
        for _ in range(2):
            _pid(db)
            assert db.engine.pool.status().startswith("Pool size: 2  Connections in pool: 1")
    finally:
        db.close()
