"""Helpers of the ledger tests: accounts of one zone and factor, opening amounts, the sums an auditor would make."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Connection, text

from registers import quota
from registers.quota import Account, Kind, Posting

ON = date(2026, 9, 1)
NOW = datetime(2026, 9, 1, 1, tzinfo=UTC)


def account(register: str, factor: str = "CD", zone: str = "shangwu", period: str = "15") -> Account:
    """An account of the demonstration park which its demonstration data leave empty."""
    return Account(zone, factor, register, period)


def tons(amount: str) -> Decimal:
    """An amount as it stands in the ledger."""
    return Decimal(amount).quantize(Decimal("0.000001"))


def open_reserve(conn: Connection, amount: str, factor: str = "CD", zone: str = "shangwu") -> uuid.UUID:
    """Enter an opening balance of a zone's reserve."""
    lines = quota.transfer(account("source", factor, zone), account("reserve", factor, zone), tons(amount))
    return quota.post(conn, Posting(Kind.OPENING, ON, lines, document="清查报告", reason="期初"), NOW)


def differences(conn: Connection) -> list[str]:
    """Everything that does not add up, counted from the entries alone."""
    wrong = [
        *conn.execute(
            text(
                "SELECT 'balance of account ' || a.id FROM quota_account a LEFT JOIN quota_entry e ON e.account_id = a.id"
                " GROUP BY a.id HAVING a.balance <> coalesce(sum(e.amount), 0)"
            )
        ).scalars(),
        *conn.execute(
            text(
                "SELECT 'posting ' || e.posting_id FROM quota_entry e JOIN quota_account a ON a.id = e.account_id"
                " GROUP BY e.posting_id, a.factor, a.period HAVING sum(e.amount) <> 0"
            )
        ).scalars(),
        *conn.execute(
            text(
                "SELECT 'negative account ' || id FROM quota_account"
                " WHERE balance < 0 AND register NOT IN ('source', 'used')"
            )
        ).scalars(),
    ]
    return [str(item) for item in wrong]
