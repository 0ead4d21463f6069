"""Reading the quota ledger: balances, shares, entries, one posting with its lines. Every figure is a sum of entries."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Connection, Numeric, column, func, select, table

from registers.errors import NotFound
from registers.quota_accounts import Account, Line, QuotaAccount, QuotaEntry, QuotaPosting, QuotaShare

# Where each account's amount is held stands in the database (revision 0021).
_BALANCE = table("quota_balance", column("account_id", BigInteger), column("balance", Numeric))


def balance(conn: Connection, account: Account, as_of: date | None = None) -> Decimal:
    """The balance of an account now, or at the end of a day (by the dates the postings count from)."""
    if as_of is None:
        found = conn.scalar(
            select(_BALANCE.c.balance)
            .join(QuotaAccount, QuotaAccount.id == _BALANCE.c.account_id)
            .where(*is_account(account))
        )
        return found if found is not None else Decimal(0)
    total = conn.scalar(
        select(func.sum(QuotaEntry.amount))
        .join(QuotaAccount, QuotaAccount.id == QuotaEntry.account_id)
        .where(*is_account(account), QuotaEntry.on_date <= as_of)
    )
    return total if total is not None else Decimal(0)


def share(conn: Connection, account: Account, owner: uuid.UUID) -> Decimal:
    """The part of a case (reserved) or an enterprise (total) in an account."""
    found = conn.scalar(
        select(QuotaShare.amount)
        .join(QuotaAccount, QuotaAccount.id == QuotaShare.account_id)
        .where(*is_account(account), QuotaShare.owner == owner)
    )
    return found if found is not None else Decimal(0)


def entries(conn: Connection, account: Account, limit: int = 1000) -> list[dict[str, Any]]:
    """The entries of an account with their postings, newest first."""
    names = [column for column in QuotaPosting.__table__.columns if column.name not in ("id", "on_date")]
    rows = conn.execute(
        select(QuotaEntry.__table__, *names)
        .join(QuotaAccount, QuotaAccount.id == QuotaEntry.account_id)
        .outerjoin(QuotaPosting, QuotaPosting.id == QuotaEntry.posting_id)
        .where(*is_account(account))
        .order_by(QuotaEntry.id.desc())
        .limit(limit)
    )
    return [dict(row) for row in rows.mappings()]


def posting(conn: Connection, posting_id: uuid.UUID) -> dict[str, Any]:
    """One posting with its lines; raises NotFound."""
    row = conn.execute(select(QuotaPosting.__table__).where(QuotaPosting.id == posting_id)).mappings().first()
    if row is None:
        raise NotFound("没有这笔记账，或您无权查看。", "There is no such posting, or it is not yours to see.")
    return {**row, "lines": lines_of(conn, posting_id)}


def lines_of(conn: Connection, posting_id: uuid.UUID) -> list[Line]:
    """The lines of a posting in the order in which they were written."""
    rows = conn.execute(
        select(
            QuotaAccount.zone_code, QuotaAccount.factor, QuotaAccount.register, QuotaAccount.period, QuotaEntry.amount
        )
        .join(QuotaEntry, QuotaEntry.account_id == QuotaAccount.id)
        .where(QuotaEntry.posting_id == posting_id)
        .order_by(QuotaEntry.id)
    )
    return [(Account(*row[:4]), row.amount) for row in rows]


def is_account(account: Account) -> list[Any]:
    """The conditions under which a row of accounts is this one."""
    return [
        QuotaAccount.zone_code == account.zone,
        QuotaAccount.factor == account.factor,
        QuotaAccount.register == account.register,
        QuotaAccount.period == account.period,
    ]
