"""What a clock costs: one reading with its derivation, and all open clocks counted anew after a calendar import.

The recount is the program's own (`recompute.work`): every clock of the measured installation runs across the New
Year whose holidays are imported, so every date moves, is written, recorded and told. Progress goes to stderr.
"""

from __future__ import annotations

import sys
import threading
import time
import uuid
from datetime import date
from typing import Any

from sqlalchemy import func, select, text

from bench import house
from registers.limits import built_in
from registers.timesource import FixedTime
from workflows import calendaring, clocks, recompute
from workflows.calendars import WorkCalendar
from workflows.clocks import Fact
from workflows.notify import Message
from workflows.recompute import Recomputation
from workflows.runtime import Runtime

COUNT = 100_000
READINGS = 2000
TODAY = date(2026, 12, 20)
# A made-up arrangement: New Year's Day with a make-up Saturday at the end of the month.
DAYS = {"2027-01-01": "off", "2027-01-02": "off", "2027-01-03": "off", "2027-01-30": "work"}


def main(quick: bool) -> list[dict[str, Any]]:
    """Measure; returns the rows of the table."""
    return [*_readings(), _recount(COUNT // 20 if quick else COUNT)]


def _readings() -> list[dict[str, Any]]:
    calendar, start = WorkCalendar(), date(2025, 1, 6)
    pauses = [Fact("paused", date(2025, 1, day), reason="hearing") for day in (8, 15)]
    pauses += [Fact("resumed", date(2025, 1, day), reason="hearing") for day in (10, 22)]
    rows = []
    for name, code, facts in (
        ("20 working days", "licence.decide", []),
        ("20 working days, two pauses", "licence.decide", pauses),
        ("60 days", "eia.report.decide", []),
    ):
        rule, known = built_in(code, start), [Fact("started", start), *facts]
        begun = time.perf_counter()
        for _ in range(READINGS):
            clocks.read(rule, known, calendar, date(2025, 1, 24))
        each = (time.perf_counter() - begun) / READINGS
        rows.append({"clocks": f"reading with derivation: {name}", "count": READINGS, "ms each": round(each * 1000, 3)})
    return rows


def _recount(count: int) -> dict[str, Any]:
    with house.installation(FixedTime.on(TODAY)) as (place, rt):
        house.copies(rt, house.one_case(rt, "licence.decide"), count, spread=10)
        _settle(rt)
        house.tidy(place)
        said = {"year": 2027, "source": "bench", "days": DAYS}
        calendaring.import_year(rt, house.person(rt, "xitong"), str(uuid.uuid4()), **said)
        over = threading.Event()
        shown = threading.Thread(target=_show, args=(rt, over))
        shown.start()
        begun = time.perf_counter()
        gone = recompute.work(rt)
        took = time.perf_counter() - begun
        over.set()
        shown.join()
        with rt.db.transaction() as conn:
            moved = conn.scalar(select(func.max(Recomputation.moved)))
            told = conn.scalar(select(func.count()).select_from(Message))
    return {
        "clocks": "recount after a calendar import",
        "count": gone,
        "seconds": round(took, 1),
        "a second": round(gone / took),
        "dates moved": moved,
        "messages": told,
        "ms each": round(took / gone * 1000, 3),
    }


def _settle(rt: Runtime) -> None:
    """The copies' calls are those of the original until they are counted once; nobody is told of that."""
    with rt.db.transaction() as conn:
        conn.execute(text("SET LOCAL statement_timeout = 0"))
        conn.execute(text("DELETE FROM clock_alarm"))
        conn.execute(text("UPDATE deadline SET done_at = now()"))
        values = {"id": uuid.uuid4(), "reason": '{"zh": "", "en": ""}', "now": rt.time.now()}
        conn.execute(
            text(
                "INSERT INTO recomputation (id, reason, requested_at, total) VALUES (:id, CAST(:reason AS jsonb), :now, 0)"
            ),
            values,
        )
    recompute.work(rt)


def _show(rt: Runtime, over: threading.Event) -> None:
    while not over.wait(5):
        with rt.db.transaction() as conn:
            row = recompute.recent(conn, 1)[0]
        sys.stderr.write(f"recount: {row['done']} of {row['total']} cases, {row['moved']} dates moved\n")
