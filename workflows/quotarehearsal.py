"""The quota ledger of a scenario: what it finds there, and what it must have left.

A scenario that says nothing about quota finds plenty of everything at a ratio of one, so procedures about other
things do not stop at a park that has opened no ledger yet. All of it is undone with the scenario.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, delete, insert, text, update

from registers import quota, quota_accounts, quota_balances, quota_postings
from registers.db import uuid7
from registers.quota_accounts import Account, Kind, Register
from registers.quota_postings import Posting
from registers.quota_rules import QuotaBan, QuotaRatio, next_version
from registers.timesource import TimeSource

ZONE, OTHER = "gaomao", "kejiao"
_PLENTY = "1000"


def furnish(conn: Connection, given: Mapping[str, Any], time: TimeSource) -> None:
    """Set the zone's reserve (and that of another zone and the upper level), ratios and bans as the scenario says."""
    today, factors = time.today(), quota_accounts.factors()
    quota_accounts.seed(conn)
    period = quota_accounts.period_on(conn, today)
    wanted = {
        Account(zone, factor, register, period): Decimal(str(amounts.get(factor, 0)))
        for zone, register, amounts in (
            (ZONE, Register.RESERVE, given.get("reserve", {}) if given else dict.fromkeys(factors, _PLENTY)),
            (ZONE, Register.UPPER, given.get("upper", {})),
            (OTHER, Register.RESERVE, given.get("other", {})),
        )
        for factor in factors
    }
    postings = []
    for account, amount in wanted.items():
        gap = amount - quota_balances.balance(conn, account)
        if gap:
            lines = quota_postings.transfer(account._replace(register=Register.SOURCE), account, gap)
            postings.append(Posting(Kind.OPENING, today, lines, document="rehearsal", reason="rehearsal"))
    quota_postings.post_all(conn, postings, time.now())
    _rules(conn, given, time)


def _rules(conn: Connection, given: Mapping[str, Any], time: TimeSource) -> None:
    ratios = given.get("ratios") if given else dict.fromkeys(quota_accounts.factors(), "1")
    lines = [{"factor": factor, "zone": "", "industry": "", "ratio": ratio} for factor, ratio in (ratios or {}).items()]
    conn.execute(delete(QuotaRatio).where(QuotaRatio.status == "signed", QuotaRatio.valid_from == time.today()))
    conn.execute(
        insert(QuotaRatio).values(
            id=uuid7(),
            version=next_version(conn),
            valid_from=time.today(),
            lines=lines,
            basis="rehearsal",
            note="",
            status="signed",
            entered_by=uuid7(),
            entered_at=time.now(),
            signed_by=uuid7(),
            signed_at=time.now(),
        )
    )
    conn.execute(update(QuotaBan).where(QuotaBan.status == "in_force").values(status="lifted"))
    for factor in given.get("bans", ()):
        conn.execute(
            insert(QuotaBan).values(
                id=uuid7(),
                zone_code=ZONE,
                factor=factor,
                from_on=time.today(),
                reason="rehearsal",
                document="rehearsal",
                status="in_force",
                entered_at=time.now(),
            )
        )


def compare(conn: Connection, expect: Mapping[str, Any], case_id: uuid.UUID, today: date) -> list[str]:
    """What the ledger shows and the scenario does not expect: reserve of the zone, parts of the case and its owner."""
    problems = []
    period = quota_accounts.period_on(conn, today)
    for factor, amount in expect.get("reserve", {}).items():
        found = quota_balances.balance(conn, Account(ZONE, factor, Register.RESERVE, period))
        if found != Decimal(amount):
            problems.append(f"ledger: reserve of {factor} {found:f} instead of {amount}")
    if "reserved" in expect:
        held = {
            account.factor: format(amount.normalize(), "f") for account, amount in quota.reserved(conn, case_id).items()
        }
        if held != expect["reserved"]:
            problems.append(f"ledger: reserved {held} instead of {expect['reserved']}")
    if "total" in expect:
        permitted = _permitted(conn, case_id)
        if permitted != {factor: Decimal(amount) for factor, amount in expect["total"].items()}:
            problems.append(f"ledger: permitted {permitted} instead of {expect['total']}")
    return problems


_PERMITTED = text(
    "SELECT a.factor, sum(e.amount) AS amount FROM quota_posting p JOIN quota_entry e ON e.posting_id = p.id"
    " JOIN quota_account a ON a.id = e.account_id WHERE p.case_id = :case_id AND a.register = 'total'"
    " GROUP BY a.factor HAVING sum(e.amount) <> 0"
)


def _permitted(conn: Connection, case_id: uuid.UUID) -> dict[str, Decimal]:
    return {row.factor: row.amount for row in conn.execute(_PERMITTED, {"case_id": case_id})}
