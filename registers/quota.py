"""The life of a reservation in the quota ledger: set aside for a case (预占), used (核销), given back (释放).

What a case needs is balanced at the ratio of each factor, all factors or none. How it is written stands in `quota_postings`,
what stands in the accounts in `quota_balances`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_UP, Decimal
from typing import NamedTuple

from sqlalchemy import Connection, select

from registers.quota_accounts import PLACES, Account, Kind, QuotaAccount, QuotaEntry, QuotaPosting, QuotaShare, Register
from registers.quota_balances import is_account
from registers.quota_postings import Posting, post_all, transfer


class Need(NamedTuple):
    """What a project needs of one factor: the added external amount and the ratio at which it is balanced."""

    factor: str
    added: Decimal
    ratio: Decimal
    rule: str

    @property
    def debit(self) -> Decimal:
        """What leaves the reserve: amount times ratio, never rounded down."""
        return (self.added * self.ratio).quantize(PLACES, rounding=ROUND_UP)


class Demand(NamedTuple):
    """What a case asks for, where and why."""

    case_id: uuid.UUID
    enterprise_id: uuid.UUID | None
    zone: str
    period: str
    needs: Sequence[Need]
    on: date
    document: str = ""
    reason: str = ""
    actor_id: uuid.UUID | None = None

    def postings(self) -> list[Posting]:
        """One reservation for each factor."""
        return [self._posting(need, debit) for need in self.needs if (debit := need.debit) > 0]

    def _posting(self, need: Need, debit: Decimal) -> Posting:
        reserve_ = Account(self.zone, need.factor, Register.RESERVE, self.period)
        return Posting(
            Kind.RESERVATION,
            self.on,
            transfer(reserve_, Account(self.zone, need.factor, Register.RESERVED, self.period), debit),
            document=self.document,
            rule=need.rule,
            reason=self.reason,
            case_id=self.case_id,
            enterprise_id=self.enterprise_id,
            ratio=need.ratio,
            base=need.added,
            actor_id=self.actor_id,
        )


def reserve(conn: Connection, demand: Demand, now: datetime) -> list[uuid.UUID]:
    """Set aside (预占) what a case needs, at the ratio of each factor; all factors or none."""
    return post_all(conn, demand.postings(), now)


def reserve_anew(conn: Connection, demand: Demand, now: datetime) -> list[uuid.UUID]:
    """Give back what the case holds and set aside what it needs now, in one go.

    Accounts are locked once and in their order, so two cases reviewed again at one moment cannot wait for each other
    in a circle. When the new amounts cannot be had, everything stays as it was (DomainError `quota_short`).
    """
    back = _releases(conn, demand.case_id, on=demand.on, reason=demand.reason, document=demand.document)
    return post_all(conn, [*back, *demand.postings()], now)


def reserved(conn: Connection, case_id: uuid.UUID) -> dict[Account, Decimal]:
    """What is set aside for a case and neither used nor released."""
    rows = conn.execute(
        select(
            QuotaAccount.zone_code, QuotaAccount.factor, QuotaAccount.register, QuotaAccount.period, QuotaShare.amount
        )
        .join(QuotaShare, QuotaShare.account_id == QuotaAccount.id)
        .where(QuotaShare.owner == case_id, QuotaShare.amount > 0, QuotaAccount.register == Register.RESERVED)
        .order_by(QuotaAccount.id)
    )
    return {Account(*row[:4]): row.amount for row in rows}


def commit(
    conn: Connection,
    case_id: uuid.UUID,
    *,
    on: date,
    now: datetime,
    document: str = "",
    reason: str = "",
    actor_id: uuid.UUID | None = None,
) -> list[uuid.UUID]:
    """Use (核销) what is set aside for a case: the added amount becomes permitted, the rest of the ratio is spent."""
    held = reserved(conn, case_id)
    postings = []
    for account, amount in held.items():
        made = _held(conn, case_id, account)
        permitted = min(made.base, amount)
        lines = [
            (account, -amount),
            (account._replace(register=Register.TOTAL), permitted),
            (account._replace(register=Register.USED), amount - permitted),
        ]
        postings.append(
            Posting(
                Kind.COMMITMENT,
                on,
                [line for line in lines if line[1]],
                document=document,
                rule=made.rule,
                reason=reason,
                case_id=case_id,
                enterprise_id=made.enterprise_id,
                ratio=made.ratio,
                base=made.base,
                actor_id=actor_id,
            )
        )
    return post_all(conn, postings, now)


def release(
    conn: Connection,
    case_id: uuid.UUID,
    *,
    on: date,
    now: datetime,
    reason: str,
    document: str = "",
    actor_id: uuid.UUID | None = None,
) -> list[uuid.UUID]:
    """Give back (释放) to the reserve all that is set aside for a case; nothing when nothing is."""
    return post_all(conn, _releases(conn, case_id, on=on, reason=reason, document=document, actor_id=actor_id), now)


def _releases(
    conn: Connection,
    case_id: uuid.UUID,
    *,
    on: date,
    reason: str,
    document: str,
    actor_id: uuid.UUID | None = None,
) -> list[Posting]:
    postings = []
    for account, amount in reserved(conn, case_id).items():
        made = _held(conn, case_id, account)
        postings.append(
            Posting(
                Kind.RELEASE,
                on,
                transfer(account, account._replace(register=Register.RESERVE), amount),
                document=document,
                rule=made.rule,
                reason=reason,
                case_id=case_id,
                enterprise_id=made.enterprise_id,
                ratio=made.ratio,
                base=made.base,
                actor_id=actor_id,
            )
        )
    return postings


@dataclass(frozen=True)
class _Held:
    """What stands behind the open part of a case: the added amount, and ratio, rule and enterprise of the newest."""

    base: Decimal
    ratio: Decimal | None
    rule: str
    enterprise_id: uuid.UUID | None


def _held(conn: Connection, case_id: uuid.UUID, account: Account) -> _Held:
    rows = conn.execute(
        select(
            QuotaPosting.kind,
            QuotaPosting.base,
            QuotaPosting.ratio,
            QuotaPosting.rule,
            QuotaPosting.enterprise_id,
            QuotaEntry.amount,
        )
        .join(QuotaEntry, QuotaEntry.posting_id == QuotaPosting.id)
        .join(QuotaAccount, QuotaAccount.id == QuotaEntry.account_id)
        .where(*is_account(account), QuotaPosting.case_id == case_id)
        .order_by(QuotaEntry.id)
    ).all()
    base = sum((row.base if row.amount > 0 else -row.base for row in rows if row.base is not None), Decimal(0))
    newest = [row for row in rows if row.kind == Kind.RESERVATION][-1]
    return _Held(base, newest.ratio, newest.rule, newest.enterprise_id)
