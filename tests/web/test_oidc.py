"""Signing in at a provider of the house: tried against a certified provider that runs in a process of its own."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests
from flask import Flask
from sqlalchemy import update

from registers import factors
from tests.conftest import World
from web import oidc

ROOT = Path(__file__).parents[2]
PASSWORD = "onewindow-demo"


@dataclass
class Provider:
    """The provider, and a person's way through its pages."""

    issuer: str

    def sign_in(self, address: str, name: str) -> str:
        """Go through the provider's own forms as this person; the address it sends the browser back to."""
        session = requests.Session()
        answer = session.get(address, timeout=10)
        for _ in range(6):
            form = re.search(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', answer.text, re.S)
            assert form is not None, answer.text[:400]
            fields = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', form.group(2)))
            fields |= {"login": name, "password": "anything"} if 'name="login"' in form.group(2) else {}
            answer = session.post(urljoin(answer.url, form.group(1)), data=fields, timeout=10, allow_redirects=False)
            while answer.is_redirect:
                place = urljoin(answer.url, answer.headers["Location"])
                if not place.startswith(self.issuer):
                    return place
                answer = session.get(place, timeout=10, allow_redirects=False)
        raise AssertionError("the provider never sent the browser back")


@pytest.fixture
def provider(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "oidc-provider").exists():
        pytest.skip("NO PROVIDER TESTS: node or node_modules/oidc-provider is missing")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    callback = f"{world.rt.base_url}/login/outside/back"
    running = subprocess.Popen(
        [node, str(Path(__file__).with_name("provider.mjs")), str(port), callback],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    assert running.stdout is not None
    assert running.stdout.readline().strip() == "ready"
    issuer = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("ONEWINDOW_OIDC_ISSUER", issuer)
    monkeypatch.setenv("ONEWINDOW_OIDC_CLIENT_ID", "onewindow")
    monkeypatch.setenv("ONEWINDOW_OIDC_CLIENT_SECRET", "kept-for-tests-only")
    monkeypatch.setenv("ONEWINDOW_OIDC_NAME", "园区统一认证")
    try:
        yield Provider(issuer)
    finally:
        running.terminate()
        running.wait()
        oidc._documents.clear()


def signed_in(app: Flask, login: str) -> tuple[Any, str]:
    """A browser signed in by password, and the token of its forms."""
    client = app.test_client()
    client.post("/login", data={"login": login, "password": PASSWORD})
    page = client.get("/account").get_data(as_text=True)
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return client, found.group(1)


def linked(app: Flask, provider: Provider, login: str, name: str) -> None:
    client, csrf = signed_in(app, login)
    away = client.post("/account/identities", data={"csrf": csrf}).headers["Location"]
    back = provider.sign_in(away, name)
    assert client.get(back[len("http://localhost:8000") :]).headers["Location"] == "/account"


def path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def test_a_linked_person_signs_in_at_the_provider(world: World, app: Flask, provider: Provider) -> None:
    linked(app, provider, "shencha", "li.shencha")
    client = app.test_client()
    assert "园区统一认证" in client.get("/login").get_data(as_text=True)
    away = client.get("/login/outside?next=/cases").headers["Location"]
    asked = parse_qs(urlsplit(away).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["nonce"] and asked["scope"] == ["openid"]
    came = client.get(path_of(provider.sign_in(away, "li.shencha")))
    assert came.headers["Location"] == "/cases"
    assert "李审查" in client.get("/").get_data(as_text=True)


def test_who_is_not_linked_is_told_so_and_not_let_in(world: World, app: Flask, provider: Provider) -> None:
    client = app.test_client()
    away = client.get("/login/outside").headers["Location"]
    refused = client.get(path_of(provider.sign_in(away, "somebody")))
    assert refused.status_code == 403
    assert "绑定" in refused.get_data(as_text=True)
    assert client.get("/cases").status_code == 302


def test_an_answer_counts_once_and_only_in_the_browser_it_began_in(
    world: World, app: Flask, provider: Provider
) -> None:
    linked(app, provider, "shencha", "li.shencha")
    client = app.test_client()
    back = path_of(provider.sign_in(client.get("/login/outside").headers["Location"], "li.shencha"))
    assert app.test_client().get(back).status_code == 403, "another browser brought it"
    client = app.test_client()
    back = path_of(provider.sign_in(client.get("/login/outside").headers["Location"], "li.shencha"))
    assert client.get(back).status_code == 302
    assert client.get(back).status_code == 403, "the same answer again"


def test_an_identity_belongs_to_one_person_and_can_be_untied(world: World, app: Flask, provider: Provider) -> None:
    linked(app, provider, "shencha", "li.shencha")
    client, csrf = signed_in(app, "shencha2")
    away = client.post("/account/identities", data={"csrf": csrf}).headers["Location"]
    assert client.get(path_of(provider.sign_in(away, "li.shencha"))).status_code == 409
    owner, csrf = signed_in(app, "shencha")
    page = owner.get("/account").get_data(as_text=True)
    assert "li.shencha" in page
    owner.post("/account/identities/drop", data={"csrf": csrf, "issuer": provider.issuer, "subject": "li.shencha"})
    client = app.test_client()
    away = client.get("/login/outside").headers["Location"]
    assert client.get(path_of(provider.sign_in(away, "li.shencha"))).status_code == 403


def test_a_token_with_another_nonce_or_a_wrong_secret_lets_nobody_in(
    world: World, app: Flask, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked(app, provider, "shencha", "li.shencha")
    client = app.test_client()
    back = path_of(provider.sign_in(client.get("/login/outside").headers["Location"], "li.shencha"))
    with world.rt.db.transaction() as conn:
        conn.execute(update(factors.LoginState).values(nonce="another"))
    assert client.get(back).status_code == 403
    back = path_of(provider.sign_in(client.get("/login/outside").headers["Location"], "li.shencha"))
    monkeypatch.setenv("ONEWINDOW_OIDC_CLIENT_SECRET", "wrong")
    assert client.get(back).status_code == 403


def test_without_a_provider_there_is_no_such_door(app: Flask) -> None:
    assert app.test_client().get("/login/outside").status_code == 404
