"""Commands: the shape every change of a case has.

A command is a function `f(step, **arguments) -> dict` registered under a name. `run` opens the one
transaction, claims the idempotency key, lets the function work on a `Step`, stores the answer under
the key and commits. A repeated request with the same key gets the stored answer and changes nothing;
the same key with another request is refused. Tests walk `COMMANDS`, so a new command is covered by
the crash-point harness without anybody remembering it.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

import orjson
from sqlalchemy import Connection

from registers import accounts
from registers.accounts import Actor, Bearer
from registers.db import eyes
from registers.errors import Conflict, DomainError
from registers.hotpath import send
from workflows import statements
from workflows.runtime import Runtime

Answer = dict[str, Any]


class Unsaved(Protocol):
    """A case whose changes are still to be written."""

    def write(self, settled: dict[str, Any]) -> None: ...


class Proof:
    """An argument that shows how a request was authorised. It is no part of what is asked: a repeated request carries
    another one, or none, and is still the same request."""


@dataclass
class Step:
    """What a command works with: the running transaction, who acts, and when."""

    rt: Runtime
    conn: Connection
    actor: Actor
    command: str
    now: datetime
    today: date
    locked: Any = None  # the task and its case, when the command's first statement took them
    unsaved: dict[uuid.UUID, Unsaved] = field(default_factory=dict)

    def finish(self, identity: dict[str, str], response: str) -> None:
        """Write what the command left unsaved and its answer; with one case (the rule) in one statement."""
        settled = {"settled": True, "response": response, "key_actor": identity["actor"], "key": identity["key"]}
        runs = list(self.unsaved.values())
        for run in runs[1:]:
            run.write({})
        if runs:
            runs[0].write(settled)
        else:
            send(self.conn, statements.SETTLE, {**identity, "response": response})


@dataclass(frozen=True)
class Command:
    """A registered command."""

    name: str
    function: Callable[..., Answer]
    on_task: bool = False  # it works on the task named by its argument `task_id`

    def __call__(self, rt: Runtime, who: Actor | Bearer, key: str | None = None, /, **arguments: Any) -> Answer:
        """Carry the command out once for this person and key; raises DomainError when it cannot be."""
        key = key or str(uuid.uuid4())
        asked = {name: value for name, value in arguments.items() if not isinstance(value, Proof)}
        request = to_json([self.name, asked])
        if "\\u0000" in request:
            raise DomainError(
                "control_character",
                "内容含有不可用的控制字符，请删除后重试。",
                "The content has a control character that cannot be stored; remove it and try again.",
            )
        fingerprint = hashlib.sha256(request.encode("utf-8", "surrogatepass")).digest()
        if len(key) > 200:
            raise DomainError("idempotency_key", "幂等键过长。", "The idempotency key is too long.", status=400)
        now = rt.time.now()
        claim = {"key": key, "command": self.name, "hash": fingerprint, "now": now}
        if self.on_task:
            claim["task_id"] = arguments["task_id"]
        with _claimed(rt, who, claim) as (conn, actor, row):
            identity = {"actor": _name(actor), "key": key}
            if row.key is None:
                return _stored_answer(conn, identity, fingerprint)
            step = Step(rt, conn, actor, self.name, now, rt.time.today(), row if self.on_task else None)
            answer = self.function(step, **arguments)
            response = to_wire(answer)
            step.finish(identity, response)
        return json.loads(response)  # type: ignore[no-any-return]


@contextmanager
def _claimed(rt: Runtime, who: Actor | Bearer, claim: dict[str, Any]) -> Iterator[tuple[Connection, Actor, Any]]:
    """The transaction of a command: who acts in it, and the row of its first statement (no `key`: it is not new)."""
    of_task = "task_id" in claim
    if isinstance(who, Bearer):
        opening = {**claim, **accounts.opening_by_token(who, claim["now"], rt.time.today())}
        statement = statements.CLAIM_TASK_BY_TOKEN if of_task else statements.CLAIM_BY_TOKEN
        with rt.db.transaction_by(statement, opening) as (conn, row):
            if row is None:
                raise accounts.token_refused()
            yield conn, accounts.actor_of(row.person), row
    else:
        opening = {**claim, "actor": _name(who), **eyes(who.scope)}
        with rt.db.transaction_by(statements.CLAIM_TASK if of_task else statements.CLAIM, opening) as (conn, row):
            yield conn, who, row


def _name(actor: Actor) -> str:
    return str(actor.id or actor.login or "anonymous")


COMMANDS: dict[str, Command] = {}


def command(name: str, *, on_task: bool = False) -> Callable[[Callable[..., Answer]], Command]:
    """Register a function as the command `name`; `on_task` when it works on the task named by `task_id`."""

    def register(function: Callable[..., Answer]) -> Command:
        made = Command(name, function, on_task)
        COMMANDS[name] = made
        return made

    return register


def to_json(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces; Decimal, dates and identifiers as text."""
    return _ENCODER.encode(value)


def to_wire(value: Any) -> str:
    """The same JSON values as `to_json`, several times faster, for what is stored or sent and never hashed.

    Numbers may be spelt in another way, so a hash is always taken of `to_json`.
    """
    try:
        return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # numbers beyond 64 bits and broken characters are beyond it
        return to_json(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (set, frozenset, tuple)):
        return sorted(value) if isinstance(value, (set, frozenset)) else list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


_ENCODER = json.JSONEncoder(default=_plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _stored_answer(conn: Connection, identity: dict[str, str], fingerprint: bytes) -> Answer:
    row = send(conn, statements.STORED_ANSWER, identity)
    if row is None or bytes(row.request_hash) != fingerprint:
        raise Conflict(
            "idempotency_key_reused",
            "该请求编号已用于另一项操作，请刷新页面后重试。",
            "This idempotency key was used for a different request. Reload the page and try again.",
            status=422,
        )
    answer: Answer = row.response
    return answer
