"""Planning by milestones: a baseline, a current plan, what happened, and what a push would move.

A plan says of each milestone a date, or how many days it comes after another; a milestone may also be one of law,
whose date a limit gives. Before a date is pushed everybody sees what follows it: the milestones planned after it and
the dates of law counted from it. Dates of law cannot be pushed by editing: they follow facts (a pause, an extension,
the actual date of what they are counted from). The baseline is written once. Cases plan here now; a pilot joins by
an entry in `OWNERS`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from registers import milestones as register
from registers.accounts import SYSTEM, Actor
from registers.errors import Conflict, DomainError, Forbidden, NotFound
from workflows import access, clocks, compiling, matters
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.milestonedates import CLOCK, Point, Shift, after_push, count_dates, moved_by, no_circle
from workflows.reasons import stated
from workflows.runtime import Runtime


@dataclass(frozen=True)
class Owner:
    """Whose milestones: who may see and plan them, which are given by a model, and where a push is recorded."""

    see: Callable[[Connection, Actor, uuid.UUID], Any]
    may_plan: Callable[[Connection, Actor, uuid.UUID], bool]
    given: Callable[[Connection, Runtime, uuid.UUID], Sequence[Point]]
    record: Callable[[Step, uuid.UUID, str, dict[str, Any]], None]
    case_id: Callable[[uuid.UUID], uuid.UUID | None] = lambda owner_id: None


def points(conn: Connection, rt: Runtime, owner_kind: str, owner_id: uuid.UUID) -> list[Point]:
    """All milestones of an owner in their order, with the dates that follow from others."""
    return count_dates(conn, rt, _read(conn, rt, owner_kind, owner_id))


def preview(conn: Connection, rt: Runtime, owner_kind: str, owner_id: uuid.UUID, key: str, on: date) -> list[Shift]:
    """What would move if this milestone were pushed to another day; the milestone itself comes first."""
    standing = _read(conn, rt, owner_kind, owner_id)
    return moved_by(conn, rt, standing, after_push(conn, rt, standing, key, on), key)


@command("milestone.plan")
def plan(step: Step, *, owner_kind: str, owner_id: uuid.UUID, items: list[dict[str, Any]]) -> Answer:
    """Plan milestones that have no plan yet: the first dates become the baseline."""
    owner = _planning(step, owner_kind, owner_id)
    standing = {point.key: point for point in _read(step.conn, step.rt, owner_kind, owner_id)}
    for item in items:
        made = _item(step, item, standing)
        standing[made.key] = made
    fresh = [item["key"] for item in items]
    no_circle(standing)
    counted = {point.key: point for point in count_dates(step.conn, step.rt, list(standing.values()))}
    order = {key: n for n, key in enumerate(standing)}
    rows, lines = [], []
    for key in fresh:
        point = counted[key]
        if point.current_on is None:
            raise DomainError(
                "milestone_undated",
                f"“{point.title['zh']}”没有日期：请填日期，或填在哪个节点之后几日。",
                f"“{point.title['en']}” has no date: give one, or how many days after which milestone.",
                pointer=key,
            )
        rows.append(_row(owner_kind, owner_id, owner, replace(point, baseline_on=point.current_on), order[key]))
        lines.append(_line(step, owner_kind, owner_id, owner, point, "planned", None, point.current_on, ""))
    register.put(step.conn, rows)
    register.log(step.conn, lines)
    owner.record(step, owner_id, "milestone_planned", {"count": len(rows)})
    return {"planned": len(rows)}


@command("milestone.push")
def push(step: Step, *, owner_kind: str, owner_id: uuid.UUID, key: str, on: date, reason: str) -> Answer:
    """Push a milestone to another day, and with it whatever is planned after it; the reason stays in the log."""
    owner = _planning(step, owner_kind, owner_id)
    said = stated(reason)
    standing = _read(step.conn, step.rt, owner_kind, owner_id)
    pushed = after_push(step.conn, step.rt, standing, key, on)
    shifts = moved_by(step.conn, step.rt, standing, pushed, key)
    by_key = {point.key: point for point in pushed}
    planned = [shift for shift in shifts if not shift.statutory]
    order = {point.key: n for n, point in enumerate(pushed)}
    register.put(
        step.conn,
        [_row(owner_kind, owner_id, owner, by_key[shift.key], order[shift.key]) for shift in planned],
    )
    register.log(
        step.conn,
        [
            _line(
                step,
                owner_kind,
                owner_id,
                owner,
                by_key[shift.key],
                "pushed" if shift.key == key else "followed",
                shift.old,
                shift.new,
                said,
            )
            for shift in planned
        ],
    )
    first = shifts[0]
    facts = {"what": first.title["zh"], "old": first.old, "new": first.new, "reason": said, "moved": len(shifts)}
    owner.record(step, owner_id, "milestone_pushed", facts)
    return {"moved": [vars(shift) for shift in shifts]}


def may_plan(conn: Connection, actor: Actor, owner_kind: str, owner_id: uuid.UUID) -> bool:
    """Whether a person may plan and push."""
    return _owner(owner_kind).may_plan(conn, actor, owner_id)


def see(conn: Connection, actor: Actor, owner_kind: str, owner_id: uuid.UUID) -> None:
    """Raise NotFound unless the owner is this person's to see."""
    _owner(owner_kind).see(conn, actor, owner_id)


# -- cases -------------------------------------------------------------------------------------------


def _case_may_plan(conn: Connection, actor: Actor, case_id: uuid.UUID) -> bool:
    """The window, the reviewers and the head of the leading body plan a running case."""
    row = access.visible_case(conn, actor, case_id)
    lead = row["lead_body_id"]
    roles = ("window", "reviewer", "head")
    return row["status"] == "running" and lead is not None and any(actor.has(role, lead) for role in roles)


def _of_model(conn: Connection, rt: Runtime, case_id: uuid.UUID) -> list[Point]:
    """The milestones a model names (property `milestone`), in its order, and the dates of the case's clocks."""
    row = access.visible_case(conn, SYSTEM, case_id)
    model = compiling.compiled(rt, conn, row["definition_id"]).model
    found = [
        Point(element.id, {"zh": element.properties["milestone"], "en": element.properties["milestone"]})
        for element in model.elements.values()
        if element.properties.get("milestone")
    ]
    reference = rt.reference.get(conn)
    for clock in matters.readings(conn, reference, case_id, rt.time.today()):
        rule, reading = clock.rule, clock.reading
        started = reading.started if reading else None
        if rule is None or reading is None or started is None:
            continue
        first = clocks.read(rule, [clocks.Fact("started", started)], reference.calendar, started, explained=False)
        zh, en = matters.MATTER_TITLES.get(clock.matter["kind"], (clock.matter["kind"],) * 2)
        found.append(
            Point(
                f"{CLOCK}{clock.matter['kind']}",
                {"zh": f"{zh}法定期限", "en": f"Statutory date of {en}"},
                baseline_on=first.statutory_due,
                current_on=reading.statutory_due or reading.projected,
                actual_on=clock.matter["decided_on"],
                basis_zh=rule.basis_zh,
                basis_en=rule.basis_en,
                provisional=reading.provisional,
            )
        )
    return found


def _record_in_case(step: Step, case_id: uuid.UUID, kind: str, facts: dict[str, Any]) -> None:
    run = CaseRun.lock(step, case_id)
    run.record(kind, **facts)
    run.save()


OWNERS: dict[str, Owner] = {
    "case": Owner(
        access.visible_case,
        _case_may_plan,
        _of_model,
        _record_in_case,
        lambda case_id: case_id,
    )
}


def _owner(kind: str) -> Owner:
    if kind not in OWNERS:
        raise NotFound("没有这种计划。", "There is no such plan.")
    return OWNERS[kind]


def _planning(step: Step, owner_kind: str, owner_id: uuid.UUID) -> Owner:
    """The owner, locked where it is a case, when this person may plan it."""
    owner = _owner(owner_kind)
    owner.see(step.conn, step.actor, owner_id)
    if not owner.may_plan(step.conn, step.actor, owner_id):
        raise Forbidden("只有牵头机关的经办人员和负责人可以安排节点。", "Only officers of the leading body may plan.")
    if owner_kind == "case":
        CaseRun.lock(step, owner_id)
    return owner


# -- counting ----------------------------------------------------------------------------------------


def _read(conn: Connection, rt: Runtime, owner_kind: str, owner_id: uuid.UUID) -> list[Point]:
    """What the model gives and what was planned, put together; dates of law still uncounted."""
    found = {point.key: point for point in _owner(owner_kind).given(conn, rt, owner_id)}
    for row in register.of_owner(conn, owner_kind, owner_id):
        title = found[row["key"]].title if row["key"] in found else row["title"]
        plan_of = {name: row[name] for name in ("offset", "unit", "rule", "baseline_on", "current_on", "actual_on")}
        found[row["key"]] = Point(row["key"], title, after=row["after_key"], **plan_of)
    return list(found.values())


# -- checking and rows ---------------------------------------------------------------------------------


def _item(step: Step, item: Mapping[str, Any], standing: Mapping[str, Point]) -> Point:
    """A milestone out of what was entered; raises DomainError for what contradicts itself or the law."""
    key = str(item.get("key") or "").strip()
    known = standing.get(key)
    title = item.get("title") or (known.title if known else None)
    if not key or len(key) > 100 or key.startswith(CLOCK) or not title:
        raise DomainError("milestone_key", "节点需要编号和名称。", "A milestone needs a key and a name.", pointer="key")
    if known is not None and known.baseline_on is not None:
        raise Conflict(
            "milestone_planned",
            f"“{known.title['zh']}”已有基线，请用“调整日期”。",
            f"“{known.title['en']}” has a baseline: push it instead.",
        )
    after, rule, offset = item.get("after") or None, item.get("rule") or None, item.get("offset")
    if after is not None and (after not in standing or after == key):
        raise DomainError(
            "milestone_after", "前一节点不存在。", "There is no such milestone before it.", pointer="after"
        )
    if rule is not None and (after is None or item.get("on") is not None):
        raise DomainError(
            "milestone_rule",
            "法定节点的日期由时限计算，请选择从哪个节点起算，不填日期。",
            "The date of a statutory milestone is counted: say from which milestone, and give no date.",
            pointer="rule",
        )
    if rule is not None:
        step.rt.reference.get(step.conn).rule(step.conn, rule, step.today)
    if offset is not None and (after is None or not 0 <= int(offset) <= 5000):
        raise DomainError("milestone_offset", "间隔日数不正确。", "The number of days is not right.", pointer="offset")
    words = title if isinstance(title, Mapping) else {"zh": str(title)[:200], "en": str(title)[:200]}
    unit = item.get("unit") or "workday"
    if unit not in ("workday", "day"):
        raise DomainError("unit", "未知的单位。", "Unknown unit.", pointer="unit")
    reached = known.actual_on if known else None
    days = None if offset is None else int(offset)
    return Point(key, words, after, days, unit, rule, current_on=item.get("on"), actual_on=reached)


def _named(owner_kind: str, owner_id: uuid.UUID, owner: Owner, point: Point) -> dict[str, Any]:
    """Whose milestone it is and what it is called: the same in the plan and in its log."""
    return {
        "owner_kind": owner_kind,
        "owner_id": owner_id,
        "case_id": owner.case_id(owner_id),
        "key": point.key,
        "title": dict(point.title),
    }


def _row(owner_kind: str, owner_id: uuid.UUID, owner: Owner, point: Point, position: int) -> dict[str, Any]:
    return {
        **_named(owner_kind, owner_id, owner, point),
        "position": position,
        "after_key": point.after,
        "offset": point.offset,
        "unit": point.unit,
        "rule": point.rule,
        "baseline_on": point.baseline_on,
        "current_on": None if point.rule else point.current_on,
    }


def _line(
    step: Step,
    owner_kind: str,
    owner_id: uuid.UUID,
    owner: Owner,
    point: Point,
    cause: str,
    old: date | None,
    new: date,
    reason: str,
) -> dict[str, Any]:
    return {
        **_named(owner_kind, owner_id, owner, point),
        "cause": cause,
        "old_on": old,
        "new_on": new,
        "reason": reason,
        "actor_id": step.actor.id,
        "actor_name": step.actor.name,
        "at": step.now,
    }
