"""What a view may reach: the runtime, the person behind the request, and a transaction for reading."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request
from sqlalchemy import Connection

from registers import accounts
from registers.accounts import ANONYMOUS, Actor, Bearer
from registers.errors import DomainError
from workflows.commands import Answer, Command
from workflows.deadlines import Alarm
from workflows.runtime import Runtime


@dataclass(frozen=True)
class Bound:
    """What is attached to the application."""

    rt: Runtime
    alarm: Alarm | None


def bind(app: Flask, rt: Runtime, alarm: Alarm | None) -> None:
    """Attach the runtime to the application."""
    app.extensions["onewindow"] = Bound(rt, alarm)


def bound() -> Bound:
    """What `bind` attached."""
    found: Bound = current_app.extensions["onewindow"]
    return found


def runtime() -> Runtime:
    """The runtime of this application."""
    return bound().rt


def actor() -> Actor:
    """The person behind this request; raises DomainError when its token is not valid."""
    if "actor" not in g:
        g.actor = ANONYMOUS
        bearer = credential()
        if bearer is not None:
            rt = runtime()
            with rt.db.glance() as conn:
                known = accounts.actor_by_token(conn, bearer.token, rt.time.now(), rt.time.today())
            if known is None:
                raise accounts.token_refused()
            g.actor = known
    found: Actor = g.actor
    return found


def credential() -> Bearer | None:
    """The token of a program that has not been looked up: `actor` does so, or the command it is for."""
    found: Bearer | None = g.get("credential")
    return found


@contextmanager
def reading() -> Iterator[Connection]:
    """A transaction that sees what the person may see."""
    with runtime().db.transaction(actor().scope) as conn:
        yield conn


def idempotency_key() -> str:
    """The key of this request: the header of the API, the hidden field of a page's form.

    Without one a request is carried out, but its repetition would be carried out again; the API
    therefore demands it.
    """
    key = request.headers.get("Idempotency-Key") or request.form.get("idempotency_key")
    if not key:
        raise DomainError(
            "idempotency_key_missing",
            "请求缺少Idempotency-Key（为每次操作生成一个唯一编号，重试时沿用）。",
            "The request has no Idempotency-Key: make one unique key per action and keep it when retrying.",
            status=400,
        )
    return key


def run(command: Command, **arguments: Any) -> Answer:
    """Carry out a command for the person behind this request under the request's key."""
    bearer = credential()
    if bearer is None or "actor" in g:
        return command(runtime(), actor(), idempotency_key(), **arguments)
    try:
        return command(runtime(), bearer, idempotency_key(), **arguments)
    except DomainError as error:
        if error.code == accounts.TOKEN_REFUSED:
            g.actor = ANONYMOUS
        raise


def new_key() -> str:
    """A fresh key for a form about to be shown."""
    return str(uuid.uuid4())
