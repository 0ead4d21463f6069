"""What ends by itself: permits whose validity is over, drafts nobody filed, requests nobody answered.

Permits end once a day. A case in which only the applicant has something to do, and has not done it for long, is
warned of and then ended through the same step as any ending by a person, with its reason in the record. The
periods are house rules (`registers.house`) and no law's: shorter ones belong into a model as a limit with `onDue`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert

from registers.accounts import SYSTEM
from registers.errors import DomainError
from registers.permits import Permit
from workflows import cases, cron, notify
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.runtime import Runtime

# Cases in which every open task is the applicant's, with the day since when; a draft has no submission but the first.
_IDLE = text(
    """
    SELECT c.id, c.number, c.title, c.enterprise_id,
           (max(t.opened_at) AT TIME ZONE 'Asia/Shanghai')::date AS since,
           NOT EXISTS (SELECT 1 FROM task o WHERE o.case_id = c.id AND o.enterprise_id IS NULL) AS draft
      FROM cases c JOIN task t ON t.case_id = c.id AND t.status = 'open'
     WHERE c.status = 'running' AND c.enterprise_id IS NOT NULL AND (CAST(:case_id AS uuid) IS NULL OR c.id = :case_id)
       AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.case_id = c.id AND i.resolved_at IS NULL)
     GROUP BY c.id HAVING bool_and(t.enterprise_id IS NOT NULL) AND max(t.opened_at) < :before
     ORDER BY since LIMIT 500
    """
)


@command("day.expiry")
def permits_end(step: Step) -> Answer:
    """End the permits whose last day is over, and warn of cases that will be ended."""
    if not cron.claim(step):
        return {"ran": False}
    ended = step.conn.execute(
        update(Permit)
        .where(Permit.status == "valid", Permit.valid_to < step.today)
        .values(status="expired")
        .returning(Permit.number, Permit.enterprise_id, Permit.body_id, Permit.valid_to)
    ).all()
    told = [
        notify.Outgoing(
            notify.of_enterprise(step.conn, row.enterprise_id, step.today)
            | notify.of_body(step.conn, row.body_id, ("reviewer", "head"), step.today),
            "duty",
            f"许可{row.number}有效期已于{row.valid_to}届满",
            f"Permit {row.number} ended on {row.valid_to}",
            None,
            "/duties",
        )
        for row in ended
    ]
    told += _warnings(step)
    notify.send(step.conn, step.now, told)
    return {"ran": True, "expired": len(ended)}


cron.DAILY.append(cron.Daily(permits_end, 0))


def close_idle(rt: Runtime) -> int:
    """End the cases that lay with the applicant for too long; returns how many."""
    with rt.db.transaction() as conn:
        periods = Periods.of(rt.reference.get(conn).house)
        before = rt.time.now() - timedelta(days=min(periods.draft, periods.unanswered))
        rows = conn.execute(_IDLE, {"case_id": None, "before": before}).all()
    ended = 0
    for row in rows:
        if periods.last_day(row) < rt.time.today():
            try:
                ended += bool(end_idle(rt, SYSTEM, f"idle:{row.id}:{row.since}", case_id=row.id)["ended"])
            except DomainError:
                continue
    return ended


@command("case.expire")
def end_idle(step: Step, *, case_id: uuid.UUID) -> Answer:
    """End one case that lay with the applicant for too long."""
    run = CaseRun.lock(step, case_id)
    row = step.conn.execute(_IDLE, {"case_id": case_id, "before": step.now}).first()
    periods = Periods.of(step.rt.reference.get(step.conn).house)
    if row is None or periods.last_day(row) >= step.today:
        return {"case_id": case_id, "ended": False}
    days = periods.draft if row.draft else periods.unanswered
    what = "草稿未提交" if row.draft else "补正等要求未答复"
    cases.end(run, "cancelled", f"申请单位{days}日内{what}，系统自动终止（自{row.since}起）")
    said = notify.Outgoing(
        notify.of_enterprise(step.conn, run.enterprise_id, step.today),
        "decision",
        f"案件因{days}日内{what}已自动终止：{run.number} {run.title}",
        f"Ended by itself after {days} days without an answer: {run.number} {run.title}",
        run.id,
    )
    notify.send(step.conn, step.now, [said])
    return {"case_id": case_id, "ended": True}


@dataclass(frozen=True)
class Periods:
    """How long a case may lie with the applicant, in days."""

    draft: int
    unanswered: int
    warn: int

    @classmethod
    def of(cls, house: Mapping[str, int]) -> Periods:
        """As the house has decided."""
        return cls(house["idle.draft_days"], house["idle.unanswered_days"], house["idle.warn_days"])

    def last_day(self, row: Any) -> date:
        """The last day on which the applicant may act."""
        since: date = row.since
        return since + timedelta(days=self.draft if row.draft else self.unanswered)


def _warnings(step: Step) -> list[notify.Outgoing]:
    """One warning for each stretch of waiting, kept as a row of its last day."""
    periods = Periods.of(step.rt.reference.get(step.conn).house)
    before = step.now - timedelta(days=min(periods.draft, periods.unanswered) - periods.warn)
    told = []
    for row in step.conn.execute(_IDLE, {"case_id": None, "before": before}).all():
        last = periods.last_day(row)
        if last - timedelta(days=periods.warn) > step.today:
            continue
        noted = {"name": f"warned:{row.id}", "on_date": last, "at": step.now}
        statement = insert(cron.CronRun).values(noted).on_conflict_do_nothing().returning(cron.CronRun.name)
        if step.conn.scalar(statement) is not None:
            told.append(
                notify.Outgoing(
                    notify.of_enterprise(step.conn, row.enterprise_id, step.today),
                    "reminder",
                    f"请于{last}前办理，逾期案件将自动终止：{row.number} {row.title}",
                    f"Please act by {last}, or the case ends by itself: {row.number} {row.title}",
                    row.id,
                )
            )
    return told
