"""One clock as pages and API show it."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection

from registers.accounts import Actor
from registers.errors import NotFound
from web import views
from workflows import access, holding, matters, separate, worklist
from workflows.runtime import Runtime


def clock(conn: Connection, rt: Runtime, actor: Actor, case_id: uuid.UUID, kind: str) -> dict[str, Any]:
    """A matter's clock, its facts, and in whose hands the case was; NotFound when it is not to be seen."""
    case = access.visible_case(conn, actor, case_id)
    away = separate.hidden(conn, actor, case_id)
    found = next((item for item in views.clocks(conn, rt, case_id, away) if item.matter["kind"] == kind), None)
    if found is None:
        raise NotFound("案件中没有这个事项。", "The case has no such matter.")
    now = rt.time.now()
    stretches = holding.spans(worklist.tasks_of_case(conn, case_id), case["opened_at"], case["closed_at"], now)
    return {
        "case": case,
        "clock": found,
        "facts": matters.facts(conn, [found.matter["id"]])[found.matter["id"]],
        "spans": stretches,
        "days": holding.days(stretches, now),
        "today": rt.time.today(),
    }


def document(found: dict[str, Any]) -> dict[str, Any]:
    """The same as plain data."""
    result: dict[str, Any] = views.plain(
        {
            "case": found["case"]["number"],
            **views.matter_document(found["clock"]),
            "facts": [vars(fact) for fact in found["facts"]],
            "holding": [vars(span) for span in found["spans"]],
            "days": found["days"],
            "as_of": found["today"],
        }
    )
    return result
