"""What a case waits for, brought in line with the engine: open tasks with their limits, deadlines, incidents.

Nothing is written here but incidents, which are rare: what opens and closes is put into `CaseRun.writes` and goes with the one
statement of the step. The rows of a task and of a deadline are made here alone.
"""

from __future__ import annotations

import traceback
import uuid
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from registers import parties
from registers.db import uuid7
from registers.errors import DomainError
from registers.timesource import end_of
from workflows import calendars, engine, expressions, notify
from workflows.commands import to_wire
from workflows.models import Incident

if TYPE_CHECKING:
    from workflows.caserun import CaseRun


def reconcile(run: CaseRun, outcome: engine.Outcome, done: uuid.UUID | None) -> None:
    """Open what the engine now waits for, and close what it waits for no longer; `done` is the task that was handed in."""
    waiting = {uuid.UUID(item.id): item for item in outcome.waiting}
    _tasks(run, waiting, done)
    _deadlines(run, waiting)
    _incidents(run, outcome.parked)


def task_row(run: CaseRun, key: uuid.UUID, item: engine.Waiting, opened_on: date | None = None) -> dict[str, Any]:
    """The row of a task; its limit counts from the day it was opened (today when none is given)."""
    element = item.element
    role = run.compiled.role_of(element)
    of_enterprise = role in parties.ENTERPRISE_ROLES
    body_id = None if of_enterprise or role is None else _body_of(run, item)
    due = _due(run, element, body_id, opened_on)
    return {
        "id": key,
        "case_id": run.id,
        "element": element.id,
        "name": element.name or element.id,
        "form": element.properties.get("form"),
        "role": role,
        "matter": element.properties.get("matter"),
        "body_id": body_id,
        "enterprise_id": run.enterprise_id if of_enterprise else None,
        "local": item.local,
        "limit_rule": element.properties.get("limitRule"),
        "due_on": due.date if due else None,
        "assignee_id": run.opened_by if role is None else None,
        "opened_at": run.step.now,
    }


def deadline_row(
    run: CaseRun, key: uuid.UUID, item: engine.Waiting, opened_on: date | None = None
) -> dict[str, Any] | None:
    """The deadline of something that is waited for, counted from a day (today when none is given), if it has one."""
    element = item.element
    row: dict[str, Any] = {
        "id": uuid7(),
        "case_id": run.id,
        "waiting_id": key,
        "element": element.id,
        "rule": element.properties.get("limitRule"),
        "basis": element.properties.get("legalBasis", ""),
        "start_on": opened_on or run.step.today,
        "due_on": None,
        "provisional": False,
    }
    if item.kind == "timer":
        return {**row, "effect": "timer", "due_at": item.due or run.step.now}
    of_body = item.kind == "task" and run.compiled.role_of(element) not in (None, *parties.ENTERPRISE_ROLES)
    due = _due(run, element, _body_of(run, item) if of_body else None, opened_on)
    if due is None:
        return None
    effect = element.properties.get("onDue") or ("remind" if item.kind == "task" else "fire")
    return {
        **row,
        "effect": effect,
        "due_on": due.date,
        "provisional": due.provisional,
        "due_at": end_of(due.date),
    }


def _tasks(run: CaseRun, waiting: dict[uuid.UUID, engine.Waiting], done: uuid.UUID | None) -> None:
    if done is not None:
        run.open_tasks.pop(done, None)
        run.open_deadlines.discard(done)
    human = {key: item for key, item in waiting.items() if item.kind == "task"}
    gone = set(run.open_tasks) - set(human)
    if gone:
        run.writes["cancelled"] = list(gone)
        run.record("tasks_cancelled", count=len(gone))
    fresh = [task_row(run, key, item) for key, item in human.items() if key not in run.open_tasks]
    if fresh:
        run.writes["opened"] = to_wire(fresh)
        for row in fresh:
            run.record("task_opened", row["element"], name=row["name"], role=row["role"], due_on=row["due_on"])
        notify.returned(run, fresh)
    for key in gone:
        del run.open_tasks[key]
    for row in fresh:
        run.open_tasks[row["id"]] = row["assignee_id"]


def _deadlines(run: CaseRun, waiting: dict[uuid.UUID, engine.Waiting]) -> None:
    # What no longer waits never comes back under the same id.
    run.known_deadlines &= set(waiting)
    gone = run.open_deadlines - set(waiting)
    if gone:
        run.writes["ended"] = list(gone)
        run.open_deadlines -= gone
    rows = []
    for key, item in waiting.items():
        if key not in run.known_deadlines:
            row = deadline_row(run, key, item)
            if row:
                rows.append(row)
    if rows:
        run.writes["awaited"] = to_wire(rows)
        fresh = {row["waiting_id"] for row in rows}
        run.open_deadlines |= fresh
        run.known_deadlines |= fresh


def _incidents(run: CaseRun, parked: list[engine.Parked]) -> None:
    failed = {uuid.UUID(item.id): item for item in parked}
    solved = run.open_incidents - set(failed)
    if solved:
        run.writes["solved"] = list(solved)
        run.record("incident_resolved", count=len(solved))
    rows = [_incident_row(run, key, item) for key, item in failed.items() if key not in run.open_incidents]
    if rows:
        run.step.conn.execute(insert(Incident), rows)
        for row in rows:
            run.record("incident", row["element"], operator=row["operator"], cause=row["cause"])
    run.open_incidents = set(failed)


def _incident_row(run: CaseRun, key: uuid.UUID, item: engine.Parked) -> dict[str, Any]:
    error = item.error
    cause = error.zh if isinstance(error, DomainError) else f"{type(error).__name__}: {error}"
    return {
        "id": uuid7(),
        "case_id": run.id,
        "waiting_id": key,
        "element": item.element.id,
        "operator": item.element.properties.get("operator", item.element.type),
        "cause": cause,
        "detail": "".join(traceback.format_exception(error))[-8000:],
        "created_at": run.step.now,
        "resolved_at": None,
        "resolved_by": None,
    }


def _body_of(run: CaseRun, item: engine.Waiting) -> uuid.UUID | None:
    """The body a task is offered to: its `body` expression, else the lead body."""
    expression = item.element.properties.get("body")
    if not expression:
        return run.lead_body_id
    key = expressions.compile_expression(expression, None).evaluate({**run.variables(), **item.local})
    known = run.body_id(str(key))
    if known is None:
        known = parties.body_by_code(run.step.conn, str(key)).id
        run.join(str(key), known)
    return known


def _due(
    run: CaseRun, element: engine.Element, body_id: uuid.UUID | None, start: date | None = None
) -> calendars.Due | None:
    """The last day of an element's limit from a day (today when none is given), as the body concerned (else the leading one) counts a bare 日."""
    code = element.properties.get("limitRule")
    if not code:
        return None
    body_code = run.reference.body_code(run.step.conn, body_id or run.lead_body_id)
    return run.reference.due(run.step.conn, code, start or run.step.today, body_code)
