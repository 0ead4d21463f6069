"""Limits, calendar and house rules at hand: the registers every step reads, held in memory and never stale.

The database counts every change of the limit table, the imported calendar years and the house rules in
`register_stamp` (triggers in the migration). The statement that locks a case brings that count along,
so a step knows without an extra round trip whether what it holds is still true.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Mapped, mapped_column

from registers import calendar_years, house, limits
from registers.db import Base
from registers.parties import Body
from workflows.calendars import Due, WorkCalendar


class RegisterStamp(Base):
    """How often a register has changed."""

    __tablename__ = "register_stamp"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]


STAMP_SQL = "(SELECT coalesce(sum(version), 0) FROM register_stamp)"
_STAMP = text(f"SELECT {STAMP_SQL}")


@dataclass
class Reference:
    """Calendar, limit rules and house rules as of one stamp."""

    stamp: int
    calendar: WorkCalendar
    house: Mapping[str, int] = field(
        default_factory=lambda: {key: rule.value for key, rule in house.built_in().items()}
    )
    rules: dict[tuple[str, date, str | None], limits.LimitRule] = field(default_factory=dict)
    bodies: dict[uuid.UUID, str] = field(default_factory=dict)

    def rule(self, conn: Connection, code: str, on: date, body_code: str | None = None) -> limits.LimitRule:
        """The version of a limit in force on a date, as a body counts and promises it."""
        key = (code, on, body_code)
        if key not in self.rules:
            self.rules[key] = limits.rule(conn, code, on, body_code)
        return self.rules[key]

    def body_code(self, conn: Connection, body_id: uuid.UUID | None) -> str | None:
        """The code of a body, which never changes."""
        if body_id is not None and body_id not in self.bodies:
            self.bodies[body_id] = conn.scalar(select(Body.code).where(Body.id == body_id)) or ""
        return self.bodies[body_id] if body_id is not None else None

    def due(self, conn: Connection, code: str, start: date, body_code: str | None = None) -> Due:
        """The last day of a limit that runs from a date, as the body concerned counts it."""
        found = self.rule(conn, code, start, body_code)
        return self.calendar.due(start, found.limit, found.unit, found.count_start, found.backward)


@dataclass
class ReferenceCache:
    """The reference data a process holds."""

    _held: Reference | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def apart(self) -> ReferenceCache:
        """A cache of its own that begins with what this one holds and gives nothing back: for a rehearsal."""
        held = self._held
        return ReferenceCache(None if held is None else Reference(held.stamp, held.calendar, held.house))

    @property
    def house(self) -> Mapping[str, int]:
        """The house rules this process last saw."""
        held = self._held
        return held.house if held is not None else {key: rule.value for key, rule in house.built_in().items()}

    def get(self, conn: Connection, stamp: Any = None) -> Reference:
        """Reference data that is true at the given stamp (asked for when it is not at hand)."""
        current = int(stamp if stamp is not None else conn.scalar(_STAMP) or 0)
        with self._lock:
            held = self._held
        if held is not None and held.stamp == current:
            return held
        made = Reference(current, WorkCalendar(calendar_years.load_all(conn)), house.values(conn))
        with self._lock:
            self._held = made
        return made
