"""Matters (事项) of a case and their clocks: facts are recorded, readings are computed.

A matter is one legal decision (EIA approval, discharge permit). Its clock is never stored: `readings`
feeds the recorded facts, the limit in force and the calendar to `clocks.read`.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Connection, Uuid, any_, bindparam, insert, select, update

from registers.db import uuid7
from registers.errors import Conflict, DomainError
from registers.limits import LimitRule
from registers.parties import Body
from workflows import clocks, lights
from workflows.commands import Step
from workflows.models import ClockFact, Matter
from workflows.reference import Reference

MATTER_TITLES: dict[str, tuple[str, str]] = {
    "eia": ("环境影响评价审批", "EIA approval"),
    "permit": ("排污许可", "Discharge permit"),
    "waste": ("危险废物经营许可", "Hazardous-waste licence"),
    "re_audit": ("环评重新审核", "Re-audit of the EIA"),
}

# The ground of a decision that the law made by silence.
DEEMED = "deemed"

_MATTERS = select(Matter.__table__, Body.code.label("body_code"), Body.name_zh.label("body_name")).outerjoin(
    Body, Body.id == Matter.body_id
)


@dataclass(frozen=True)
class MatterClock:
    """A matter with its rule and the reading of its clock."""

    matter: dict[str, Any]
    rule: LimitRule | None
    reading: clocks.Reading | None


def open_matter(
    step: Step,
    case_id: uuid.UUID,
    *,
    kind: str,
    klass: str,
    body_id: uuid.UUID | None,
    limit_rule: str | None,
    promised: int | None = None,
) -> uuid.UUID:
    """Open a matter of a case; a second one of the same kind is refused by the database."""
    matter_id = uuid7()
    step.conn.execute(
        insert(Matter).values(
            id=matter_id,
            case_id=case_id,
            kind=kind,
            klass=klass,
            body_id=body_id,
            limit_rule=limit_rule,
            promised=promised,
            status="open",
            opened_on=step.today,
        )
    )
    return matter_id


def find(conn: Connection, case_id: uuid.UUID, kind: str) -> dict[str, Any]:
    """The matter of a case by kind; raises DomainError when the model asks for one that was not opened."""
    row = conn.execute(_MATTERS.where(Matter.case_id == case_id, Matter.kind == kind)).mappings().first()
    if row is None:
        raise DomainError(
            "no_matter",
            f"案件中没有事项“{kind}”，请检查流程模型。",
            f"The case has no matter “{kind}”; check the model.",
        )
    return dict(row)


def open_of(conn: Connection, case_ids: list[uuid.UUID]) -> list[dict[str, Any]]:
    """The open matters of several cases that run under a limit."""
    wanted = (among(Matter.case_id, case_ids), Matter.status == "open", Matter.limit_rule.is_not(None))
    return [dict(row) for row in conn.execute(_MATTERS.where(*wanted).order_by(Matter.id)).mappings()]


def facts(conn: Connection, matter_ids: list[uuid.UUID]) -> dict[uuid.UUID, list[clocks.Fact]]:
    """The recorded clock facts of several matters, in order of recording."""
    found: dict[uuid.UUID, list[clocks.Fact]] = defaultdict(list)
    rows = conn.execute(
        select(ClockFact.__table__)
        .where(among(ClockFact.matter_id, matter_ids))
        .order_by(ClockFact.recorded_at, ClockFact.id)
    )
    for row in rows.mappings():
        found[row["matter_id"]].append(
            clocks.Fact(
                kind=row["kind"],
                on=row["on_date"],
                reason=_fact_reason(row["kind"], row["pause_kind"], row["reason"]),
                days=row["days"] or 0,
                letter=str(row["letter_id"] or ""),
                approver=str(row["recorded_by"] or ""),
            )
        )
    return found


def among(column: Any, ids: list[uuid.UUID]) -> ColumnElement[bool]:
    """One of these, as one parameter however many they are."""
    found: ColumnElement[bool] = column == any_(bindparam(None, ids, ARRAY(Uuid(as_uuid=True))))
    return found


def add_fact(
    step: Step,
    reference: Reference,
    matter: dict[str, Any],
    kind: clocks.FactKind,
    on: date,
    *,
    pause_kind: str | None = None,
    days: int | None = None,
    reason: str = "",
    letter_id: uuid.UUID | None = None,
) -> None:
    """Record a fact of a matter's clock after the rule has admitted it, and set its alarms anew."""
    said = _fact_reason(kind, pause_kind, reason)
    fact = clocks.Fact(kind, on, reason=said, days=days or 0, approver=str(step.actor.id or ""))
    rule, known = admit(step, reference, matter, fact)
    step.conn.execute(
        insert(ClockFact).values(
            id=uuid7(),
            case_id=matter["case_id"],
            matter_id=matter["id"],
            kind=kind,
            pause_kind=pause_kind,
            on_date=on,
            days=days,
            reason=reason,
            letter_id=letter_id,
            recorded_by=step.actor.id,
            recorded_at=step.now,
        )
    )
    lights.rewrite(step.conn, matter, rule, [*known, fact], reference, step.today)


def admit(
    step: Step, reference: Reference, matter: dict[str, Any], fact: clocks.Fact
) -> tuple[LimitRule | None, list[clocks.Fact]]:
    """Refuse a fact that the rule does not allow; the rule and the facts known so far when it does."""
    if not matter["limit_rule"]:
        return None, []
    rule = rule_of(step.conn, reference, matter)
    known = facts(step.conn, [matter["id"]])[matter["id"]]
    clocks.admit(rule, known, fact)
    return rule, known


def change_rule(step: Step, reference: Reference, matter: dict[str, Any], limit_rule: str) -> None:
    """Put another limit on an open matter (30 becomes 45 days when a key-managed site is visited)."""
    step.conn.execute(update(Matter).where(Matter.id == matter["id"]).values(limit_rule=limit_rule))
    changed = {**matter, "limit_rule": limit_rule}
    known = facts(step.conn, [matter["id"]])[matter["id"]]
    lights.rewrite(step.conn, changed, rule_of(step.conn, reference, changed), known, reference, step.today)


def decide(
    step: Step,
    matter: dict[str, Any],
    *,
    approved: bool,
    ground: str | None = None,
    reason: str | None = None,
    number: str | None = None,
) -> None:
    """Record the decision of a matter, once."""
    done = step.conn.execute(
        update(Matter)
        .where(Matter.id == matter["id"], Matter.status == "open")
        .values(
            status="approved" if approved else "refused",
            decided_on=step.today,
            ground=ground,
            reason=reason,
            number=number,
        )
    )
    if done.rowcount != 1:
        raise Conflict("matter_decided", "该事项已作出决定。", "This matter has been decided already.")


def deem(step: Step, reference: Reference, matter: dict[str, Any], on: date, basis: str) -> None:
    """The law decides a matter by silence: approved from a day on, with the citation as its reason."""
    add_fact(step, reference, matter, "decided", on, reason=basis)
    decided = update(Matter).where(Matter.id == matter["id"], Matter.status == "open")
    step.conn.execute(decided.values(status="approved", decided_on=on, ground=DEEMED, reason=basis))


def end_open(step: Step, case_id: uuid.UUID, status: str) -> None:
    """Close the open matters of a case that ends without a decision (withdrawn, cancelled)."""
    step.conn.execute(update(Matter).where(Matter.case_id == case_id, Matter.status == "open").values(status=status))
    lights.end_all(step.conn, case_id)


def rule_of(conn: Connection, reference: Reference, matter: dict[str, Any]) -> LimitRule:
    """The limit of a matter: version of the day it was opened, unit and promise of its body and case."""
    found = reference.rule(conn, matter["limit_rule"], matter["opened_on"], matter["body_code"])
    return replace(found, promised=matter["promised"]) if matter["promised"] else found


def readings(conn: Connection, reference: Reference, case_id: uuid.UUID, as_of: date) -> list[MatterClock]:
    """All matters of a case with their clocks as they stand on a date."""
    rows = [dict(row) for row in conn.execute(_MATTERS.where(Matter.case_id == case_id).order_by(Matter.id)).mappings()]
    known = facts(conn, [row["id"] for row in rows]) if rows else {}
    clocks_of_case = []
    for row in rows:
        if not row["limit_rule"]:
            clocks_of_case.append(MatterClock(row, None, None))
            continue
        rule = rule_of(conn, reference, row)
        clocks_of_case.append(
            MatterClock(row, rule, clocks.read(rule, known.get(row["id"], []), reference.calendar, as_of))
        )
    return clocks_of_case


def _fact_reason(kind: str, pause_kind: str | None, reason: str) -> str:
    """What the clock reads: the kind of a pause (none: whichever lasts), or the words of an extension."""
    return pause_kind or ("" if kind == "resumed" else reason)
