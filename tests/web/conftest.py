"""Clients of the real application over a fresh installation."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from registers import accounts
from tests.conftest import World, application

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@dataclass
class Api:
    """A person at the API: a bearer token and a fresh key for every change."""

    client: FlaskClient
    token: str
    last: Any = field(default=None)

    def get(self, path: str, **query: Any) -> Any:
        return self._answer(self.client.get(f"/api/v1{path}", query_string=query, headers=self._headers()))

    def post(self, path: str, body: Any = None, key: str | None = None) -> Any:
        headers = {**self._headers(), "Idempotency-Key": key or str(uuid.uuid4())}
        return self._answer(self.client.post(f"/api/v1{path}", json=body or {}, headers=headers))

    def put(self, path: str, body: Any) -> Any:
        headers = {**self._headers(), "Idempotency-Key": str(uuid.uuid4())}
        return self._answer(self.client.put(f"/api/v1{path}", json=body, headers=headers))

    def upload(self, name: str, content: bytes = PDF) -> str:
        data = {"file": (io.BytesIO(content), name)}
        found = self._answer(self.client.post("/api/v1/files", data=data, headers=self._headers()))
        return str(found["id"])

    def raw(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _answer(self, response: Any) -> Any:
        self.last = response
        return response.get_json() if response.status_code != 204 else None


@pytest.fixture
def app(world: World) -> Flask:
    return application(world)


@pytest.fixture
def api(app: Flask, world: World) -> Any:
    """`api("login")` gives that person's access to the API."""
    known: dict[str, Api] = {}

    def as_person(login: str) -> Api:
        if login not in known:
            person = world.actor(login)
            assert person.id is not None
            with world.rt.db.transaction() as conn:
                token = accounts.create_token(conn, person.id, "test", world.time.now(), 400)
            known[login] = Api(app.test_client(), token)
        return known[login]

    return as_person
