"""The daily round of the quota ledger: surplus that should come back, zones that run short.

Surplus (指标校核, SIPQUOTA 四.4): where the audited actual amount of a full year after the approval is below the
percentage of the house rules, a proposal is entered; an officer decides with reasons, because the rules take it back
结合实际. Warnings (预警通报, 四.3): a zone and factor whose reserve is low, or whose last year's use would empty it soon,
is told to the zone's body, and on red a ban is proposed, which only a head can put in force.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from registers import house, parties, quota_accounts, quota_balances, quota_postings
from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from registers.quota_accounts import Account, Kind, Register
from registers.quota_postings import Posting
from registers.quota_rules import QuotaBan, QuotaRecovery
from workflows import cron, notify
from workflows.commands import Answer, Step, command
from workflows.quotaledger import require_officer

BASIS = "SIPQUOTA:四.4"

# Permitted totals of units with their audited actual amount of a whole year of operation (the start is reported on
# the permit) that began after the last approval.
_SURPLUS = text(
    """
    SELECT s.owner AS enterprise_id, a.zone_code, a.factor, a.period, s.amount AS permitted, t.actual, t.year
      FROM quota_share s JOIN quota_account a ON a.id = s.account_id AND a.register = 'total'
      JOIN LATERAL (SELECT u.actual, u.year FROM unit_total u
                     WHERE u.enterprise_id = s.owner AND u.factor = a.factor AND u.zone_code = a.zone_code
                       AND u.status = 'decided' ORDER BY u.year DESC LIMIT 1) t ON true
     WHERE s.amount > 0 AND t.actual < s.amount * :percent / 100
       AND make_date(t.year, 1, 1) > (SELECT max(e.on_date) FROM quota_entry e JOIN quota_posting p ON p.id = e.posting_id
              WHERE e.account_id = a.id AND e.amount > 0 AND p.enterprise_id = s.owner)
       AND EXISTS (SELECT 1 FROM permit o WHERE o.enterprise_id = s.owner
              AND o.operation_started_on <= make_date(t.year, 1, 1))
       AND NOT EXISTS (SELECT 1 FROM quota_recovery r WHERE r.enterprise_id = s.owner AND r.zone_code = a.zone_code
              AND r.factor = a.factor AND r.period = a.period AND (r.status = 'proposed' OR r.year = t.year))
     ORDER BY a.zone_code, a.factor LIMIT 1000
    """
)


@dataclass(frozen=True)
class Supply:
    """How a zone stands with a factor: what came in, what is left, what may come, how fast it goes.

    `coming` is entered in the register of reductions, `under_audit` declared and not decided yet. `months` is how long
    what is free and coming lasts at last year's use, `months_audited` counts what is under audit as well; the warning
    does not, since nobody knows yet what of it will be entered.
    """

    zone: str
    factor: str
    period: str
    income: Decimal
    free: Decimal
    reserved: Decimal
    coming: Decimal
    under_audit: Decimal
    used_year: Decimal
    months: Decimal | None
    months_audited: Decimal | None
    level: str


@command("day.quota")
def daily(step: Step) -> Answer:
    """Propose surplus for recovery, warn of short supply."""
    if not cron.claim(step):
        return {"ran": False}
    numbers = house.values(step.conn)
    proposed = _propose_surplus(step, numbers["quota.recovery_percent"])
    warned = _warn(step)
    return {"ran": True, "proposed": proposed, "warned": warned}


cron.DAILY.append(cron.Daily(daily, 3))


def _propose_surplus(step: Step, percent: int) -> int:
    rows = [
        {
            "id": uuid7(),
            "enterprise_id": row.enterprise_id,
            "zone_code": row.zone_code,
            "factor": row.factor,
            "period": row.period,
            "ground": "surplus",
            "permitted": row.permitted,
            "actual": row.actual,
            "year": row.year,
            "amount": row.permitted - row.actual,
            "facts": f"{row.year}年核定实际排放 {row.actual:f} 吨，低于许可 {row.permitted:f} 吨的{percent}%",
            "status": "proposed",
            "proposed_at": step.now,
        }
        for row in step.conn.execute(_SURPLUS, {"percent": percent})
    ]
    if rows:
        step.conn.execute(upsert(QuotaRecovery).on_conflict_do_nothing(), rows)
    return len(rows)


@command("quota.recovery_propose")
def propose(
    step: Step,
    *,
    enterprise_id: uuid.UUID,
    zone: str,
    factor: str,
    ground: str,
    amount: Decimal,
    facts: str,
    period: str | None = None,
) -> Answer:
    """Propose by hand to take permitted quota back: a project that was dropped, or another ground."""
    require_officer(step, zone)
    if ground not in ("dropped", "surplus", "other"):
        raise DomainError("ground", "请选择回收情形。", "Choose the ground.", pointer="ground")
    if not facts.strip():
        raise DomainError("facts", "请说明事实和依据。", "Give the facts.", pointer="facts")
    account = Account(zone, factor, Register.TOTAL, period or quota_accounts.period_on(step.conn, step.today))
    permitted = quota_balances.share(step.conn, account, enterprise_id)
    if not 0 < amount <= permitted:
        raise DomainError(
            "amount",
            f"回收量须大于零且不超过该单位许可量 {permitted:f} 吨/年。",
            f"The amount is above zero and at most the unit's permitted {permitted:f} t/a.",
            pointer="amount",
        )
    recovery_id = step.conn.scalar(
        upsert(QuotaRecovery)
        .values(
            id=uuid7(),
            enterprise_id=enterprise_id,
            zone_code=zone,
            factor=factor,
            period=account.period,
            ground=ground,
            permitted=permitted,
            amount=amount,
            facts=facts.strip()[:2000],
            status="proposed",
            proposed_by=step.actor.id,
            proposed_at=step.now,
        )
        .on_conflict_do_nothing()
        .returning(QuotaRecovery.id)
    )
    if recovery_id is None:
        raise Conflict("recovery_open", "该单位此因子已有待决定的回收。", "A recovery of this is waiting already.")
    return {"recovery_id": recovery_id}


@command("quota.recovery_decide")
def decide(step: Step, *, recovery_id: uuid.UUID, recover: bool, reason: str, amount: Decimal | None = None) -> Answer:
    """Decide a recovery with reasons: all or part of what was proposed goes back to the reserve, or nothing does."""
    query = select(QuotaRecovery.__table__).where(QuotaRecovery.id == recovery_id).with_for_update()
    found = step.conn.execute(query).mappings().first()
    if found is None:
        raise NotFound("没有这项回收。", "There is no such recovery.")
    require_officer(step, found["zone_code"])
    if found["status"] != "proposed":
        raise Conflict("decided", "该回收已有结论。", "This recovery has been decided.")
    if not reason.strip():
        raise DomainError("reason", "请说明理由（细则要求结合实际）。", "Give the reasons.", pointer="reason")
    taken = amount if amount is not None else found["amount"]
    if recover and not 0 < taken <= found["amount"]:
        raise DomainError("amount", "回收量不能超过提出的数量。", "At most what was proposed.", pointer="amount")
    posting_id = _take_back(step, dict(found), taken, reason) if recover else None
    step.conn.execute(
        update(QuotaRecovery)
        .where(QuotaRecovery.id == recovery_id)
        .values(
            status="recovered" if recover else "declined",
            decided_by=step.actor.id,
            decided_at=step.now,
            reason=reason.strip()[:2000],
            posting_id=posting_id,
        )
    )
    _tell_unit(step, dict(found), taken, recover)
    return {"recovery_id": recovery_id, "posting_id": posting_id}


def _take_back(step: Step, found: dict[str, Any], amount: Decimal, reason: str) -> uuid.UUID:
    total = Account(found["zone_code"], found["factor"], Register.TOTAL, found["period"])
    return quota_postings.post(
        step.conn,
        Posting(
            Kind.RECOVERY,
            step.today,
            quota_postings.transfer(total, total._replace(register=Register.RESERVE), amount),
            document=found["facts"],
            rule=BASIS,
            reason=reason.strip()[:2000],
            enterprise_id=found["enterprise_id"],
            actor_id=step.actor.id,
        ),
        step.now,
    )


def _tell_unit(step: Step, found: dict[str, Any], amount: Decimal, recover: bool) -> None:
    item = quota_accounts.factors()[found["factor"]]
    zh = f"回收总量指标：{item['zh']} {amount:f} 吨/年" if recover else f"总量指标不予回收：{item['zh']}"
    en = f"Quota taken back: {item['en']} {amount:f} t/a" if recover else f"Quota not taken back: {item['en']}"
    to = notify.of_enterprise(step.conn, found["enterprise_id"], step.today)
    notify.send(step.conn, step.now, [notify.Outgoing(to, "decision", zh, en, None, "/quota/unit")])


# -- early warning -----------------------------------------------------------------------------------------------

_SUPPLY = text(
    """
    SELECT a.zone_code, a.factor, a.period, f.balance AS free,
           coalesce((SELECT b.balance FROM quota_account r JOIN quota_balance b ON b.account_id = r.id
            WHERE r.zone_code = a.zone_code AND r.factor = a.factor
              AND r.period = a.period AND r.register = 'reserved'), 0) AS reserved,
           coalesce((SELECT b.balance FROM quota_account r JOIN quota_balance b ON b.account_id = r.id
            WHERE r.zone_code = a.zone_code AND r.factor = a.factor
              AND r.period = a.period AND r.register = 'reduction'), 0) AS coming,
           coalesce((SELECT sum((l.line->>'net_t')::numeric) FROM reduction_project d,
                jsonb_array_elements(d.calculation->'lines') AS l(line)
              WHERE d.zone_code = a.zone_code AND d.status = 'declared' AND d.period = a.period
                AND l.line->>'factor' = a.factor AND (l.line->>'net_t')::numeric > 0), 0) AS under_audit,
           coalesce((SELECT sum(e.amount) FROM quota_entry e JOIN quota_posting p ON p.id = e.posting_id
              WHERE e.account_id = a.id AND p.kind NOT IN ('reservation', 'release', 'reversal') AND e.amount > 0), 0)
             AS income,
           coalesce((SELECT -sum(e.amount) FROM quota_entry e JOIN quota_posting p ON p.id = e.posting_id
              WHERE e.account_id = a.id AND e.on_date > :since
                AND p.kind IN ('reservation', 'release', 'auction', 'upper_debit')), 0) AS used_year
      FROM quota_account a JOIN quota_balance f ON f.account_id = a.id WHERE a.register = 'reserve' AND a.period = :period
       AND (CAST(:zones AS text[]) IS NULL OR a.zone_code = ANY (:zones))
     ORDER BY a.zone_code, a.factor
    """
)


def supplies(conn: Connection, on: date, zones: list[str] | None = None) -> list[Supply]:
    """How every zone stands with every factor it keeps, with the warning its figures give."""
    numbers = house.values(conn)
    period = quota_accounts.period_on(conn, on)
    rows = conn.execute(_SUPPLY, {"period": period, "since": on - timedelta(days=365), "zones": zones})
    return [_judged(row, numbers) for row in rows if row.income > 0 or row.reserved > 0]


def _judged(row: Any, numbers: dict[str, int]) -> Supply:
    """Red or yellow by the share that is left, yellow as well when the last year's use would empty it soon."""
    months = _lasting(row.free + row.coming, row.used_year)
    share = row.free * 100 / row.income if row.income > 0 else Decimal(0)
    if share < numbers["quota.warn_red_percent"]:
        level = "red"
    elif share < numbers["quota.warn_yellow_percent"] or (months is not None and months < numbers["quota.warn_months"]):
        level = "yellow"
    else:
        level = "none"
    return Supply(
        row.zone_code,
        row.factor,
        row.period,
        row.income,
        row.free,
        row.reserved,
        row.coming,
        row.under_audit,
        max(row.used_year, Decimal(0)),
        months,
        _lasting(row.free + row.coming + row.under_audit, row.used_year),
        level,
    )


def _lasting(tons: Decimal, used_year: Decimal) -> Decimal | None:
    """For how many months an amount lasts at a year's use; None when nothing was used."""
    return (tons * 12 / used_year).quantize(Decimal("0.1")) if used_year > 0 else None


def _warn(step: Step) -> int:
    """Tell the body of each zone once a month and level; on red, propose a ban unless one is there."""
    bodies = {row.code: row for row in step.conn.execute(select(parties.Zone.__table__))}
    told = []
    for supply in supplies(step.conn, step.today):
        month = step.today.replace(day=1)
        name = f"quota:{supply.zone}:{supply.factor}:{supply.level}"
        if supply.level == "none" or not _first(step, name, month):
            continue
        zone, item = bodies[supply.zone], quota_accounts.factors()[supply.factor]
        colour_zh, colour_en = ("红色", "Red") if supply.level == "red" else ("黄色", "Yellow")
        told.append(
            notify.Outgoing(
                notify.of_body(step.conn, zone.body_id, ("reviewer", "head"), step.today)
                | notify.supervisors(step.conn, zone.body_id, step.today),
                "reminder",
                f"总量指标{colour_zh}预警：{zone.name_zh}{item['zh']}储备余额 {supply.free:f} 吨/年",
                f"{colour_en} warning: {item['en']} in {zone.name_en}, {supply.free:f} t/a left in the reserve",
                None,
                f"/quota/{supply.zone}/{supply.factor}",
            )
        )
        if supply.level == "red":
            _propose_ban(step, supply)
    notify.send(step.conn, step.now, told)
    return len(told)


def _first(step: Step, name: str, month: date) -> bool:
    row = {"name": name, "on_date": month, "at": step.now}
    statement = upsert(cron.CronRun).values(row).on_conflict_do_nothing().returning(cron.CronRun.name)
    return step.conn.scalar(statement) is not None


def _propose_ban(step: Step, supply: Supply) -> None:
    standing = select(func.count()).where(
        QuotaBan.zone_code == supply.zone,
        QuotaBan.factor == supply.factor,
        QuotaBan.status.in_(("proposed", "in_force")),
    )
    if step.conn.scalar(standing):
        return
    step.conn.execute(
        insert(QuotaBan).values(
            id=uuid7(),
            zone_code=supply.zone,
            factor=supply.factor,
            from_on=step.today,
            reason=f"储备库余额 {supply.free:f} 吨/年，低于入库量 {supply.income:f} 吨/年的预警线",
            document="系统预警（细则四.3）",
            status="proposed",
            entered_by=None,
            entered_at=step.now,
        )
    )
