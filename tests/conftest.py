"""What tests share: one throwaway PostgreSQL for the session, a clean database for each test that asks.

A template database is migrated and seeded once; each test gets a copy of it, which PostgreSQL makes
in a few tens of milliseconds.
"""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import cast

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, select

from registers import accounts, parties, postgres
from registers.accounts import Actor
from registers.db import Database
from registers.timesource import FixedTime
from web import site
from web.context import bind
from workflows import demo, install
from workflows.migrations import upgrade
from workflows.runtime import DefinitionCache, Runtime

TODAY = date(2026, 9, 1)
TEMPLATE = "onewindow_template"


@dataclass
class World:
    """An installation in a test: its runtime, its clock, its people."""

    rt: Runtime
    time: FixedTime
    owner_url: str

    def actor(self, login: str) -> Actor:
        """The demo person with this login."""
        with self.rt.db.transaction() as conn:
            user_id = conn.scalar(select(parties.User.id).where(parties.User.login == login))
            assert user_id is not None, login
            return accounts.actor_by_id(conn, user_id, self.time.today())


@cache
def _application() -> Flask:
    """The web application, put together once: that takes as long as a whole test does."""
    return site.build(cast(Runtime, None))


def application(world: World) -> Flask:
    """The web application over this installation."""
    bind(_application(), world.rt, None)
    return _application()


def key() -> str:
    """A fresh idempotency key."""
    return str(uuid.uuid4())


def _renamed(url: str, database: str) -> str:
    return url.replace(f"/{postgres.DATABASE}?", f"/{database}?")


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """A PostgreSQL server that lives as long as the test session."""
    with postgres.throwaway() as running:
        yield running


@pytest.fixture(scope="session")
def template(server: postgres.Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with schema, built-in registers, shipped procedures and demo people."""
    upgrade(server.owner_url)
    rt = Runtime(Database(server.app_url, pool_size=2), tmp_path_factory.mktemp("files"), FixedTime.on(TODAY))
    install.seed(rt)
    with rt.db.transaction() as conn:
        demo.load(conn, rt.time)
    rt.db.close()
    return postgres.DATABASE


_numbers = itertools.count(1)
# Published versions never change, and every copy of the template has the same: compiled once a session.
_DEFINITIONS = DefinitionCache()


@pytest.fixture
def world(server: postgres.Server, template: str, tmp_path: Path) -> Iterator[World]:
    """A fresh installation at nine in the morning of TODAY."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    superuser = postgres._conninfo(server.folder, "postgres", "postgres")
    with psycopg.connect(superuser, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER {postgres.OWNER}')
    time = FixedTime.on(TODAY)
    database = Database(_renamed(server.app_url, name), pool_size=12)
    rt = Runtime(database, tmp_path / "files", time, definitions=_DEFINITIONS)
    rt.files_root.mkdir()
    try:
        yield World(rt, time, _renamed(server.owner_url, name))
    finally:
        rt.db.close()
        with psycopg.connect(superuser, autocommit=True) as conn:
            conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def conn(world: World) -> Iterator[Connection]:
    """A transaction on a fresh installation."""
    with world.rt.db.transaction() as transaction:
        yield transaction
