"""Posting to the quota ledger: double entry, append-only, in t/a with six places.

Every change is a posting whose lines sum to zero for each factor; the balance of a register account never falls
below zero, and neither does the part of a case in what is reserved or of an enterprise in what is permitted.
`post_all` is the only way in: one statement (`quota_post`, revision 0021) that writes postings, entries, shares
and, last, the balances, always in the order of the accounts' keys. Whoever makes several postings in one
transaction makes them in one call, so that two transactions never wait for each other in a circle.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from registers.hotpath import array, send
from registers.quota_accounts import PLACES, REGISTER_TITLES, Account, Kind, Line, QuotaPosting, Register, factors
from registers.quota_balances import lines_of

# What a posting says beside its lines, as `quota_post` takes it: a list each.
_COLUMNS = {
    "keys": "uuid",
    "days": "date",
    "cases": "uuid",
    "enterprises": "uuid",
    "documents": "text",
    "rules": "text",
    "ratios": "numeric",
    "bases": "numeric",
    "reasons": "text",
    "actors": "uuid",
    "reversed": "uuid",
}
_POST = """
SELECT quota_post(%(at)s::timestamptz, {keys}, %(kinds)s::text[], {days}, %(zone_sets)s::text[], {cases}, {enterprises},
       {documents}, {rules}, {ratios}, {bases}, {reasons}, {actors}, {reversed}, %(zones)s::text[],
       %(factors)s::text[], %(registers)s::text[], %(periods)s::text[], %(line_posting)s::integer[],
       %(line_account)s::integer[], %(line_amount)s::numeric[], %(share_account)s::integer[], %(share_owner)s::uuid[],
       %(share_amount)s::numeric[])
"""
_POST_MANY = _POST.format(**{name: f"%({name})s::{kind}[]" for name, kind in _COLUMNS.items()})
# One posting is what a step makes; written without lists around each word it costs a third less here.
_POST_ONE = _POST.format(**{name: f"ARRAY[%({name})s::{kind}]" for name, kind in _COLUMNS.items()})


class Posting(NamedTuple):
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
    said = [_said(key, posting) for key, posting in zip(ids, postings, strict=True)]
    if len(said) == 1:
        statement, columns = _POST_ONE, said[0]
    else:
        statement, columns = _POST_MANY, {name: [one[name] for one in said] for name in _COLUMNS}
    (answer,) = send(conn, statement, {"at": now, **columns, **_lines(postings)})
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


class _Shape(NamedTuple):
    """What postings of the same kinds on the same accounts have in common: worked out once, and written once.

    A line is named by its posting and its place there. Lines of one posting, factor and period follow each other: they
    sum to zero. Accounts stand in the one order in which everybody locks them, shares in the order of their accounts.
    """

    written: dict[str, str]  # the columns that are always the same
    groups: list[tuple[str, list[tuple[int, int]]]]  # the lines of a factor that sum to zero together
    owned: list[tuple[int, int, int, str]]  # the lines of reserved and permitted: with account and register


@lru_cache(maxsize=256)
def _shape(about: tuple[tuple[Kind, tuple[Account, ...]], ...]) -> _Shape:
    """Raises DomainError when no posting can look like this."""
    known = factors()
    for _, touched in about:
        if not touched:
            raise _unbalanced()
        for account in touched:
            if account.factor not in known:
                raise DomainError(
                    "quota_factor",
                    f"“{account.factor}”不属于总量管控因子。",
                    f'"{account.factor}" is not a factor under quota control.',
                    pointer=account.factor,
                )
    accounts = sorted({account for _, touched in about for account in touched})
    place = {account: number for number, account in enumerate(accounts, start=1)}
    groups: dict[tuple[int, str, str], list[tuple[int, int]]] = {}
    for number, (_, touched) in enumerate(about):
        for nth, account in sorted(enumerate(touched), key=lambda line: (line[1].factor, line[1].period)):
            groups.setdefault((number, account.factor, account.period), []).append((number, nth))
    lines = [(number, about[number][1][nth]) for group in groups.values() for number, nth in group]
    return _Shape(
        written={
            "kinds": array([kind for kind, _ in about]),
            "zone_sets": array([sorted({account.zone for account in touched}) for _, touched in about]),
            "zones": array([account.zone for account in accounts]),
            "factors": array([account.factor for account in accounts]),
            "registers": array([account.register for account in accounts]),
            "periods": array([account.period for account in accounts]),
            "line_posting": array([number + 1 for number, _ in lines]),
            "line_account": array([place[account] for _, account in lines]),
        },
        groups=[(factor, group) for (_, factor, _), group in groups.items()],
        owned=[
            (number, nth, place[account], account.register)
            for number, (_, touched) in enumerate(about)
            for nth, account in enumerate(touched)
            if account.register in (Register.RESERVED, Register.TOTAL)
        ],
    )


def _said(key: uuid.UUID, posting: Posting) -> dict[str, Any]:
    """What a posting says beside its lines."""
    return {
        "keys": key.hex,
        "days": posting.on,
        "cases": posting.case_id and posting.case_id.hex,
        "enterprises": posting.enterprise_id and posting.enterprise_id.hex,
        "documents": posting.document,
        "rules": posting.rule,
        "ratios": posting.ratio,
        "bases": posting.base,
        "reasons": posting.reason,
        "actors": posting.actor_id and posting.actor_id.hex,
        "reversed": posting.reverses and posting.reverses.hex,
    }


def _lines(postings: Sequence[Posting]) -> dict[str, Any]:
    """Kinds, accounts, lines and shares. Raises DomainError when they do not fulfil what a posting has to."""
    shape = _shape(tuple([(posting.kind, tuple([account for account, _ in posting.lines])) for posting in postings]))
    amounts: list[Decimal] = []
    for factor, group in shape.groups:
        together = [postings[number].lines[nth][1] for number, nth in group]
        _check(factor, together)
        amounts += together
    shares: dict[tuple[int, uuid.UUID], Decimal] = {}
    for number, nth, place, register in shape.owned:
        mine = place, _owner(postings[number], register)
        shares[mine] = shares.get(mine, _NOTHING) + postings[number].lines[nth][1]
    changed = [(account, owner, amount) for (account, owner), amount in sorted(shares.items()) if amount]
    return {
        **shape.written,
        "line_amount": amounts,
        "share_account": [account for account, _, _ in changed],
        "share_owner": [owner for _, owner, _ in changed],
        "share_amount": [amount for _, _, amount in changed],
    }


_NOTHING = Decimal(0)


def _owner(posting: Posting, register: str) -> uuid.UUID:
    """Whose part a line on reserved or permitted amounts is."""
    if register == Register.RESERVED:
        if posting.case_id is None:
            raise DomainError("quota_case", "预占须注明案件。", "A reservation names its case.", pointer="case_id")
        return posting.case_id
    if posting.enterprise_id is None:
        raise DomainError(
            "quota_enterprise",
            "总量库记账须注明排污单位。",
            "A posting on permitted totals names the enterprise.",
            pointer="enterprise_id",
        )
    return posting.enterprise_id


def _check(factor: str, amounts: Sequence[Decimal]) -> None:
    """Lines of one posting, factor and period: six places, none of them zero, and together nothing."""
    for amount in amounts:
        if amount != amount.quantize(PLACES):
            raise DomainError(
                "quota_places",
                f"总量指标最多六位小数：{amount} 吨/年。",
                f"Quota amounts have at most six places: {amount} t/a.",
                pointer=factor,
            )
    if sum(amounts) or not all(amounts):
        raise _unbalanced()


def _unbalanced() -> DomainError:
    return DomainError(
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
