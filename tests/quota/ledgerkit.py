"""Helpers of the ledger tests: accounts of one zone and factor, opening amounts, the sums an auditor would make."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Connection

from registers import quota_postings
from registers.quota_accounts import Account, Kind
from registers.quota_postings import Posting

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
    lines = quota_postings.transfer(account("source", factor, zone), account("reserve", factor, zone), tons(amount))
    return quota_postings.post(conn, Posting(Kind.OPENING, ON, lines, document="清查报告", reason="期初"), NOW)
