"""Handing in a task over HTTP: one that is signed is sealed first, by what the signer says at that moment."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from flask import request
from sqlalchemy import Connection

from registers.errors import Forbidden, NotFound
from web import views
from web.context import actor, idempotency_key, reading, run, runtime
from web.i18n import gettext
from web.words import in_language
from workflows import access, cases, compiling, seals, separate, signatures, signing, worklist
from workflows.commands import Answer


def complete(task_id: uuid.UUID, data: dict[str, Any], said: Mapping[str, str] | None = None) -> Answer:
    """Hand a task in; with `said` (what a signer is asked for) it is signed where its model says so.

    The seal is no part of the request: repeated under the same key it gets the first answer, signed or not.
    """
    seal = _sealed(task_id, data, said) if said is not None else None
    given = {"seal": seal} if seal is not None else {}
    return run(cases.complete, task_id=task_id, data=data, **given)


def foretell(task_id: uuid.UUID, data: dict[str, Any]) -> signing.Foretold | None:
    """What would be signed with these answers; None when nothing would, or the task is no longer open."""
    with reading() as conn:
        found = worklist.task(conn, actor(), task_id)
    if found["status"] != "open":
        return None
    if not access.may_work_on(actor(), found):
        raise Forbidden("这项待办不由您办理。", "This task is not yours to do.")
    return signing.foretell(runtime(), actor(), found, data)


def letters_shown(foretold: signing.Foretold) -> list[dict[str, Any]]:
    """The letters that the signed step would make, as far as the signer may read them: title and text."""
    with reading() as conn:
        away = separate.hidden(conn, actor(), foretold.case_id)
    return [
        {"letter": one["kind"], "title": one["title"], "blocks": foretold.read(one)}
        for one in foretold.letters
        if separate.shows_letter(away, one)
    ]


def asked() -> list[seals.Ask]:
    """What the person behind this request is asked for when signing."""
    return list(seals.chosen().asks(runtime(), actor()))


def described() -> dict[str, Any]:
    """How one signs here, for the API."""
    adapter = seals.chosen()
    return {
        "method": adapter.name,
        "title": dict(adapter.title),
        "asks": [{"name": one.name, "label": dict(one.label), "secret": one.secret} for one in asked()],
    }


def of_case(conn: Connection, case_id: uuid.UUID, definition_id: uuid.UUID) -> list[dict[str, Any]]:
    """The signatures of a case that the person may see; the caller has checked the case."""
    compiled, away = compiling.compiled(runtime(), conn, definition_id), separate.hidden(conn, actor(), case_id)
    found = signatures.of_case(conn, case_id)
    return [
        {**one, "method_title": method_title(one["method"])}
        for one in found
        if not separate.is_hidden(compiled, away, one["element"])
    ]


def found(conn: Connection, signature_id: uuid.UUID) -> dict[str, Any]:
    """A signature with the verdict on it: `unchanged`, and if not, what has changed. NotFound."""
    row = signatures.one(conn, actor(), signature_id)
    compiled = compiling.compiled(runtime(), conn, row["definition_id"])
    away = separate.hidden(conn, actor(), row["case_id"])
    if separate.is_hidden(compiled, away, row["element"]):
        raise NotFound("没有这份签名，或您无权查看。", "There is no such signature, or it is not yours to see.")
    said = json.loads(bytes(row["document"]))
    said["answers"] = separate.own_data(compiled, away, compiled.form_of(row["element"]), said["answers"])
    changed = signatures.check(conn, runtime().files_root, compiled, row)
    let_out = [one for one in signatures.let_out(conn, row) if separate.shows_letter(away, one)]
    if away and row["signer_id"] != actor().id:
        row["document"] = b""  # it says what the other deciding body had before it
    return {
        **row,
        "unchanged": not changed,
        "changed": changed,
        "said": said,
        "let_out": [{key: one[key] for key in ("id", "title", "number", "sha256")} for one in let_out],
        "method_title": method_title(row["method"]),
    }


def signature_document(row: Mapping[str, Any]) -> dict[str, Any]:
    """A signature as the API shows it, with the text of what was signed."""
    left_out = ("definition_id", "evidence", "method_title", "document", "said")
    result: dict[str, Any] = views.plain({key: value for key, value in row.items() if key not in left_out})
    return {**result, "document": bytes(row["document"]).decode() or None}


def method_title(name: str) -> str:
    """The name of a way of signing; one whose adapter is gone keeps its code."""
    if name == signatures.REHEARSAL:
        return gettext("试办、演示（未验证身份）")
    known = seals.known(name)
    return in_language((known["zh"], known["en"])) if known else name


def _sealed(task_id: uuid.UUID, data: dict[str, Any], said: Mapping[str, str]) -> signatures.Seal | None:
    idempotency_key()  # a request that cannot be carried out uses up no code
    foretold = foretell(task_id, data)
    if foretold is None:
        return None
    adapter = seals.chosen()
    evidence = seals.sign(runtime(), adapter, seals.with_words(foretold.order, said))
    return signatures.Seal(adapter.name, foretold.order.sha256, evidence, _client())


def _client() -> str:
    return f"{request.remote_addr or ''} {request.user_agent.string}".strip()
