"""Calls: what a matter's clock and the limit of a task have to say when their instant has come.

Yellow, red and overdue of a clock, and the reminder of a task, change nothing in a model and so need no
engine: many ring in one transaction, each with its own line in the record of its case and its messages to the
people, written by a handful of statements however many they are.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, text

from registers.limits import LimitRule, effect_text
from workflows import events, matters, notify, picking
from workflows.commands import Answer, Step, command
from workflows.reference import Reference

RINGS = 500

CALLS = picking.Kind(
    "clock_alarm",
    "true",
    """a.id, a.case_id, a.matter_id, a.stage, a.due_on, a.provisional, m.kind, m.status, m.limit_rule, m.promised,
    m.opened_on, coalesce(m.body_id, c.lead_body_id) AS body_id, b.code AS body_code, c.title, c.number,
    c.enterprise_id, c.status AS case_status, c.event_seq, c.event_hash""",
    "JOIN matter m ON m.id = a.matter_id LEFT JOIN body b ON b.id = m.body_id",
)
REMINDERS = picking.Kind(
    "deadline",
    "a.effect = 'remind'",
    """a.id, a.case_id, a.waiting_id, a.element, a.effect, a.rule, a.basis, a.due_on, t.id AS task_id, t.name, t.role,
    t.body_id, t.enterprise_id, t.assignee_id, c.title, c.number, c.status AS case_status, c.event_seq, c.event_hash""",
    "LEFT JOIN task t ON t.id = a.waiting_id",
)

# Only what was still open under the lock of its case is carried out: a row marked before we had it is left out.
_MARK_CALLS = text("UPDATE clock_alarm SET done_at = :now WHERE id = ANY(:ids) AND done_at IS NULL RETURNING id")
_MARK_REMINDERS = text(
    "UPDATE deadline SET done_at = :now, result = effect WHERE id = ANY(:ids) AND done_at IS NULL RETURNING id"
)


@command("clock.ring")
def ring(
    step: Step, *, limit: int = RINGS, only: Sequence[uuid.UUID] | None = None, leave: Sequence[uuid.UUID] = ()
) -> Answer:
    """Let the clock calls that are due ring: a line in the record of each case, messages to the people."""
    due = picking.take(step.conn, step.rt, CALLS, limit=limit, only=only, leave=leave)
    if not due:
        return {"done": 0}
    marked = set(step.conn.scalars(_MARK_CALLS, {"now": step.now, "ids": [row["id"] for row in due]}))
    rows = [row for row in due if row["id"] in marked and row["case_status"] == "running" and row["status"] == "open"]
    chains = _chains(rows)
    reference = step.rt.reference.get(step.conn)
    told: list[notify.Outgoing] = []
    people: dict[tuple[Any, ...], frozenset[uuid.UUID]] = {}
    for row in rows:
        rule = matters.rule_of(step.conn, reference, dict(row))
        chains[row["case_id"]].append(
            f"clock_{row['stage']}",
            at=step.now,
            actor=step.actor,
            matter=row["kind"],
            due_on=row["due_on"],
            provisional=row["provisional"],
            basis=rule.basis_zh,
            effect=rule.effect if row["stage"] == "overdue" else None,
        )
        key = row["body_id"], row["stage"]
        if key not in people:
            people[key] = _called(step, *key)
        told.append(_call(row, rule, people[key]))
        if row["stage"] == "overdue" and rule.effect == "deemed_agreed":
            told.append(_deem(step, reference, chains[row["case_id"]], row, rule))
    events.append_all(step.conn, chains.values())
    notify.send(step.conn, step.now, told)
    return {"done": len(marked)}


@command("deadline.remind")
def remind(
    step: Step, *, limit: int = RINGS, only: Sequence[uuid.UUID] | None = None, leave: Sequence[uuid.UUID] = ()
) -> Answer:
    """Remind of tasks whose date has come: those who hold or are offered them, and their head."""
    due = picking.take(step.conn, step.rt, REMINDERS, limit=limit, only=only, leave=leave)
    if not due:
        return {"done": 0}
    marked = set(step.conn.scalars(_MARK_REMINDERS, {"now": step.now, "ids": [row["id"] for row in due]}))
    rows = [row for row in due if row["id"] in marked and row["case_status"] == "running"]
    chains = _chains(rows)
    passed: dict[uuid.UUID, list[uuid.UUID]] = {case_id: [] for case_id in chains}
    reference = step.rt.reference.get(step.conn)
    told: list[notify.Outgoing] = []
    people: dict[tuple[Any, ...], frozenset[uuid.UUID]] = {}
    for row in rows:
        basis = row["basis"]
        if row["rule"] and not basis:
            basis = reference.rule(step.conn, row["rule"], step.today).basis_zh
        facts = {"effect": row["effect"], "due_on": row["due_on"], "rule": row["rule"], "basis": basis}
        passed[row["case_id"]].append(row["waiting_id"])
        chains[row["case_id"]].append("deadline", at=step.now, actor=step.actor, element=row["element"], **facts)
        if row["task_id"] is not None:
            key = row["enterprise_id"], row["body_id"], row["role"], row["assignee_id"]
            if key not in people:
                people[key] = _reminded(step, row)
            told.append(_reminder(row, people[key]))
    events.append_all(step.conn, chains.values(), passed=passed)
    notify.send(step.conn, step.now, told)
    return {"done": len(marked)}


def _deem(step: Step, reference: Reference, chain: events.Chain, row: RowMapping, rule: LimitRule) -> notify.Outgoing:
    """Silence to the last day is consent (Law: 建设项目环境保护管理条例 art. 12(2)): the matter is agreed on that day."""
    matters.deem(step, reference, {**row, "id": row["matter_id"]}, row["due_on"], rule.basis_zh)
    chain.append(
        "deemed",
        at=step.now,
        actor=step.actor,
        matter=row["kind"],
        effect=rule.effect,
        on=row["due_on"],
        basis=rule.basis_zh,
    )
    return deemed_message(step, dict(row), rule, row["due_on"])


def deemed_message(step: Step, row: Mapping[str, Any], rule: LimitRule, on: date) -> notify.Outgoing:
    """Tell the enterprise and the body what the law decided by silence."""
    zh, en = matters.MATTER_TITLES.get(row["kind"], (row["kind"], row["kind"]))
    said_zh, said_en = effect_text(rule.effect)
    firm = notify.of_enterprise(step.conn, row["enterprise_id"], step.today)
    return notify.Outgoing(
        firm | notify.of_body(step.conn, row["body_id"], ("reviewer", "window", "head"), step.today),
        "decision",
        f"{zh}：{said_zh}（{on}，{rule.basis_zh}）：{row['number']} {row['title']}",
        f"{en}: {said_en} ({on}, {rule.basis_en}): {row['number']} {row['title']}",
        row["case_id"],
    )


def _chains(rows: Sequence[RowMapping]) -> dict[uuid.UUID, events.Chain]:
    return {
        row["case_id"]: events.Chain(row["case_id"], row["event_seq"], bytes(row["event_hash"]), []) for row in rows
    }


_CALL_WORDS: dict[str, tuple[str, str]] = {
    "yellow": ("黄灯提醒：{matter}法定期限{due}", "Yellow light: {matter} is due by law on {due}"),
    "red": ("红灯催办：{matter}法定期限{due}", "Red light: {matter} is due by law on {due}"),
    "overdue": ("超期督办：{matter}已超过法定期限{due}", "Overdue: {matter} was due by law on {due}"),
    "pause_over": (
        "{matter}扣除时间已达告知的期限，请核实是否恢复计时",
        "{matter}: the announced pause is over; check whether the clock should run again",
    ),
}


def _called(step: Step, body_id: uuid.UUID | None, stage: str) -> frozenset[uuid.UUID]:
    """Yellow goes to those who work on it, red to the head too (催办), overdue also to the supervisors (督办)."""
    roles = ("reviewer", "window") if stage == "yellow" else ("reviewer", "window", "head")
    to = notify.of_body(step.conn, body_id, roles, step.today)
    return to | notify.supervisors(step.conn, body_id, step.today) if stage == "overdue" else to


def _call(row: RowMapping, rule: LimitRule, to: frozenset[uuid.UUID]) -> notify.Outgoing:
    stage = row["stage"]
    zh, en = matters.MATTER_TITLES.get(row["kind"], (row["kind"], row["kind"]))
    said_zh, said_en = _CALL_WORDS[stage]
    mark_zh, mark_en = ("（暂定）", " (provisional)") if row["provisional"] else ("", "")
    return notify.Outgoing(
        to,
        "reminder" if stage in ("yellow", "pause_over") else "escalation",
        f"{said_zh.format(matter=zh, due=row['due_on'])}{mark_zh}：{row['number']} {row['title']}（{rule.basis_zh}）",
        f"{said_en.format(matter=en, due=row['due_on'])}{mark_en}: {row['number']} {row['title']} ({rule.basis_en})",
        row["case_id"],
    )


def _reminded(step: Step, row: RowMapping) -> frozenset[uuid.UUID]:
    if row["enterprise_id"] is not None:
        to = notify.of_enterprise(step.conn, row["enterprise_id"], step.today)
    else:
        to = notify.of_body(step.conn, row["body_id"], (row["role"] or "", "head"), step.today)
    if row["assignee_id"] is not None:
        to |= notify.persons(step.conn, [row["assignee_id"]], step.today)
    return to


def _reminder(row: RowMapping, to: frozenset[uuid.UUID]) -> notify.Outgoing:
    return notify.Outgoing(
        to,
        "reminder",
        f"“{row['name']}”期限{row['due_on']}已到：{row['number']} {row['title']}",
        f"“{row['name']}” was due on {row['due_on']}: {row['number']} {row['title']}",
        row["case_id"],
        f"/tasks/{row['task_id']}",
    )
