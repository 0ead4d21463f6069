"""Permits as pages and API show them: with their changes, the terms they have had, and what can be done about the next one."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection

from registers import permits, renewals
from registers.accounts import Actor
from registers.errors import NotFound
from web.i18n import gettext
from workflows import renewalwork
from workflows.runtime import Runtime


def listing(conn: Connection, rt: Runtime, actor: Actor) -> list[dict[str, Any]]:
    """The permits of one's enterprise, or those that the bodies one works for decided."""
    return told(conn, rt, permits.of_parties(conn, actor.enterprise_id, sorted(actor.case_body_ids)))


def one(conn: Connection, rt: Runtime, actor: Actor, permit_id: uuid.UUID) -> dict[str, Any]:
    """One of them; raises NotFound."""
    found = permits.of_parties(conn, actor.enterprise_id, sorted(actor.case_body_ids), permit_id=permit_id)
    if not found:
        raise NotFound("没有这项许可，或您无权查看。", "There is no such permit, or it is not yours to see.")
    return told(conn, rt, found)[0]


def told(conn: Connection, rt: Runtime, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Permits with their versions, newest first, and with their outlook: by when a renewal is to be asked for."""
    known = renewals.versions(conn, [row["id"] for row in rows])
    ahead = renewalwork.outlook(conn, rt.reference.get(conn), rows, rt.time.today())
    return [{**row, "versions": known.get(row["id"], []), "renewal": ahead.get(row["id"])} for row in rows]


def statuses() -> dict[str, str]:
    """What the states of a permit are called."""
    return {
        "valid": gettext("有效"),
        "superseded": gettext("已被替代"),
        "cancelled": gettext("已注销"),
        "expired": gettext("已到期"),
    }
