"""What ends, or goes on, by itself: permits at the end of their validity, drafts nobody filed, requests nobody answered.

Permits end once a day. A case in which only the applicant has something to do, and has not done it for long, is
warned of and then ended through the same step as any ending by a person, with its reason in the record. The
periods are house rules (`registers.house`) and no law's: shorter ones belong into a model as a limit with `onDue`.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from registers import renewals
from registers.accounts import SYSTEM
from registers.errors import DomainError
from registers.limits import LimitRow
from registers.permits import Permit
from registers.renewals import PermitRenewal
from workflows import calling, cases, cron, matters, notify
from workflows.caserun import CaseRun
from workflows.commands import Answer, Step, command
from workflows.models import Case, ClockFact, Matter
from workflows.runtime import Runtime

log = logging.getLogger("onewindow.expiry")

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
        .where(Permit.status == "valid", Permit.valid_to < step.today, Permit.id.not_in(_in_renewal()))
        .values(status="expired")
        .returning(Permit.number, Permit.klass, Permit.enterprise_id, Permit.body_id, Permit.valid_to)
    ).all()
    told = [
        notify.Outgoing(
            notify.of_enterprise(step.conn, row.enterprise_id, step.today)
            | notify.of_body(step.conn, row.body_id, ("reviewer", "head"), step.today),
            "duty",
            f"{'排污登记' if row.klass == 'registration' else '许可'}{row.number}有效期已于{row.valid_to}届满",
            f"{'Registration' if row.klass == 'registration' else 'Permit'} {row.number} ended on {row.valid_to}",
            None,
            "/duties",
        )
        for row in ended
    ]
    told += _warnings(step)
    notify.send(step.conn, step.now, told)
    return {"ran": True, "expired": len(ended)}


cron.DAILY.append(cron.Daily(permits_end, 0))


def deem_renewed(rt: Runtime) -> int:
    """Carry on the permits whose renewal was accepted in time and not decided by their last day; returns how many."""
    with rt.db.transaction() as conn:
        over = and_(Permit.status == "valid", Permit.valid_to < rt.time.today())
        rows = conn.execute(select(Permit.id, Permit.valid_to).where(over, Permit.id.in_(_in_renewal()))).all()
    return sum(
        bool(renew_by_law(rt, SYSTEM, f"renewed:{row.id}:{row.valid_to}", permit_id=row.id)["to"]) for row in rows
    )


@command("permit.deem_renewed")
def renew_by_law(step: Step, *, permit_id: uuid.UUID) -> Answer:
    """A renewal that is not decided when the permit ends is granted by law, for a further period of validity.

    Law: 行政许可法 art. 50(2).
    """
    asked = select(*_RENEWAL_COLUMNS).select_from(_RENEWALS).where(_UNDECIDED, Permit.id == permit_id)
    found = step.conn.execute(asked).mappings().first()
    if found is None:
        return {"permit_id": permit_id, "to": None}
    run = CaseRun.lock(step, found["case_id"])
    row = step.conn.execute(asked.with_for_update(of=Permit)).mappings().first()
    if row is None or row["valid_to"] >= step.today:
        return {"permit_id": permit_id, "to": None}
    matter = matters.find(step.conn, run.id, row["kind"])
    rule = matters.rule_of(step.conn, run.reference, matter)
    last = row["valid_to"]
    begins = last + timedelta(days=1)
    new = run.reference.due(step.conn, _validity(row["kind"], row["klass"]), begins).date
    matters.deem(step, run.reference, matter, last, rule.basis_zh)
    held = dict(step.conn.execute(select(Permit.__table__).where(Permit.id == permit_id)).mappings().one())
    renewals.renew(step.conn, held, valid_from=begins, valid_to=new, case_id=run.id, decided_on=last, now=step.now)
    run.record("deemed", matter=row["kind"], effect=rule.effect, on=last, basis=rule.basis_zh)
    run.record("permit_renewed", number=row["number"], old=last, new=new, basis=rule.basis_zh)
    said = calling.deemed_message(step, {**matter, "number": run.number, "title": run.title, **_of(run)}, rule, last)
    notify.send(step.conn, step.now, [said])
    run.save()
    return {"permit_id": permit_id, "to": new}


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
            except DomainError as error:
                # Somebody was faster: the case has moved on or ended since it was looked up.
                log.info("case %s is not ended: %s", row.id, error.en)
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


# A renewal counts that runs under a limit with that effect and was accepted while the permit was in force; a case that
# says which permit it is about renews no other permit of its enterprise.
_RENEWALS = (
    Permit.__table__.join(Case, Case.enterprise_id == Permit.enterprise_id)
    .join(Matter, and_(Matter.case_id == Case.id, Matter.kind == Permit.kind))
    .join(LimitRow, LimitRow.code == Matter.limit_rule)
    .join(ClockFact, ClockFact.matter_id == Matter.id)
    .outerjoin(PermitRenewal, PermitRenewal.case_id == Case.id)
)
_RENEWAL_COLUMNS = (Permit.id, Permit.number, Permit.kind, Permit.klass, Permit.valid_to, Case.id.label("case_id"))
_UNDECIDED = and_(
    Case.status == "running",
    Matter.status == "open",
    LimitRow.facts["effect"].astext == "deemed_renewed",
    ClockFact.kind == "started",
    ClockFact.on_date <= Permit.valid_to,
    or_(PermitRenewal.permit_id.is_(None), PermitRenewal.permit_id == Permit.id),
)


def _in_renewal() -> Any:
    """Permits whose renewal waits for a decision."""
    return select(Permit.id).select_from(_RENEWALS).where(_UNDECIDED).correlate(None)


def _validity(kind: str, klass: str) -> str:
    if kind == "waste":
        return "waste.collection.validity" if klass == "collection" else "waste.comprehensive.validity"
    return "permit.registration.validity" if klass == "registration" else "permit.validity"


def _of(run: CaseRun) -> dict[str, Any]:
    return {"enterprise_id": run.enterprise_id, "case_id": run.id}


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
