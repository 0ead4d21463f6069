"""What pages and API show of the quota ledger: balances as of a day, a line over time, the way from source to use.

Every figure is a sum of entries and can be opened down to them; nothing here is stored.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, select, text

from registers import parties
from registers.quota_accounts import Account, QuotaAccount, QuotaEntry, QuotaPeriod, QuotaShare, Register

SHOWN = (Register.REDUCTION, Register.RESERVE, Register.RESERVED, Register.TOTAL, Register.UPPER)


@dataclass(frozen=True)
class Standing:
    """A zone and factor with the balance of each of its registers."""

    zone: str
    factor: str
    balances: dict[str, Decimal]


def standings(conn: Connection, zones: Iterable[str], period: str, on: date) -> list[Standing]:
    """The balances of all accounts of these zones at the end of a day."""
    rows = conn.execute(
        select(
            QuotaAccount.zone_code, QuotaAccount.factor, QuotaAccount.register, func.sum(QuotaEntry.amount).label("sum")
        )
        .join(QuotaEntry, QuotaEntry.account_id == QuotaAccount.id)
        .where(QuotaAccount.zone_code.in_(list(zones)), QuotaAccount.period == period, QuotaEntry.on_date <= on)
        .group_by(QuotaAccount.zone_code, QuotaAccount.factor, QuotaAccount.register)
        .order_by(QuotaAccount.zone_code, QuotaAccount.factor)
    )
    found: dict[tuple[str, str], dict[str, Decimal]] = {}
    for row in rows:
        found.setdefault((row.zone_code, row.factor), {})[row.register] = row.sum
    return [
        Standing(zone, factor, {str(name): balances.get(name, Decimal(0)) for name in SHOWN})
        for (zone, factor), balances in found.items()
    ]


def series(conn: Connection, account: Account, on: date) -> list[tuple[date, Decimal]]:
    """The balance of an account at the end of each day on which it changed."""
    rows = conn.execute(
        select(QuotaEntry.on_date, func.sum(QuotaEntry.amount).label("change"))
        .join(QuotaAccount, QuotaAccount.id == QuotaEntry.account_id)
        .where(
            QuotaAccount.zone_code == account.zone,
            QuotaAccount.factor == account.factor,
            QuotaAccount.register == account.register,
            QuotaAccount.period == account.period,
            QuotaEntry.on_date <= on,
        )
        .group_by(QuotaEntry.on_date)
        .order_by(QuotaEntry.on_date)
    )
    points, balance = [], Decimal(0)
    for row in rows:
        balance += row.change
        points.append((row.on_date, balance))
    return points


def waterfall(conn: Connection, account: Account, on: date) -> list[tuple[str, Decimal]]:
    """From source to use: what each kind of posting brought or took; reversals go with what they reverse.

    In the reserve, reservations are told by what became of them: used (commitment) or still open (reservation).
    """
    steps = _kinds(conn, account, on)
    if account.register == Register.RESERVE:
        held = _kinds(conn, account._replace(register=Register.RESERVED), on)
        steps = {kind: amount for kind, amount in steps.items() if kind not in ("reservation", "release")}
        steps["commitment"] = held.get("commitment", Decimal(0))
        steps["reservation"] = -sum(held.values(), Decimal(0))
    order = _ORDER.split()
    known = [(kind, steps[kind]) for kind in order if steps.get(kind)]
    return known + [(kind, amount) for kind, amount in steps.items() if kind not in order and amount]


def _kinds(conn: Connection, account: Account, on: date) -> dict[str, Decimal]:
    return {row.kind: row.amount for row in conn.execute(_WATERFALL, {**account._asdict(), "on": on})}


_ORDER = "opening reduction to_reserve upper_grant zone_transfer recovery commitment reservation release auction replacement upper_debit"
_WATERFALL = text(
    """
    SELECT coalesce(o.kind, p.kind) AS kind, sum(e.amount) AS amount
      FROM quota_entry e JOIN quota_account a ON a.id = e.account_id
      JOIN quota_posting p ON p.id = e.posting_id LEFT JOIN quota_posting o ON o.id = p.reverses
     WHERE a.zone_code = :zone AND a.factor = :factor AND a.register = :register AND a.period = :period
       AND e.on_date <= :on
     GROUP BY 1 HAVING sum(e.amount) <> 0 ORDER BY 1
    """
)


def account_entries(conn: Connection, account: Account, on: date, limit: int = 300) -> list[dict[str, Any]]:
    """The entries of an account up to a day with case, enterprise and person, newest first, and the balance after each."""
    rows = conn.execute(_ENTRIES, {**account._asdict(), "on": on, "limit": limit})
    return [dict(row) for row in rows.mappings()]


_ENTRIES = text(
    """
    SELECT x.posting_id, x.on_date, x.amount, x.balance, p.kind, p.document, p.rule, p.ratio, p.base, p.reason,
           p.reverses, p.posted_at, p.case_id, c.number AS case_number, n.name AS enterprise, u.name AS person
      FROM (SELECT e.id, e.posting_id, e.on_date, e.amount,
                   sum(e.amount) OVER (ORDER BY e.on_date, e.id) AS balance
              FROM quota_entry e JOIN quota_account a ON a.id = e.account_id
             WHERE a.zone_code = :zone AND a.factor = :factor AND a.register = :register AND a.period = :period
               AND e.on_date <= :on) x
      JOIN quota_posting p ON p.id = x.posting_id
      LEFT JOIN cases c ON c.id = p.case_id LEFT JOIN enterprise n ON n.id = p.enterprise_id
      LEFT JOIN app_user u ON u.id = p.actor_id
     ORDER BY x.on_date DESC, x.id DESC LIMIT :limit
    """
)


def posting_facts(conn: Connection, posting_id: uuid.UUID) -> dict[str, Any]:
    """The names behind a posting: case, enterprise, person, what reverses it."""
    row = conn.execute(_FACTS, {"id": posting_id}).mappings().first()
    return dict(row) if row else {}


_FACTS = text(
    """
    SELECT c.number AS case_number, c.title AS case_title, n.name AS enterprise, u.name AS person,
           (SELECT r.id FROM quota_posting r WHERE r.reverses = p.id) AS reversed_by
      FROM quota_posting p LEFT JOIN cases c ON c.id = p.case_id LEFT JOIN enterprise n ON n.id = p.enterprise_id
      LEFT JOIN app_user u ON u.id = p.actor_id WHERE p.id = :id
    """
)


def holdings(conn: Connection, enterprise_id: uuid.UUID) -> list[dict[str, Any]]:
    """The permitted totals of a unit by zone, factor and period."""
    rows = conn.execute(
        select(
            QuotaAccount.zone_code,
            parties.Zone.name_zh,
            parties.Zone.name_en,
            QuotaAccount.factor,
            QuotaAccount.period,
            QuotaPeriod.name_zh.label("period_zh"),
            QuotaPeriod.name_en.label("period_en"),
            QuotaShare.amount,
        )
        .join(QuotaShare, QuotaShare.account_id == QuotaAccount.id)
        .join(parties.Zone, parties.Zone.code == QuotaAccount.zone_code)
        .join(QuotaPeriod, QuotaPeriod.code == QuotaAccount.period)
        .where(QuotaShare.owner == enterprise_id, QuotaAccount.register == Register.TOTAL)
        .order_by(QuotaAccount.period.desc(), QuotaAccount.factor)
    )
    return [dict(row) for row in rows.mappings()]


def life(conn: Connection, enterprise_id: uuid.UUID, limit: int = 500) -> list[dict[str, Any]]:
    """Everything that happened to the quota of a unit: each posting with what it did to reserved and permitted."""
    rows = conn.execute(_LIFE, {"enterprise": enterprise_id, "limit": limit})
    return [dict(row) for row in rows.mappings()]


_LIFE = text(
    """
    SELECT p.id, p.kind, p.on_date, p.document, p.rule, p.ratio, p.base, p.reason, p.case_id, c.number AS case_number,
           a.zone_code, a.factor, coalesce(sum(e.amount) FILTER (WHERE a.register = 'reserved'), 0) AS reserved,
           coalesce(sum(e.amount) FILTER (WHERE a.register = 'total'), 0) AS permitted
      FROM quota_posting p JOIN quota_entry e ON e.posting_id = p.id JOIN quota_account a ON a.id = e.account_id
      LEFT JOIN cases c ON c.id = p.case_id
     WHERE p.enterprise_id = :enterprise AND p.kind <> 'reduction'
     GROUP BY p.id, c.number, a.zone_code, a.factor ORDER BY p.on_date DESC, p.id DESC LIMIT :limit
    """
)
