"""A fresh installation asks for its first administrator once, and only whoever holds its code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask

from registers import postgres
from registers.db import Database
from registers.postgres import Server
from registers.timesource import FixedTime
from tests.conftest import TODAY
from web import site
from web.pages.firstrun import CODE, first_run_code
from workflows import install
from workflows.migrations import upgrade
from workflows.runtime import Runtime

GOOD = {
    "login": "anquan1", "name": "首任管理员", "password": "Lake-Water-2026", "again": "Lake-Water-2026",
    "profile": "gb22239",
}  # fmt: skip


@pytest.fixture
def fresh(server: Server, tmp_path: Path) -> Iterator[tuple[Flask, Runtime]]:
    """An installation without any account."""
    superuser = postgres.superuser(server.folder, "postgres")
    with psycopg.connect(superuser, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE first_use OWNER "{postgres.OWNER}"')
        with psycopg.connect(postgres.superuser(server.folder, "first_use"), autocommit=True) as inside:
            inside.execute(f'ALTER SCHEMA public OWNER TO "{postgres.OWNER}"')
    upgrade(server.owner_url.replace("/onewindow?", "/first_use?"))
    (tmp_path / "files").mkdir()
    database = Database(server.app_url.replace("/onewindow?", "/first_use?"), pool_size=4)
    rt = Runtime(database, tmp_path / "files", FixedTime.on(TODAY))
    install.seed_registers(rt)
    try:
        yield site.build(rt), rt
    finally:
        rt.db.close()
        with psycopg.connect(superuser, autocommit=True) as conn:
            conn.execute("DROP DATABASE first_use WITH (FORCE)")


def test_the_wizard_makes_the_first_administrator_under_the_chosen_profile(fresh: tuple[Flask, Runtime]) -> None:
    app, rt = fresh
    client = app.test_client()
    assert client.get("/").headers["Location"] == "/first"
    assert client.get("/first").status_code == 200
    assert client.post("/first", data={**GOOD, "code": "000"}).status_code == 403
    code = first_run_code(rt.files_root.parent)
    assert re.fullmatch(r"\d{12}", code)
    plain = {**GOOD, "code": code, "password": "lakewatershore", "again": "lakewatershore"}
    assert client.post("/first", data=plain).status_code == 422, "the profile asks for three kinds of characters"
    made = client.post("/first", data={**GOOD, "code": code})
    assert made.headers["Location"] == "/login"
    entered = client.post("/login", data={"login": "anquan1", "password": GOOD["password"]})
    assert entered.headers["Location"].startswith("/login/step"), "the profile asks for a second factor"
    assert not (rt.files_root.parent / CODE).exists()


def test_the_wizard_is_gone_once_there_is_an_account(fresh: tuple[Flask, Runtime]) -> None:
    app, rt = fresh
    client = app.test_client()
    code = first_run_code(rt.files_root.parent)
    client.post("/first", data={**GOOD, "code": code})
    assert client.get("/first").status_code == 404
    again = {**GOOD, "code": first_run_code(rt.files_root.parent), "login": "other"}
    assert client.post("/first", data=again).status_code == 404
    assert client.get("/").headers["Location"] == "/notices"
