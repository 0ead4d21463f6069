"""The application, its API, and people at their browsers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from registers import accounts
from tests.conftest import World, key
from tests.web.conftest import api, app

__all__ = ["api", "app", "at_page"]


@pytest.fixture
def at_page(app: Flask, world: World) -> Callable[[str], Any]:
    """`at_page("login")` is that person's browser and the hidden fields of its forms."""

    def of(login: str) -> Any:
        client = app.test_client()
        with world.rt.db.transaction() as conn:
            token = accounts.open_session(conn, world.actor(login).id, world.time.now())  # type: ignore[arg-type]
            person = accounts.actor_by_session(conn, token, world.time.now(), world.time.today())
        assert person is not None
        client.set_cookie("sid", token)
        return client, {"csrf": person.csrf, "idempotency_key": key()}

    return of
