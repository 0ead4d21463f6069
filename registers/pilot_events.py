"""Events that may cost a pilot its place (取消资格的情形): entered when they become known, open until they are settled."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from registers.db import uuid7
from registers.errors import Conflict, NotFound
from registers.pilot_tables import PilotEvent

OUTCOMES: dict[str, tuple[str, str]] = {
    "dismissed": ("不构成取消资格的情形", "no ground for disqualification"),
    "disqualified": ("取消试点资格", "disqualified"),
}


def enter(
    conn: Connection,
    pilot_id: uuid.UUID,
    *,
    on: date,
    ground: str,
    said: str,
    document: str,
    by: str,
    now: datetime,
) -> uuid.UUID:
    """Enter an event with its day, ground and evidence."""
    made = uuid7()
    facts = {"on_date": on, "ground": ground, "said": said[:4000], "document": document[:500]}
    conn.execute(insert(PilotEvent).values(id=made, pilot_id=pilot_id, entered_by=by, at=now, **facts))
    return made


def settle(
    conn: Connection, pilot_id: uuid.UUID, event_id: uuid.UUID, *, outcome: str, settling: str, by: str, on: date
) -> dict[str, Any]:
    """Say what became of an event, once; returns the event."""
    mine = (PilotEvent.id == event_id, PilotEvent.pilot_id == pilot_id)
    row = conn.execute(select(PilotEvent.__table__).where(*mine).with_for_update()).mappings().first()
    if row is None:
        raise NotFound("没有这个情形。", "There is no such event.")
    if row["outcome"] is not None:
        raise Conflict("event_settled", "该情形已处理。", "This event is settled.")
    values = {"outcome": outcome, "settling": settling[:4000], "settled_by": by, "settled_on": on}
    conn.execute(update(PilotEvent).where(*mine).values(**values))
    return dict(row)


def of_pilot(conn: Connection, pilot_id: uuid.UUID, limit: int = 200) -> list[dict[str, Any]]:
    """The events of a pilot, newest first."""
    query = select(PilotEvent.__table__).where(PilotEvent.pilot_id == pilot_id)
    rows = conn.execute(query.order_by(PilotEvent.on_date.desc(), PilotEvent.at.desc()).limit(limit))
    return [dict(row) for row in rows.mappings()]


def open_count(conn: Connection, pilot_id: uuid.UUID) -> int:
    """How many events of a pilot are not settled."""
    query = select(func.count()).where(PilotEvent.pilot_id == pilot_id, PilotEvent.outcome.is_(None))
    return conn.scalar(query) or 0
