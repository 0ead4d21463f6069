"""The quota ledger counted again from its entries, as an auditor would: what does not add up, said by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, text


class Difference(NamedTuple):
    """Something in the ledger that does not agree: about what, and why."""

    about: str
    zh: str
    en: str


_WITH_BALANCE = "quota_account a JOIN quota_balance b ON b.account_id = a.id"
_ACCOUNT = "a.zone_code || ' ' || a.factor || ' ' || a.register || ' ' || a.period"
# Each query yields: about what, what is counted, what is written.
_QUERIES: tuple[tuple[str, str, str], ...] = (
    (
        f"SELECT {_ACCOUNT}, coalesce(e.amount, 0), b.balance FROM {_WITH_BALANCE}"  # noqa: S608 - constants
        " LEFT JOIN (SELECT account_id, sum(amount) AS amount FROM quota_entry GROUP BY account_id) e"
        " ON e.account_id = a.id WHERE b.balance <> coalesce(e.amount, 0)",
        "余额应为 {counted:f}，账上为 {written:f}",
        "the entries sum to {counted:f}, the balance says {written:f}",
    ),
    (
        f"SELECT {_ACCOUNT}, 0, b.balance FROM {_WITH_BALANCE}"  # noqa: S608 - constants
        " WHERE b.balance < 0 AND a.register NOT IN ('source', 'used')",
        "余额为负：{written:f}",
        "the balance is below zero: {written:f}",
    ),
    (
        "SELECT p.id::text, 0, coalesce(sum(e.amount), 0) FROM quota_posting p"
        " LEFT JOIN quota_entry e ON e.posting_id = p.id LEFT JOIN quota_account a ON a.id = e.account_id"
        " GROUP BY p.id, a.factor, a.period HAVING coalesce(sum(e.amount), 0) <> 0 OR count(e.id) = 0",
        "记账不平：{written:f}",
        "the lines of the posting sum to {written:f}",
    ),
    (
        "SELECT 'entry ' || e.id, 0, e.amount FROM quota_entry e"
        " WHERE NOT EXISTS (SELECT 1 FROM quota_posting p WHERE p.id = e.posting_id)"
        " OR NOT EXISTS (SELECT 1 FROM quota_account a WHERE a.id = e.account_id)",
        "分录没有记账或账户：{written:f}",
        "an entry without posting or account: {written:f}",
    ),
    (
        # A share is the sum of what its owner's postings say.
        f"SELECT {_ACCOUNT} || ' ' || coalesce(s.owner, e.owner)::text, coalesce(e.amount, 0), coalesce(s.amount, 0)"  # noqa: S608
        " FROM quota_share s FULL JOIN ("
        "  SELECT e.account_id, CASE WHEN a.register = 'reserved' THEN p.case_id ELSE p.enterprise_id END AS owner,"
        "         sum(e.amount) AS amount"
        "    FROM quota_entry e JOIN quota_account a ON a.id = e.account_id AND a.register IN ('reserved', 'total')"
        "    JOIN quota_posting p ON p.id = e.posting_id GROUP BY 1, 2"
        " ) e ON e.account_id = s.account_id AND e.owner = s.owner"
        " JOIN quota_account a ON a.id = coalesce(s.account_id, e.account_id)"
        " WHERE coalesce(s.amount, 0) <> coalesce(e.amount, 0)",
        "份额应为 {counted:f}，账上为 {written:f}",
        "the postings of its owner sum to {counted:f}, the share says {written:f}",
    ),
    (
        "SELECT r.id::text, 0, coalesce(sum(e.amount), 0) FROM quota_posting r"
        " JOIN quota_entry e ON e.posting_id IN (r.id, r.reverses) WHERE r.reverses IS NOT NULL"
        " GROUP BY r.id, e.account_id HAVING sum(e.amount) <> 0",
        "冲正没有恢复原余额，差 {written:f}",
        "the reversal does not restore what it reverses; {written:f} remains",
    ),
    (
        "SELECT c.number, 0, sum(s.amount) FROM quota_share s"
        " JOIN quota_account a ON a.id = s.account_id AND a.register = 'reserved'"
        " JOIN cases c ON c.id = s.owner WHERE c.status <> 'running' AND s.amount > 0 GROUP BY c.number",
        "案件已办结，仍预占 {written:f}",
        "the case is closed and still holds {written:f}",
    ),
)


def differences(conn: Connection) -> Iterator[Difference]:
    """Everything that does not add up; reads the whole ledger."""
    for query, zh, en in _QUERIES:
        for about, counted, written in conn.execute(text(query)):
            yield Difference(
                str(about), zh.format(counted=counted, written=written), en.format(counted=counted, written=written)
            )


def size(conn: Connection) -> int:
    """How many entries there are."""
    return conn.scalar(text("SELECT count(*) FROM quota_entry")) or 0
