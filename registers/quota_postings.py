"""Posting to the quota ledger: double entry, append-only, in t/a with six places.

Every change is a posting whose lines sum to zero for each factor; the balance of a register account never falls
below zero, and neither does the part of a case in what is reserved or of an enterprise in what is permitted.
`post_all` is the only way in: one statement (`quota_post`, revision 0020) that writes postings, entries, shares
and, last, the balances, always in the order of the accounts' keys. Whoever makes several postings in one
transaction makes them in one call, so that two transactions never wait for each other in a circle.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from registers.hotpath import send
from registers.quota_accounts import PLACES, REGISTER_TITLES, Account, Kind, Line, QuotaPosting, Register, factors
from registers.quota_balances import lines_of

_POST = """
SELECT quota_post(%(at)s::timestamptz, %(keys)s::uuid[], %(kinds)s::text[], %(days)s::date[], %(zone_sets)s::text[],
       %(cases)s::uuid[], %(enterprises)s::uuid[], %(documents)s::text[], %(rules)s::text[], %(ratios)s::numeric[],
       %(bases)s::numeric[], %(reasons)s::text[], %(actors)s::uuid[], %(reversed)s::uuid[], %(zones)s::text[],
       %(factors)s::text[], %(registers)s::text[], %(periods)s::text[], %(line_posting)s::integer[],
       %(line_account)s::integer[], %(line_amount)s::numeric[], %(share_account)s::integer[], %(share_owner)s::uuid[],
       %(share_amount)s::numeric[])
"""


@dataclass(frozen=True)
class Posting:
    """A posting to be made; the lines sum to zero for each factor and period."""

    kind: Kind
    on: date
    lines: Sequence[Line]
    document: str = ""
    rule: str = ""
    reason: str = ""
    case_id: uuid.UUID | None = None
    enterprise_id: uuid.UUID | None = None
    ratio: Decimal | None = None
    base: Decimal | None = None
    actor_id: uuid.UUID | None = None
    reverses: uuid.UUID | None = None


def post(conn: Connection, posting: Posting, now: datetime) -> uuid.UUID:
    """Make one posting; returns its id. Raises DomainError `quota_short` and leaves nothing when it cannot be made."""
    return post_all(conn, [posting], now)[0]


def post_all(conn: Connection, postings: Sequence[Posting], now: datetime) -> list[uuid.UUID]:
    """Make several postings together: all or none, accounts locked once in the order of their ids."""
    if not postings:
        return []
    ids = [uuid7() for _ in postings]
    (answer,) = send(conn, _POST, _parameters(ids, postings, now))
    if answer is not None:
        raise _short(answer)
    return ids


def transfer(source: Account, target: Account, amount: Decimal) -> list[Line]:
    """The two lines that move an amount from one account to another."""
    return [(source, -amount), (target, amount)]


def reverse(
    conn: Connection,
    posting_id: uuid.UUID,
    *,
    on: date,
    now: datetime,
    reason: str,
    document: str = "",
    actor_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Take a posting back (冲正) by its opposite, with a reason; once only, and never below zero."""
    if not reason.strip():
        raise DomainError("reason", "冲正须说明理由。", "A reversal needs a reason.", pointer="reason")
    found = conn.execute(select(QuotaPosting.__table__).where(QuotaPosting.id == posting_id)).mappings().first()
    if found is None:
        raise NotFound("没有这笔记账。", "There is no such posting.")
    if found["kind"] == Kind.REVERSAL:
        raise Conflict("reversal", "冲正不能再冲正，请重新记账。", "A reversal is not reversed; post anew.")
    if conn.scalar(select(QuotaPosting.id).where(QuotaPosting.reverses == posting_id)):
        raise Conflict("reversed", "该笔记账已冲正。", "The posting has been reversed.")
    lines = [(account, -amount) for account, amount in lines_of(conn, posting_id)]
    return post(
        conn,
        Posting(
            Kind.REVERSAL,
            on,
            lines,
            document=document,
            rule=found["rule"],
            reason=reason,
            case_id=found["case_id"],
            enterprise_id=found["enterprise_id"],
            ratio=found["ratio"],
            base=found["base"],
            actor_id=actor_id,
            reverses=posting_id,
        ),
        now,
    )


def _parameters(ids: Sequence[uuid.UUID], postings: Sequence[Posting], now: datetime) -> dict[str, Any]:
    """What `quota_post` takes; accounts and shares in the one order in which everybody locks them."""
    lines: list[tuple[int, Account, Decimal]] = []
    shares: dict[tuple[Account, uuid.UUID], Decimal] = {}
    for number, posting in enumerate(postings, start=1):
        _check(posting)
        for account, amount in sorted(posting.lines, key=_group):
            lines.append((number, account, amount))
            owner = _owner(posting, account)
            if owner is not None:
                shares[account, owner] = shares.get((account, owner), Decimal(0)) + amount
    accounts = sorted({account for _, account, _ in lines})
    place = {account: number for number, account in enumerate(accounts, start=1)}
    parts = [(place[account], owner, amount) for (account, owner), amount in sorted(shares.items()) if amount]
    return {
        "at": now,
        "keys": ids,
        "kinds": [posting.kind for posting in postings],
        "days": [posting.on for posting in postings],
        "zone_sets": [sorted({account.zone for account, _ in posting.lines}) for posting in postings],
        "cases": [posting.case_id for posting in postings],
        "enterprises": [posting.enterprise_id for posting in postings],
        "documents": [posting.document for posting in postings],
        "rules": [posting.rule for posting in postings],
        "ratios": [posting.ratio for posting in postings],
        "bases": [posting.base for posting in postings],
        "reasons": [posting.reason for posting in postings],
        "actors": [posting.actor_id for posting in postings],
        "reversed": [posting.reverses for posting in postings],
        "zones": [account.zone for account in accounts],
        "factors": [account.factor for account in accounts],
        "registers": [account.register for account in accounts],
        "periods": [account.period for account in accounts],
        "line_posting": [number for number, _, _ in lines],
        "line_account": [place[account] for _, account, _ in lines],
        "line_amount": [amount for _, _, amount in lines],
        "share_account": [account for account, _, _ in parts],
        "share_owner": [owner for _, owner, _ in parts],
        "share_amount": [amount for _, _, amount in parts],
    }


def _group(line: Line) -> tuple[str, str]:
    """Lines of one factor and period follow each other: they sum to zero."""
    return line[0].factor, line[0].period


def _owner(posting: Posting, account: Account) -> uuid.UUID | None:
    if account.register == Register.RESERVED:
        return posting.case_id
    return posting.enterprise_id if account.register == Register.TOTAL else None


def _check(posting: Posting) -> None:
    """What a posting has to fulfil before the database is asked."""
    sums: dict[tuple[str, str], Decimal] = {}
    for account, amount in posting.lines:
        if amount != amount.quantize(PLACES):
            raise DomainError(
                "quota_places",
                f"总量指标最多六位小数：{amount} 吨/年。",
                f"Quota amounts have at most six places: {amount} t/a.",
                pointer=account.factor,
            )
        if account.factor not in factors():
            raise DomainError(
                "quota_factor",
                f"“{account.factor}”不属于总量管控因子。",
                f'"{account.factor}" is not a factor under quota control.',
                pointer=account.factor,
            )
        if account.register == Register.RESERVED and posting.case_id is None:
            raise DomainError("quota_case", "预占须注明案件。", "A reservation names its case.", pointer="case_id")
        if account.register == Register.TOTAL and posting.enterprise_id is None:
            raise DomainError(
                "quota_enterprise",
                "总量库记账须注明排污单位。",
                "A posting on permitted totals names the enterprise.",
                pointer="enterprise_id",
            )
        key = (account.factor, account.period)
        sums[key] = sums.get(key, Decimal(0)) + amount
    if not posting.lines or any(sums.values()) or any(not amount for _, amount in posting.lines):
        raise DomainError(
            "quota_balance",
            "每笔记账的借贷合计须为零，且每行金额不为零。",
            "The lines of a posting sum to zero, and no line is zero.",
        )


def _short(answer: Mapping[str, Any]) -> DomainError:
    item = factors().get(answer["factor"], {})
    register_zh, register_en = REGISTER_TITLES[answer["register"]]
    zone_zh, zone_en = answer["zone_zh"], answer["zone_en"]
    factor_zh, factor_en = item.get("zh", answer["factor"]), item.get("en", answer["factor"])
    have, asked = Decimal(answer["available"]), Decimal(answer["asked"])
    return DomainError(
        "quota_short",
        f"{zone_zh}{factor_zh}{register_zh}余额不足：可用 {have:f} 吨/年，需要 {asked:f} 吨/年。",
        f"{register_en} of {factor_en} in {zone_en} is short: {have:f} t/a available, {asked:f} t/a asked for.",
        pointer=answer["factor"],
        status=409,
        zone=answer["zone"],
        factor=answer["factor"],
        register=answer["register"],
        available=format(have, "f"),
        asked=format(asked, "f"),
    )
