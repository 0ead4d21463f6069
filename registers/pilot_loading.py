"""Loads what the source documents say of programmes, parks and pilots into the register, once: what is there stays as it is.

Dates, odd wordings and gaps are taken as the documents have them, with a note, and nothing is repaired.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from registers.laws import DATA
from registers.pilot_states import first_day, last_day
from registers.pilot_tables import (
    Park,
    Pilot,
    Programme,
)
from registers.pilots import create, enter_tasks


@cache
def documents() -> dict[str, Any]:
    """What the source documents say: programmes, parks, pilots, catalogues of measures."""
    found: dict[str, Any] = json.loads((DATA / "pilots.json").read_text(encoding="utf-8"))
    return found


def measures(catalogue: str = "") -> list[dict[str, Any]]:
    """The measures of a catalogue (`js2019`, `sx16`), or all."""
    return [one for one in documents()["measures"] if catalogue in ("", one["set"])]


def load(conn: Connection, *, now: datetime, by: tuple[uuid.UUID | None, str]) -> dict[str, int]:
    """Enter programmes, parks and pilots of the documents that are not there yet; what is there is not touched."""
    given = documents()
    _programmes(conn, given["programmes"])
    _parks(conn, given["parks"], now)
    known = set(conn.scalars(select(Pilot.code)))
    fresh = [one for one in given["pilots"] if one["code"] not in known]
    tasks = 0
    for one in fresh:
        deadline = last_day(one.get("deadline", ""))
        pilot_id = create(
            conn,
            code=one["code"],
            programme=one["programme"],
            title=one["title"],
            city=one["city"],
            lead=one["lead"],
            source=one["source"],
            now=now,
            park_code=one.get("park"),
            supporting=one["supporting"],
            notes=one.get("notes", []),
            facts=one.get("facts", {}),
            deadline_on=deadline,
        )
        enter_tasks(conn, pilot_id, one["tasks"], now=now, by=by)
        tasks += len(one["tasks"])
    return {"pilots": len(fresh), "tasks": tasks}


def _programmes(conn: Connection, given: Iterable[dict[str, Any]]) -> None:
    rows = [
        {
            **{key: one[key] for key in ("code", "title", "source", "notes", "grounds")},
            "first_on": first_day(one["first"] or ""),
            "last_on": last_day(one["last"] or ""),
            "position": position,
        }
        for position, one in enumerate(given)
    ]
    conn.execute(upsert(Programme).on_conflict_do_nothing(), rows)


def _parks(conn: Connection, given: Iterable[dict[str, Any]], now: datetime) -> None:
    empty: dict[str, Any] = {"infrastructure": [], "negative_list": [], "planning_eia": {}, "changed_at": now}
    conn.execute(upsert(Park).on_conflict_do_nothing(), [{**empty, **one} for one in given])
