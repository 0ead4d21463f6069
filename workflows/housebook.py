"""The record of the house (系统留痕): who changed bodies, powers, accounts, roles, and published what.

One chain for the installation, built like the record of a case: append-only, each line holds the hash
of the line before. Lines are rare (administration, not casework), so one lock for all of them is no
burden. Secrets never enter it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, func, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base
from workflows import events
from workflows.commands import Step

NAME = "house"
# The name of the lock that orders the lines: any number that nothing else in the program uses.
_LOCK = 8_417_203


class HouseLine(Base):
    """One line of the record of the house."""

    __tablename__ = "house_line"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    at: Mapped[datetime]
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str]
    data: Mapped[dict[str, Any]]
    prev_hash: Mapped[bytes]
    hash: Mapped[bytes]


def record(step: Step, kind: str, **data: Any) -> None:
    """Add a line in the transaction of the step; the last lock a step takes."""
    step.conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    last = step.conn.execute(select(HouseLine.seq, HouseLine.hash).order_by(HouseLine.seq.desc()).limit(1)).first()
    chain = events.Chain(events.NO_CASE, last.seq if last else 0, bytes(last.hash) if last else events.GENESIS, [])
    chain.append(kind, at=step.now, actor=step.actor, **data)
    columns = {column.name for column in HouseLine.__table__.columns}
    step.conn.execute(insert(HouseLine), [{k: v for k, v in line.items() if k in columns} for line in chain.lines])


def lines(conn: Connection, offset: int = 0, limit: int = 100) -> tuple[int, list[dict[str, Any]]]:
    """How many lines there are, and a page of them, newest first."""
    total = conn.scalar(select(func.count()).select_from(HouseLine)) or 0
    rows = conn.execute(select(HouseLine.__table__).order_by(HouseLine.seq.desc()).offset(offset).limit(limit))
    return total, [dict(row) for row in rows.mappings()]


def verify(conn: Connection) -> Iterator[events.Fault]:
    """Walk the chain and yield every fault; a cut-off end shows only against a line noted elsewhere."""
    rows = conn.execute(select(HouseLine.__table__).order_by(HouseLine.seq)).mappings()
    last = conn.scalar(select(func.max(HouseLine.seq))) or 0
    yield from events.verify_lines(NAME, _as_events(dict(row) for row in rows), last)


def _as_events(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield {**row, "case_id": events.NO_CASE, "body_name": "", "element": None}
