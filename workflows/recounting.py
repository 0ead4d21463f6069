"""Which dates of running cases are others now: clocks, deadlines and notice periods, counted again and compared with what stands.

Nothing is changed here, so the same answer serves the walk over all cases (`recompute`) and the question “what would move?” before a
year is imported.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from registers.timesource import end_of
from workflows import clocks, lights, matters
from workflows.lights import ClockAlarm
from workflows.models import Case, Deadline, Notice, Task
from workflows.reference import Reference


@dataclass(frozen=True)
class Move:
    """A date that is another one now."""

    case_id: uuid.UUID
    number: str
    title: str
    zh: str
    en: str
    old: date
    new: date
    provisional: bool
    enterprise_id: uuid.UUID | None
    body_id: uuid.UUID | None


@dataclass
class Changes:
    """What a batch of cases needs: rows to write, and what moved for people."""

    matters: list[uuid.UUID] = field(default_factory=list)
    alarms: list[dict[str, Any]] = field(default_factory=list)
    deadlines: list[dict[str, Any]] = field(default_factory=list)
    notices: list[dict[str, Any]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)


def compute(conn: Connection, reference: Reference, case_ids: Sequence[uuid.UUID], today: date) -> Changes:
    """What the dates of these cases ought to be, where it differs from what stands."""
    changes = Changes()
    if case_ids:
        cases = {
            row["id"]: row
            for row in conn.execute(
                select(Case.id, Case.number, Case.title, Case.enterprise_id, Case.lead_body_id).where(
                    matters.among(Case.id, list(case_ids))
                )
            ).mappings()
        }
        _clocks(conn, reference, cases, today, changes)
        _deadlines(conn, reference, cases, changes)
        _notices(conn, reference, cases, changes)
    return changes


def _clocks(conn: Connection, reference: Reference, cases: dict[uuid.UUID, Any], today: date, changes: Changes) -> None:
    """The calls of clocks that ought to stand elsewhere; what has rung stays as it was."""
    rows = matters.open_of(conn, list(cases))
    facts = matters.facts(conn, [row["id"] for row in rows]) if rows else {}
    standing: dict[uuid.UUID, list[Any]] = defaultdict(list)
    for alarm in conn.execute(
        select(ClockAlarm.__table__).where(matters.among(ClockAlarm.case_id, list(cases)))
    ).mappings():
        standing[alarm["matter_id"]].append(alarm)
    # Cases that began on one day and were never paused have the same calls: a pure function is asked once.
    plans: dict[Any, list[lights.Alarm]] = {}
    shares = lights.Shares.of(reference.house)
    for row in rows:
        rule = matters.rule_of(conn, reference, row)
        known = facts.get(row["id"], [])
        key = rule.code, rule.valid_from, rule.unit, rule.promised, tuple(map(_counts, known))
        if key not in plans:
            plans[key] = lights.plan(rule, known, reference.calendar, today, shares)
        wanted = plans[key]
        rung = {(item["stage"], item["due_at"]) for item in standing[row["id"]] if item["done_at"] is not None}
        stands = {_shape(item) for item in standing[row["id"]] if item["done_at"] is None}
        ought = {_shape(vars(item)) for item in wanted if (item.stage, item.due_at) not in rung}
        if stands == ought:
            continue
        changes.matters.append(row["id"])
        changes.alarms += [lights.row_of(row, item) for item in wanted]
        old = max((item["due_on"] for item in standing[row["id"]] if item["due_on"]), default=None)
        new = next((item for item in wanted if item.stage == "overdue"), None)
        if old is not None and new is not None and new.due_on is not None and new.due_on != old:
            zh, en = matters.MATTER_TITLES.get(row["kind"], (row["kind"], row["kind"]))
            words = (f"{zh}法定期限", f"Statutory date of {en}")
            changes.moves.append(
                _move(cases[row["case_id"]], words, old, new.due_on, new.provisional, row["body_id"], True)
            )


def _counts(fact: clocks.Fact) -> tuple[Any, ...]:
    return fact.kind, fact.on, fact.until, fact.reason if fact.kind != "extended" else "", fact.days


def _shape(alarm: Any) -> tuple[Any, ...]:
    return alarm["stage"], alarm["due_at"], alarm["due_on"], alarm["provisional"]


def _deadlines(conn: Connection, reference: Reference, cases: dict[uuid.UUID, Any], changes: Changes) -> None:
    """The due dates of open deadlines that a limit rule counts otherwise now."""
    rows = conn.execute(
        select(Deadline.__table__, Task.name, Task.body_id, Task.enterprise_id)
        .outerjoin(Task, Task.id == Deadline.waiting_id)
        .where(
            matters.among(Deadline.case_id, list(cases)),
            Deadline.done_at.is_(None),
            Deadline.rule.is_not(None),
            Deadline.start_on.is_not(None),
            Deadline.due_on.is_not(None),
        )
    ).mappings()
    for row in rows:
        body_id = row["body_id"] or cases[row["case_id"]]["lead_body_id"]
        due = reference.due(conn, row["rule"], row["start_on"], reference.body_code(conn, body_id))
        if (due.date, due.provisional) == (row["due_on"], row["provisional"]):
            continue
        changes.deadlines.append(
            {
                "id": row["id"],
                "task": row["waiting_id"],
                "due_on": due.date,
                "provisional": due.provisional,
                "due_at": end_of(due.date),
            }
        )
        if due.date != row["due_on"]:
            name = row["name"] or row["element"]
            of_enterprise = row["enterprise_id"] is not None or row["name"] is None
            words = (f"“{name}”期限", f"Due date of “{name}”")
            changes.moves.append(
                _move(
                    cases[row["case_id"]],
                    words,
                    row["due_on"],
                    due.date,
                    due.provisional,
                    row["body_id"],
                    of_enterprise,
                )
            )


def _notices(conn: Connection, reference: Reference, cases: dict[uuid.UUID, Any], changes: Changes) -> None:
    """The last days of open notices that a limit rule counts otherwise now."""
    rows = conn.execute(
        select(Notice.__table__).where(
            matters.among(Notice.case_id, list(cases)),
            Notice.closed_at.is_(None),
            Notice.rule.is_not(None),
            Notice.until_on.is_not(None),
        )
    ).mappings()
    for row in rows:
        due = reference.due(conn, row["rule"], row["from_on"])
        if due.date != row["until_on"]:
            changes.notices.append({"id": row["id"], "until_on": due.date})
            words = (f"公示“{row['title']}”截止日", f"End of the notice “{row['title']}”")
            changes.moves.append(
                _move(cases[row["case_id"]], words, row["until_on"], due.date, due.provisional, row["body_id"], True)
            )


def _move(
    case: Any,
    words: tuple[str, str],
    old: date,
    new: date,
    provisional: bool,
    body_id: uuid.UUID | None,
    enterprise_too: bool,
) -> Move:
    """A date that moves, and whom it concerns: the body, and the enterprise where the date is also its."""
    return Move(
        case["id"],
        case["number"],
        case["title"],
        *words,
        old,
        new,
        provisional,
        case["enterprise_id"] if enterprise_too else None,
        body_id or case["lead_body_id"],
    )
