"""The quota ledger: double entry, append-only, in t/a with six places.

Every change is a posting whose lines sum to zero for each factor; the balance of a register account never falls
below zero, and neither does the part of a case in what is reserved or of an enterprise in what is permitted.
`post_all` is the only way in: one statement (`quota_post`, revision 0003) that writes postings, entries, shares
and, last, the balances, always in the order of the accounts' keys. Whoever makes several postings in one
transaction makes them in one call, so that two transactions never wait for each other in a circle.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_UP, Decimal
from typing import Any

from sqlalchemy import Connection, func, select

from registers import catalogues
from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from registers.hotpath import send
from registers.quota_accounts import (
    PLACES,
    REGISTER_TITLES,
    Account,
    Kind,
    QuotaAccount,
    QuotaEntry,
    QuotaPart,
    QuotaPosting,
    QuotaShare,
    Register,
)

__all__ = [
    "Account",
    "Kind",
    "Need",
    "Posting",
    "Register",
    "balance",
    "commit",
    "entries",
    "factors",
    "lines_of",
    "post",
    "post_all",
    "posting",
    "release",
    "reserve",
    "reserved",
    "reverse",
    "share",
    "transfer",
]

Line = tuple[Account, Decimal]

_POST = """
SELECT quota_post(%(document)s::jsonb, %(zones)s, %(factors)s, %(registers)s, %(periods)s, %(nets)s::numeric[],
       %(line_posting)s::uuid[], %(line_on)s::date[], %(line_account)s::integer[], %(line_amount)s::numeric[],
       %(share_account)s::integer[], %(share_owner)s::uuid[], %(share_amount)s::numeric[])
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


@dataclass(frozen=True)
class Need:
    """What a project needs of one factor: the added external amount and the ratio at which it is balanced."""

    factor: str
    added: Decimal
    ratio: Decimal
    rule: str

    @property
    def debit(self) -> Decimal:
        """What leaves the reserve: amount times ratio, never rounded down."""
        return (self.added * self.ratio).quantize(PLACES, rounding=ROUND_UP)


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


# -- the life of a reservation ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Demand:
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
        return [self._posting(need) for need in self.needs if need.debit > 0]

    def _posting(self, need: Need) -> Posting:
        reserve_ = Account(self.zone, need.factor, Register.RESERVE, self.period)
        return Posting(
            Kind.RESERVATION,
            self.on,
            transfer(reserve_, reserve_._replace(register=Register.RESERVED), need.debit),
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


# -- reading -------------------------------------------------------------------------------------------------


def balance(conn: Connection, account: Account, as_of: date | None = None) -> Decimal:
    """The balance of an account now, or at the end of a day (by the dates the postings count from)."""
    if as_of is None:
        found = conn.scalar(
            select(func.sum(QuotaPart.amount))
            .join(QuotaAccount, QuotaAccount.id == QuotaPart.account_id)
            .where(*_is(account))
        )
        return found if found is not None else Decimal(0)
    total = conn.scalar(
        select(func.sum(QuotaEntry.amount))
        .join(QuotaAccount, QuotaAccount.id == QuotaEntry.account_id)
        .where(*_is(account), QuotaEntry.on_date <= as_of)
    )
    return total if total is not None else Decimal(0)


def share(conn: Connection, account: Account, owner: uuid.UUID) -> Decimal:
    """The part of a case (reserved) or an enterprise (total) in an account."""
    found = conn.scalar(
        select(QuotaShare.amount)
        .join(QuotaAccount, QuotaAccount.id == QuotaShare.account_id)
        .where(*_is(account), QuotaShare.owner == owner)
    )
    return found if found is not None else Decimal(0)


def entries(conn: Connection, account: Account, limit: int = 1000) -> list[dict[str, Any]]:
    """The entries of an account with their postings, newest first."""
    names = [column for column in QuotaPosting.__table__.columns if column.name not in ("id", "on_date")]
    rows = conn.execute(
        select(QuotaEntry.__table__, *names)
        .join(QuotaAccount, QuotaAccount.id == QuotaEntry.account_id)
        .outerjoin(QuotaPosting, QuotaPosting.id == QuotaEntry.posting_id)
        .where(*_is(account))
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


# -- helpers ---------------------------------------------------------------------------------------------------


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
        .where(*_is(account), QuotaPosting.case_id == case_id)
        .order_by(QuotaEntry.id)
    ).all()
    base = sum((row.base if row.amount > 0 else -row.base for row in rows if row.base is not None), Decimal(0))
    newest = [row for row in rows if row.kind == Kind.RESERVATION][-1]
    return _Held(base, newest.ratio, newest.rule, newest.enterprise_id)


def _is(account: Account) -> list[Any]:
    return [
        QuotaAccount.zone_code == account.zone,
        QuotaAccount.factor == account.factor,
        QuotaAccount.register == account.register,
        QuotaAccount.period == account.period,
    ]


def _parameters(ids: Sequence[uuid.UUID], postings: Sequence[Posting], now: datetime) -> dict[str, Any]:
    """What `quota_post` takes; accounts and shares in the one order in which everybody locks them."""
    nets: dict[Account, Decimal] = {}
    shares: dict[tuple[Account, uuid.UUID], Decimal] = {}
    for posting in postings:
        _check(posting)
        for account, amount in posting.lines:
            nets[account] = nets.get(account, Decimal(0)) + amount
            owner = _owner(posting, account)
            if owner is not None:
                shares[account, owner] = shares.get((account, owner), Decimal(0)) + amount
    accounts = sorted(nets)
    place = {account: number for number, account in enumerate(accounts, start=1)}
    lines = [(key, made.on, *line) for key, made in zip(ids, postings, strict=True) for line in made.lines]
    parts = [(key, amount) for key, amount in sorted(shares.items()) if amount]
    return {
        "document": json.dumps([_document(*made, now) for made in zip(ids, postings, strict=True)], ensure_ascii=False),
        "zones": [account.zone for account in accounts],
        "factors": [account.factor for account in accounts],
        "registers": [str(account.register) for account in accounts],
        "periods": [account.period for account in accounts],
        "nets": _array(nets[account] for account in accounts),
        "line_posting": _array(key for key, _, _, _ in lines),
        "line_on": _array(on for _, on, _, _ in lines),
        "line_account": _array(place[account] for _, _, account, _ in lines),
        "line_amount": _array(amount for _, _, _, amount in lines),
        "share_account": _array(place[account] for (account, _), _ in parts),
        "share_owner": _array(owner for (_, owner), _ in parts),
        "share_amount": _array(amount for _, amount in parts),
    }


def _array(values: Iterable[uuid.UUID | date | Decimal | int]) -> str:
    """PostgreSQL's text of an array of plain values: the driver's own way of dumping lists costs more than the rest."""
    return "{" + ",".join(format(value, "f") if isinstance(value, Decimal) else str(value) for value in values) + "}"


def _document(posting_id: uuid.UUID, posting: Posting, now: datetime) -> dict[str, Any]:
    return {
        "id": str(posting_id),
        "kind": posting.kind,
        "on": posting.on.isoformat(),
        "document": posting.document,
        "rule": posting.rule,
        "reason": posting.reason,
        "case": _text(posting.case_id),
        "enterprise": _text(posting.enterprise_id),
        "ratio": _text(posting.ratio),
        "base": _text(posting.base),
        "actor": _text(posting.actor_id),
        "reverses": _text(posting.reverses),
        "at": now.isoformat(),
        "zones": sorted({account.zone for account, _ in posting.lines}),
    }


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


def factors() -> Mapping[str, Mapping[str, Any]]:
    """The factors under quota control by key."""
    return {item["key"]: item for item in catalogues.pollutants()}


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


def _text(value: object) -> str | None:
    if isinstance(value, Decimal):
        return format(value, "f")
    return None if value is None else str(value)
