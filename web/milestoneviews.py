"""Milestones as pages and the API show them."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection

from registers import milestones
from registers.accounts import Actor
from workflows import milestonedates, milestoning, separate
from workflows.runtime import Runtime


def document(conn: Connection, rt: Runtime, actor: Actor, owner_kind: str, owner_id: uuid.UUID) -> dict[str, Any]:
    """The milestones of an owner this person may see, with the log of revisions."""
    milestoning.see(conn, actor, owner_kind, owner_id)
    away = separate.hidden(conn, actor, owner_id) if owner_kind == "case" else frozenset()
    closed = {f"{milestonedates.CLOCK}{kind}" for kind in away}
    hidden = ("owner_kind", "owner_id", "case_id", "actor_id")
    return {
        "milestones": [
            {**vars(point), "statutory": point.statutory, "slip": point.slip}
            for point in milestoning.points(conn, rt, owner_kind, owner_id)
            if point.key not in closed
        ],
        "revisions": [
            {key: value for key, value in row.items() if key not in hidden}
            for row in milestones.revisions(conn, owner_kind, owner_id)
        ],
        "may_plan": milestoning.may_plan(conn, actor, owner_kind, owner_id),
    }
