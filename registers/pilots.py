"""The register of pilots (试点) and parks (园区): what there is, what is known of each, and what is entered.

The pilots of the source documents ship as data (`data/pilots.json`) and are loaded on request (`pilot_loading`). Who may see and keep
a pilot is decided by `workflows.piloting`; here are the facts and their invariants. Dates of tasks are milestones
(`registers.milestones`, owner kind `pilot`).
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, true, update
from sqlalchemy.dialects.postgresql import insert as upsert

from registers import milestones
from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from registers.milestones import Milestone, MilestoneRevision
from registers.pilot_states import Standing, first_day, last_day, standing
from registers.pilot_tables import (
    ENDED,
    Park,
    Pilot,
    PilotDecision,
    PilotDeliverable,
    PilotIndicator,
    PilotMeasure,
    PilotRisk,
    PilotSlip,
    PilotStatus,
    PilotTask,
    PilotValue,
    Programme,
)

KIND = "pilot"


def create(conn: Connection, *, code: str, now: datetime, status: str = "listed", **facts: Any) -> uuid.UUID:
    """Enter a pilot; its code is new and its programme and park are known."""
    if conn.scalar(select(Pilot.id).where(Pilot.code == code)):
        raise Conflict("pilot_code", f"试点编号“{code}”已存在。", f"There is a pilot {code} already.")
    pilot_id = uuid7()
    defaults: dict[str, Any] = {"supporting": [], "notes": [], "facts": {}, "title": {}}
    conn.execute(insert(Pilot).values(id=pilot_id, code=code, status=status, created_at=now, **{**defaults, **facts}))
    return pilot_id


def enter_tasks(
    conn: Connection,
    pilot_id: uuid.UUID,
    tasks: Sequence[dict[str, Any]],
    *,
    now: datetime,
    by: tuple[uuid.UUID | None, str],
) -> None:
    """Enter the tasks of a pilot; those with a date become milestones with that date as their baseline."""
    position = conn.scalar(select(func.coalesce(func.max(PilotTask.position), 0)).where(PilotTask.pilot_id == pilot_id))
    rows, plans, lines = [], [], []
    for place, one in enumerate(tasks, (position or 0) + 1):
        due = last_day(one.get("due", ""))
        common = {"owner_kind": KIND, "owner_id": pilot_id, "key": one["key"], "title": one["title"]}
        rows.append(
            {
                "pilot_id": pilot_id,
                "key": one["key"],
                "position": place,
                "title": one["title"],
                "track": one.get("track", ""),
                "start_on": first_day(one.get("start", "")),
                "start_text": one.get("start", ""),
                "due_text": one.get("due", ""),
                "deliverable": one.get("deliverable", ""),
                "source": one["source"],
                "recurs": one.get("recurs"),
                "note": one.get("note"),
            }
        )
        if due is not None:
            plans.append({**common, "position": place, "baseline_on": due, "current_on": due})
            said = {"cause": "planned", "old_on": None, "new_on": due, "reason": one["source"]}
            lines.append({**common, **said, "actor_id": by[0], "actor_name": by[1], "at": now})
    if rows:
        conn.execute(insert(PilotTask), rows)
    milestones.put(conn, plans)
    milestones.log(conn, lines)
    for one in tasks:
        if one.get("actual"):
            reach(conn, pilot_id, one["key"], date.fromisoformat(one["actual"]), now=now, by=by, reason=one["source"])


def reach(
    conn: Connection,
    pilot_id: uuid.UUID,
    key: str,
    on: date,
    *,
    now: datetime,
    by: tuple[uuid.UUID | None, str],
    reason: str = "",
) -> None:
    """Note the day on which a task was done; a task without a date gets its milestone by that."""
    title = conn.scalar(select(PilotTask.title).where(PilotTask.pilot_id == pilot_id, PilotTask.key == key))
    if title is None:
        raise NotFound("没有这个任务。", "There is no such task.")
    passed = {key: (title["zh"], title["en"])}
    milestones.reached(conn, (KIND, pilot_id, None), passed, on=on, now=now, by=by, reason=reason)


# -- reading ------------------------------------------------------------------------------------------------


def programmes(conn: Connection) -> list[dict[str, Any]]:
    """All programmes in their order, with the number of pilots in each."""
    count = select(func.count()).where(Pilot.programme == Programme.code).scalar_subquery()
    rows = conn.execute(select(Programme.__table__, count.label("pilots")).order_by(Programme.position, Programme.code))
    return [dict(row) for row in rows.mappings()]


def one(conn: Connection, pilot_id: uuid.UUID, *, lock: bool = False) -> dict[str, Any]:
    """A pilot by its id; raises NotFound."""
    query = select(Pilot.__table__).where(Pilot.id == pilot_id)
    row = conn.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise NotFound("没有这个试点，或您无权查看。", "There is no such pilot, or it is not yours to see.")
    return dict(row)


def by_code(conn: Connection, code: str) -> dict[str, Any]:
    """A pilot by its code; raises NotFound."""
    found = conn.scalar(select(Pilot.id).where(Pilot.code == code))
    if found is None:
        raise NotFound(f"没有编号为“{code}”的试点。", f"There is no pilot {code}.")
    return one(conn, found)


def of_case(conn: Connection, case_id: uuid.UUID) -> uuid.UUID:
    """The pilot a case carries; raises NotFound."""
    found = conn.scalar(select(Pilot.id).where(Pilot.case_id == case_id))
    if found is None:
        raise NotFound("该案件没有对应的试点。", "This case carries no pilot.")
    return found


def listing(
    conn: Connection,
    *,
    programme: str = "",
    status: str = "",
    park: str = "",
    text: str = "",
    condition: ColumnElement[bool] | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[dict[str, Any]], int]:
    """Pilots in the order of programme and code, and how many there are in all."""
    where = [true() if condition is None else condition]
    where += [Pilot.programme == programme] if programme else []
    where += [Pilot.status == status] if status else []
    where += [Pilot.park_code == park] if park else []
    where += [Pilot.title["zh"].astext.contains(text, autoescape=True)] if text else []
    total = conn.scalar(select(func.count()).select_from(Pilot).where(*where)) or 0
    query = select(Pilot.__table__).join(Programme, Programme.code == Pilot.programme).where(*where)
    rows = conn.execute(query.order_by(Programme.position, Pilot.code).limit(limit).offset(offset)).mappings()
    return [dict(row) for row in rows], total


def tasks_of(conn: Connection, pilot_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """The tasks of pilots in their order, each with its dates."""
    query = (
        select(PilotTask.__table__, Milestone.baseline_on, Milestone.current_on, Milestone.actual_on)
        .outerjoin(
            Milestone,
            (Milestone.owner_kind == KIND)
            & (Milestone.owner_id == PilotTask.pilot_id)
            & (Milestone.key == PilotTask.key),
        )
        .where(PilotTask.pilot_id.in_(pilot_ids))
        .order_by(PilotTask.pilot_id, PilotTask.position)
    )
    found: dict[uuid.UUID, list[dict[str, Any]]] = {pilot_id: [] for pilot_id in pilot_ids}
    for row in conn.execute(query).mappings():
        found[row["pilot_id"]].append(dict(row))
    return found


def standings(conn: Connection, pilot_ids: Sequence[uuid.UUID], on: date) -> dict[uuid.UUID, list[Standing]]:
    """How the tasks of pilots stood on a day, task by task in their order."""
    moved: dict[uuid.UUID, list[Any]] = defaultdict(list)
    query = select(MilestoneRevision.__table__).where(
        MilestoneRevision.owner_kind == KIND,
        MilestoneRevision.owner_id.in_(pilot_ids),
        MilestoneRevision.cause.in_(("pushed", "followed")),
    )
    for row in conn.execute(query.order_by(MilestoneRevision.at).limit(100_000)).mappings():
        moved[row["owner_id"]].append(row)
    return {
        pilot_id: [standing(task, moved[pilot_id], on) for task in tasks]
        for pilot_id, tasks in tasks_of(conn, pilot_ids).items()
    }


def dossier(conn: Connection, pilot_id: uuid.UUID, limit: int = 200) -> dict[str, Any]:
    """Everything that was recorded of a pilot, newest first: decisions, reports, deliverables, figures, risks, slips."""

    def rows(table: Any, order: Any) -> list[dict[str, Any]]:
        query = select(table.__table__).where(table.pilot_id == pilot_id).order_by(order).limit(limit)
        return [dict(row) for row in conn.execute(query).mappings()]

    return {
        "decisions": rows(PilotDecision, PilotDecision.id.desc()),
        "reports": rows(PilotStatus, PilotStatus.id.desc()),
        "deliverables": rows(PilotDeliverable, PilotDeliverable.id.desc()),
        "risks": rows(PilotRisk, PilotRisk.id.desc()),
        "slips": rows(PilotSlip, PilotSlip.id.desc()),
        "measures": rows(PilotMeasure, PilotMeasure.measure),
        "indicators": indicators(conn, pilot_id),
    }


def indicators(conn: Connection, pilot_id: uuid.UUID) -> list[dict[str, Any]]:
    """The indicators of a pilot with their values in order of date."""
    query = select(PilotIndicator.__table__).where(PilotIndicator.pilot_id == pilot_id).order_by(PilotIndicator.key)
    found = [dict(row) for row in conn.execute(query).mappings()]
    values: dict[uuid.UUID, list[Any]] = defaultdict(list)
    wanted = select(PilotValue.__table__).where(PilotValue.indicator_id.in_([row["id"] for row in found]))
    for row in conn.execute(wanted.order_by(PilotValue.on_date, PilotValue.at).limit(2000)).mappings():
        values[row["indicator_id"]].append(dict(row))
    return [{**row, "values": values[row["id"]]} for row in found]


def parks(conn: Connection, limit: int = 500) -> list[dict[str, Any]]:
    """All parks by code."""
    return [dict(row) for row in conn.execute(select(Park.__table__).order_by(Park.code).limit(limit)).mappings()]


def park(conn: Connection, code: str) -> dict[str, Any]:
    """A park by its code; raises NotFound."""
    row = conn.execute(select(Park.__table__).where(Park.code == code)).mappings().first()
    if row is None:
        raise NotFound("没有这个园区。", "There is no such park.")
    return dict(row)


# -- entering ------------------------------------------------------------------------------------------------


def decide(
    conn: Connection,
    pilot_id: uuid.UUID,
    kind: str,
    *,
    on: date,
    reason: str,
    now: datetime,
    actor_name: str,
    status: str | None = None,
    document: str = "",
    ground: str = "",
    case_id: uuid.UUID | None = None,
    deadline_on: date | None = None,
) -> uuid.UUID:
    """Record a decision and what it makes of the pilot; one that ended stays ended, but for a naming under watch."""
    pilot = one(conn, pilot_id, lock=True)
    if pilot["status"] in ENDED and kind not in ("note", "promoted", "verified", "warned", "evaluating"):
        raise Conflict("pilot_ended", "该试点已经结束。", "This pilot has ended.")
    decision_id = uuid7()
    row = {"on_date": on, "kind": kind, "ground": ground, "reason": reason[:4000], "document": document[:500]}
    conn.execute(
        insert(PilotDecision).values(
            id=decision_id, pilot_id=pilot_id, case_id=case_id, actor_name=actor_name, at=now, **row
        )
    )
    changed: dict[str, Any] = {"status": status} if status else {}
    changed |= {"deadline_on": deadline_on} if deadline_on else {}
    if changed:
        conn.execute(update(Pilot).where(Pilot.id == pilot_id).values(**changed))
    return decision_id


def report(
    conn: Connection, pilot_id: uuid.UUID, kind: str, *, on: date, light: str, said: str, by: str, now: datetime
) -> None:
    """Enter a periodic report on how the pilot stands."""
    if not said.strip():
        raise DomainError("said", "请写明情况。", "Say how it stands.", pointer="said")
    conn.execute(
        insert(PilotStatus).values(
            pilot_id=pilot_id, on_date=on, kind=kind, light=light, said=said.strip()[:10_000], reported_by=by, at=now
        )
    )


def deliver(
    conn: Connection,
    pilot_id: uuid.UUID,
    key: str,
    *,
    title: str,
    by: str,
    now: datetime,
    note: str = "",
    file_id: uuid.UUID | None = None,
) -> int:
    """Enter the next version of what a task delivers; returns its number."""
    one(conn, pilot_id, lock=True)
    if conn.scalar(select(PilotTask.key).where(PilotTask.pilot_id == pilot_id, PilotTask.key == key)) is None:
        raise NotFound("没有这个任务。", "There is no such task.")
    if not title.strip():
        raise DomainError("title", "请填写成果名称。", "Name the deliverable.", pointer="title")
    latest = select(func.coalesce(func.max(PilotDeliverable.version), 0)).where(
        PilotDeliverable.pilot_id == pilot_id, PilotDeliverable.task_key == key
    )
    version = (conn.scalar(latest) or 0) + 1
    facts = {"title": title.strip()[:300], "note": note[:2000], "file_id": file_id}
    conn.execute(
        insert(PilotDeliverable).values(
            pilot_id=pilot_id, task_key=key, version=version, handed_in_by=by, at=now, **facts
        )
    )
    return version


def late_tasks(conn: Connection, pilot_id: uuid.UUID, on: date) -> list[dict[str, Any]]:
    """The tasks that were late on a day: what "milestones missed" stands on."""
    tasks = {task["key"]: task for task in tasks_of(conn, [pilot_id])[pilot_id]}
    return [
        {"key": one.key, "title": tasks[one.key]["title"], "due_on": one.due_on, "days": (on - one.due_on).days}
        for one in standings(conn, [pilot_id], on)[pilot_id]
        if one.state == "late" and one.due_on is not None
    ]


def choose_measures(conn: Connection, pilot_id: uuid.UUID, plans: dict[str, str]) -> None:
    """Keep which measures a park takes up; one with evidence is not given up by a later plan."""
    mine = (PilotMeasure.pilot_id == pilot_id) & PilotMeasure.measure.not_in(list(plans))
    conn.execute(delete(PilotMeasure).where(mine, func.jsonb_array_length(PilotMeasure.evidence) == 0))
    for key, plan in plans.items():
        statement = upsert(PilotMeasure).values(pilot_id=pilot_id, measure=key, plan=plan[:2000], evidence=[])
        conn.execute(
            statement.on_conflict_do_update(index_elements=["pilot_id", "measure"], set_={"plan": plan[:2000]})
        )


def add_evidence(conn: Connection, pilot_id: uuid.UUID, said: dict[str, str], on: date) -> int:
    """Add evidence to chosen measures; returns to how many."""
    count = 0
    for key, text in said.items():
        mine = (PilotMeasure.pilot_id == pilot_id) & (PilotMeasure.measure == key)
        row = conn.execute(select(PilotMeasure.evidence).where(mine).with_for_update()).first()
        if row is not None:
            added = [*row.evidence, {"on": on.isoformat(), "said": text[:2000]}]
            conn.execute(update(PilotMeasure).where(mine).values(evidence=added, state="evidenced"))
            count += 1
    return count
