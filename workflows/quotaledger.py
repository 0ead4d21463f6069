"""What people do with the quota ledger outside of cases: enter, transfer, auction, replace, reverse; ratios and bans.

An opening balance and a ratio table are an administrator's; everything else is a reviewer's or head's of the body the
zone belongs to. Ratios need a second administrator, bans the head: never the person who entered them.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update

from registers import parties, quota, quota_accounts, quota_balances, quota_postings, quota_rules, reduction_uses
from registers.accounts import Actor
from registers.db import uuid7
from registers.errors import Conflict, DomainError, Forbidden, NotFound
from registers.quota_accounts import Account, Kind, Register
from registers.quota_postings import Posting
from registers.quota_rules import QuotaBan, QuotaRatio
from workflows.commands import Answer, Step, command

OFFICERS = ("reviewer", "head")
# Where an opening balance may be entered.
OPENED = (Register.RESERVE, Register.REDUCTION, Register.UPPER, Register.TOTAL)
RULES = {
    Kind.OPENING: "SIPQUOTA:四.1",
    Kind.ZONE_TRANSFER: "SIPQUOTA:四.2",
    Kind.UPPER_GRANT: "SIPQUOTA:四.2",
    Kind.UPPER_DEBIT: "SIPQUOTA:四.2",
    Kind.AUCTION: "SX16:6",
    Kind.REPLACEMENT: "SX16:7",
}


@command("quota.enter")
def enter(
    step: Step,
    *,
    kind: str,
    zone: str,
    factor: str,
    amount: Decimal,
    document: str,
    reason: str,
    register: str = Register.RESERVE,
    to_zone: str | None = None,
    enterprise_id: uuid.UUID | None = None,
    from_enterprise_id: uuid.UUID | None = None,
    period: str | None = None,
    on: date | None = None,
) -> Answer:
    """Make one posting of a kind that people enter by hand; `RULES` names them."""
    if kind not in {str(name) for name in RULES}:
        raise DomainError("kind", "该类记账不能手工录入。", "This kind is not entered by hand.", pointer="kind")
    chosen = Kind(kind)
    _may_enter(step, chosen, zone)
    day = on or step.today
    if day > step.today:
        raise DomainError("on", "记账日期不能晚于今天。", "The date is not in the future.", pointer="on")
    if amount <= 0:
        raise DomainError("amount", "数量须大于零。", "The amount is above zero.", pointer="amount")
    _needed(document, "document", "请填写依据文件。", "Name the document.")
    _needed(reason, "reason", "请说明理由。", "Give the reason.")
    reserve = Account(zone, factor, Register.RESERVE, period or quota_accounts.period_on(step.conn, day))
    lines = _LINES[chosen](reserve, amount, {"register": register, "to_zone": to_zone})
    if chosen is Kind.ZONE_TRANSFER:
        parties.zone(step.conn, str(to_zone or ""))
    owners = _owners(step, chosen, register, enterprise_id, from_enterprise_id)
    postings = [
        Posting(
            chosen,
            day,
            part,
            document=document.strip()[:500],
            rule=RULES[chosen],
            reason=reason.strip()[:2000],
            enterprise_id=owner,
            ratio=Decimal(1) if chosen is Kind.REPLACEMENT else None,
            base=amount if chosen is Kind.REPLACEMENT else None,
            actor_id=step.actor.id,
        )
        for part, owner in zip(lines, owners, strict=True)
    ]
    made = quota_postings.post_all(step.conn, postings, step.now)
    return {"posting_ids": made}


Maker = Callable[[Account, Decimal, Mapping[str, Any]], list[list[quota_accounts.Line]]]


def _opening(reserve: Account, amount: Decimal, more: Mapping[str, Any]) -> list[list[quota_accounts.Line]]:
    if more["register"] not in {str(name) for name in OPENED}:
        raise DomainError("register", "请选择期初登记的库。", "Choose the register.", pointer="register")
    target = reserve._replace(register=str(more["register"]))
    return [quota_postings.transfer(reserve._replace(register=Register.SOURCE), target, amount)]


def _to_zone(reserve: Account, amount: Decimal, more: Mapping[str, Any]) -> list[list[quota_accounts.Line]]:
    if more["to_zone"] == reserve.zone:
        raise DomainError("to_zone", "请选择另一功能区。", "Choose another zone.", pointer="to_zone")
    return [quota_postings.transfer(reserve, reserve._replace(zone=str(more["to_zone"])), amount)]


def _replacement(reserve: Account, amount: Decimal, more: Mapping[str, Any]) -> list[list[quota_accounts.Line]]:
    """Two postings, one for each enterprise: what one gives up, the other gets, one to one (Shaoxing measure 7)."""
    total, used = reserve._replace(register=Register.TOTAL), reserve._replace(register=Register.USED)
    target = total._replace(zone=str(more["to_zone"] or reserve.zone))
    if target.zone == reserve.zone:
        return [quota_postings.transfer(total, used, amount), quota_postings.transfer(used, target, amount)]
    return [
        quota_postings.transfer(total, used, amount),
        quota_postings.transfer(used._replace(zone=target.zone), target, amount),
    ]


_LINES: dict[Kind, Maker] = {
    Kind.OPENING: _opening,
    Kind.ZONE_TRANSFER: _to_zone,
    Kind.UPPER_GRANT: lambda reserve, amount, _: [
        quota_postings.transfer(reserve._replace(register=Register.UPPER), reserve, amount)
    ],
    Kind.UPPER_DEBIT: lambda reserve, amount, _: [
        quota_postings.transfer(reserve, reserve._replace(register=Register.USED), amount)
    ],
    Kind.AUCTION: lambda reserve, amount, _: [
        quota_postings.transfer(reserve, reserve._replace(register=Register.TOTAL), amount)
    ],
    Kind.REPLACEMENT: _replacement,
}


def _owners(
    step: Step, kind: Kind, register: str, enterprise_id: uuid.UUID | None, from_enterprise_id: uuid.UUID | None
) -> list[uuid.UUID | None]:
    if kind is Kind.REPLACEMENT:
        if enterprise_id is None or from_enterprise_id is None or enterprise_id == from_enterprise_id:
            raise DomainError(
                "enterprise_id", "请填写出让和受让的两家单位。", "Name the two enterprises.", pointer="enterprise_id"
            )
        parties.enterprise(step.conn, from_enterprise_id)
        parties.enterprise(step.conn, enterprise_id)
        return [from_enterprise_id, enterprise_id]
    if kind is Kind.AUCTION or (kind is Kind.OPENING and register == Register.TOTAL):
        if enterprise_id is None:
            raise DomainError("enterprise_id", "请选择排污单位。", "Name the enterprise.", pointer="enterprise_id")
        parties.enterprise(step.conn, enterprise_id)
        return [enterprise_id]
    return [None]


@command("quota.reverse")
def reverse(step: Step, *, posting_id: uuid.UUID, reason: str, document: str = "") -> Answer:
    """Take a posting back with a reason; what a closed case would hold again is released at once."""
    found = quota_balances.posting(step.conn, posting_id)
    for zone in found["zone_codes"]:
        require_officer(step, zone)
    if found["kind"] in (Kind.RESERVATION, Kind.RELEASE):
        raise DomainError(
            "reversal_of_case",
            "预占和释放随案件办理，不能单独冲正。",
            "Reservations and releases follow their case and are not reversed by hand.",
        )
    reduction_uses.take_back(step.conn, posting_id)
    made = [
        quota_postings.reverse(
            step.conn,
            posting_id,
            on=step.today,
            now=step.now,
            reason=reason,
            document=document,
            actor_id=step.actor.id,
        )
    ]
    if found["kind"] == Kind.COMMITMENT and found["case_id"] is not None:
        made += quota.release(
            step.conn, found["case_id"], on=step.today, now=step.now, reason=reason, actor_id=step.actor.id
        )
    return {"posting_ids": made}


# -- ratios ------------------------------------------------------------------------------------------------


@command("quota.ratio_enter")
def ratio_enter(step: Step, *, valid_from: date, lines: list[dict[str, Any]], basis: str, note: str = "") -> Answer:
    """Enter a version of the ratio table; it counts when a second administrator has signed it."""
    require_administrator(step.actor)
    _needed(basis, "basis", "请填写比例所依据的文件。", "Name the document the ratios are taken from.")
    zones = [code for code, _, _ in parties.zones(step.conn)]
    checked = quota_rules.check_lines(lines, zones)
    version = quota_rules.next_version(step.conn)
    ratio_id = uuid7()
    step.conn.execute(
        insert(QuotaRatio).values(
            id=ratio_id,
            version=version,
            valid_from=valid_from,
            lines=checked,
            basis=basis.strip()[:500],
            note=note.strip()[:2000],
            status="proposed",
            entered_by=step.actor.id,
            entered_at=step.now,
        )
    )
    return {"ratio_id": ratio_id, "version": version}


@command("quota.ratio_sign")
def ratio_sign(step: Step, *, ratio_id: uuid.UUID, sign: bool, note: str = "") -> Answer:
    """Sign or reject a version of the ratio table; never one's own."""
    require_administrator(step.actor)
    row = step.conn.execute(select(QuotaRatio.__table__).where(QuotaRatio.id == ratio_id).with_for_update()).mappings()
    found = row.first()
    if found is None:
        raise NotFound("没有这版比例表。", "There is no such version.")
    if found["status"] != "proposed":
        raise Conflict("decided", "该版比例表已有结论。", "This version has been decided.")
    if found["entered_by"] == step.actor.id:
        raise Forbidden("比例表须由另一名管理员签核。", "Another administrator signs (four eyes).")
    if not sign:
        _needed(note, "note", "请说明不同意的理由。", "Give the reason of the rejection.")
    taken = select(QuotaRatio.id).where(QuotaRatio.status == "signed", QuotaRatio.valid_from == found["valid_from"])
    if sign and step.conn.scalar(taken) is not None:
        raise Conflict("version_taken", "该日已有比例表起效。", "A version begins on that day already.")
    step.conn.execute(
        update(QuotaRatio)
        .where(QuotaRatio.id == ratio_id)
        .values(
            status="signed" if sign else "rejected",
            signed_by=step.actor.id,
            signed_at=step.now,
            sign_note=note.strip()[:2000],
        )
    )
    return {"ratio_id": ratio_id, "signed": sign}


# -- bans --------------------------------------------------------------------------------------------------


@command("quota.ban_enter")
def ban_enter(
    step: Step, *, zone: str, factor: str, from_on: date, reason: str, document: str, to_on: date | None = None
) -> Answer:
    """Propose a ban on new amounts of a factor in a zone; the head puts it in force."""
    require_officer(step, zone)
    if factor not in quota_accounts.factors():
        raise DomainError("factor", "请选择管控因子。", "Choose a factor.", pointer="factor")
    if to_on is not None and to_on < from_on:
        raise DomainError("to_on", "止日不能早于起日。", "It does not end before it begins.", pointer="to_on")
    _needed(reason, "reason", "请说明理由。", "Give the reason.")
    _needed(document, "document", "请填写依据文件。", "Name the document.")
    ban_id = uuid7()
    step.conn.execute(
        insert(QuotaBan).values(
            id=ban_id,
            zone_code=zone,
            factor=factor,
            from_on=from_on,
            to_on=to_on,
            reason=reason.strip()[:2000],
            document=document.strip()[:500],
            status="proposed",
            entered_by=step.actor.id,
            entered_at=step.now,
        )
    )
    return {"ban_id": ban_id}


@command("quota.ban_decide")
def ban_decide(step: Step, *, ban_id: uuid.UUID, decision: str, note: str = "") -> Answer:
    """Put a proposed ban in force, reject it, or lift one that is in force; the head of the zone's body does."""
    row = step.conn.execute(select(QuotaBan.__table__).where(QuotaBan.id == ban_id).with_for_update()).mappings()
    found = row.first()
    if found is None or not _heads(step, found["zone_code"], OFFICERS):
        raise NotFound("没有这项限批。", "There is no such ban.")
    if not _heads(step, found["zone_code"], ("head",)):
        raise Forbidden("限批由签发人决定。", "A head decides on bans.")
    change = {
        ("proposed", "in_force"): "in_force",
        ("proposed", "reject"): "rejected",
        ("in_force", "lift"): "lifted",
    }.get((found["status"], decision))
    if change is None:
        raise Conflict("ban_status", "该限批的状态已改变。", "The ban is not in that state.")
    if found["entered_by"] == step.actor.id and change == "in_force":
        raise Forbidden("限批不能由提出人自己决定。", "Never by the person who proposed it.")
    if change != "in_force":
        _needed(note, "note", "请说明理由。", "Give the reason.")
    step.conn.execute(
        update(QuotaBan)
        .where(QuotaBan.id == ban_id)
        .values(status=change, decided_by=step.actor.id, decided_at=step.now, decision_note=note.strip()[:2000])
    )
    return {"ban_id": ban_id, "status": change}


# -- who may -------------------------------------------------------------------------------------------------


def is_administrator(actor: Actor) -> bool:
    """Whether a person enters and signs what is set for the whole installation."""
    return actor.is_system or bool(actor.role_names & {"system_admin", "security_admin"})


def require_administrator(actor: Actor) -> None:
    """Raise Forbidden for anybody but an administrator."""
    if not is_administrator(actor):
        raise Forbidden("只有管理员可以录入和签核。", "Only administrators enter and sign.")


def require_officer(step: Step, zone: str) -> None:
    """Raise unless the person reviews or heads for the body of the zone; a zone that is nobody's does not exist."""
    if not _heads(step, zone, OFFICERS):
        raise Forbidden("您不负责该功能区的总量指标。", "The quota of this zone is not yours to keep.")


def _heads(step: Step, zone: str, roles: tuple[str, ...]) -> bool:
    if step.actor.is_system:
        return True
    body_id = step.conn.scalar(select(parties.Zone.body_id).where(parties.Zone.code == zone))
    return body_id is not None and any(step.actor.has(role, body_id) for role in roles)


def _may_enter(step: Step, kind: Kind, zone: str) -> None:
    if kind is Kind.OPENING and is_administrator(step.actor):
        parties.zone(step.conn, zone)
        return
    if kind is Kind.OPENING:
        raise Forbidden("期初余额由管理员录入。", "An administrator enters opening balances.")
    require_officer(step, zone)


def _needed(text: str, pointer: str, zh: str, en: str) -> None:
    if not text.strip():
        raise DomainError(pointer, zh, en, pointer=pointer)
