"""Reduction projects counted against the ledger: amounts and uses against their postings, sums against what is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, func, select, text

from registers.reduction_tables import ReductionAmount


class Difference(NamedTuple):
    """Something that does not agree: about what, and why."""

    about: str
    zh: str
    en: str


_NOT_REVERSED = "NOT EXISTS (SELECT 1 FROM quota_posting r WHERE r.reverses = u.posting_id)"
# Each query yields: about what, what is counted, what is written.
_QUERIES: tuple[tuple[str, str, str], ...] = (
    (
        "SELECT p.number || ' ' || a.factor, coalesce(sum(u.amount), 0), a.used FROM reduction_amount a"  # noqa: S608
        " JOIN reduction_project p ON p.id = a.project_id LEFT JOIN reduction_use u ON u.project_id = a.project_id"
        f" AND u.factor = a.factor AND u.purpose <> 'upper' AND {_NOT_REVERSED}"
        " GROUP BY p.number, a.factor, a.used HAVING coalesce(sum(u.amount), 0) <> a.used",
        "使用记录合计 {counted:f}，登记已用 {written:f}",
        "the uses sum to {counted:f}, the register says {written:f}",
    ),
    (
        "SELECT p.number || ' ' || a.factor, coalesce(sum(e.amount), 0), a.amount FROM reduction_amount a"
        " JOIN reduction_project p ON p.id = a.project_id LEFT JOIN quota_entry e ON e.posting_id = a.posting_id"
        " AND e.account_id IN (SELECT id FROM quota_account q WHERE q.factor = a.factor AND q.register = 'reduction')"
        " GROUP BY p.number, a.factor, a.amount HAVING coalesce(sum(e.amount), 0) <> a.amount",
        "入库记账 {counted:f}，登记减排量 {written:f}",
        "the posting enters {counted:f}, the register says {written:f}",
    ),
    (
        "SELECT p.number || ' ' || u.factor, coalesce(-sum(e.amount), 0), u.amount FROM reduction_use u"
        " JOIN reduction_project p ON p.id = u.project_id LEFT JOIN quota_entry e ON e.posting_id = u.posting_id"
        " AND e.amount < 0 GROUP BY p.number, u.factor, u.id, u.amount HAVING coalesce(-sum(e.amount), 0) <> u.amount",
        "使用记账 {counted:f}，登记使用 {written:f}",
        "the posting takes {counted:f}, the register says {written:f}",
    ),
)


def differences(conn: Connection) -> Iterator[Difference]:
    """What does not agree between the projects and the ledger."""
    for query, zh, en in _QUERIES:
        for about, counted, written in conn.execute(text(query)):
            said = {"counted": counted, "written": written}
            yield Difference(about, zh.format(**said), en.format(**said))


def size(conn: Connection) -> int:
    """How many audited amounts were looked at."""
    return conn.scalar(select(func.count()).select_from(ReductionAmount)) or 0
