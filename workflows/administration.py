"""Commands of the security administrator: bodies with their powers and zones, enterprises, accounts and roles.

Every one of them leaves a line in the record of the house. An account is never deleted, it is closed:
who has acted stays known.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from registers import accounts, factors, house, parties, security
from registers.db import uuid7
from registers.errors import Conflict, DomainError, NotFound
from workflows import access, housebook
from workflows.commands import Answer, Step, command

# What of a body, an enterprise and an account may be changed after it was entered.
BODY_FACTS = (
    "name_zh",
    "name_en",
    "kind",
    "prefix",
    "phone",
    "address",
    "court_name",
    "reconsideration_name",
    "region_code",
    "parent_id",
    "active",
)
ENTERPRISE_FACTS = (
    "name", "address", "legal_representative", "contact_name", "contact_phone", "industry", "zone_code",
)  # fmt: skip
USER_FACTS = ("name", "active")
BODY_KINDS = ("province", "city", "county", "park_bureau", "park_committee", "department")


@command("body.create")
def create_body(
    step: Step,
    *,
    code: str,
    name_zh: str,
    name_en: str,
    kind: str,
    prefix: str,
    parent_id: uuid.UUID | None = None,
    phone: str = "",
    address: str = "",
    court_name: str = "",
    reconsideration_name: str = "",
    region_code: str = "",
    powers: tuple[str, ...] = (),
    basis: str = "",
) -> Answer:
    """Enter a body of the administration with the matters it decides from today on."""
    access.require(step.actor, "users.manage")
    _known_kind(kind)
    _filled(code=code, name_zh=name_zh, prefix=prefix)
    if step.conn.scalar(select(parties.Body.id).where(parties.Body.code == code)):
        raise Conflict("code_taken", "该机构代码已被使用。", "This code is taken.", pointer="code")
    facts = {"kind": kind, "prefix": prefix, "phone": phone, "address": address}
    facts |= {"court_name": court_name, "reconsideration_name": reconsideration_name, "region_code": region_code}
    _known_region(facts)
    body_id = parties.create_body(
        step.conn, code=code, name_zh=name_zh, name_en=name_en or name_zh, parent_id=parent_id, **facts
    )
    entered = {"category" if name == "kind" else name: value for name, value in facts.items()}
    housebook.record(step, "body_created", body=code, name=name_zh, parent=parent_id, **entered)
    for matter in powers:
        _grant(step, body_id, matter, None, step.today, basis or "由安全管理员登记")
    return {"body_id": body_id}


@command("body.change")
def change_body(step: Step, *, body_id: uuid.UUID, **facts: Any) -> Answer:
    """Change names, contacts, court, place in the hierarchy or activity of a body; the code stays."""
    access.require(step.actor, "users.manage")
    if "kind" in facts:
        _known_kind(facts["kind"])
    _filled(**{key: facts[key] for key in ("name_zh", "name_en", "prefix") if key in facts})
    _known_region(facts)
    if facts.get("parent_id"):
        _no_circle(step, body_id, facts["parent_id"])
    _change(step, parties.Body, body_id, "body_changed", facts, BODY_FACTS)
    return {"body_id": body_id}


@command("zone.create")
def create_zone(step: Step, *, code: str, name_zh: str, name_en: str, body_id: uuid.UUID) -> Answer:
    """Enter a functional zone under a body."""
    access.require(step.actor, "users.manage")
    _filled(code=code, name_zh=name_zh)
    if step.conn.scalar(select(parties.Zone.code).where(parties.Zone.code == code)):
        raise Conflict("code_taken", "该功能区代码已被使用。", "This code is taken.", pointer="code")
    parties.body(step.conn, body_id)
    step.conn.execute(
        insert(parties.Zone).values(code=code, name_zh=name_zh, name_en=name_en or name_zh, body_id=body_id)
    )
    housebook.record(step, "zone_created", zone=code, name=name_zh, body=body_id)
    return {"zone": code}


@command("power.grant")
def grant_power(
    step: Step, *, body_id: uuid.UUID, matter: str, basis: str, valid_from: date, zone_code: str | None = None
) -> Answer:
    """Enter that a body decides a kind of matter (in one zone, or everywhere) from a date on."""
    access.require(step.actor, "users.manage")
    _filled(matter=matter, basis=basis)
    parties.body(step.conn, body_id)
    if zone_code:
        parties.zone(step.conn, zone_code)
    return {"power_id": _grant(step, body_id, matter, zone_code or None, valid_from, basis)}


@command("power.end")
def end_power(step: Step, *, power_id: uuid.UUID, last_day: date) -> Answer:
    """Enter the last day of a power; cases that began before keep their body."""
    access.require(step.actor, "users.manage")
    since = step.conn.scalar(select(parties.Power.valid_from).where(parties.Power.id == power_id).with_for_update())
    if since is None:
        raise NotFound()
    if last_day < since:
        raise DomainError(
            "before_start", "终止日期早于起始日期。", "The last day is before the first.", pointer="last_day"
        )
    step.conn.execute(update(parties.Power).where(parties.Power.id == power_id).values(valid_to=last_day))
    housebook.record(step, "power_ended", power=power_id, last_day=last_day)
    return {"power_id": power_id}


@command("enterprise.create")
def create_enterprise(
    step: Step,
    *,
    credit_code: str,
    name: str,
    address: str,
    legal_representative: str,
    contact_name: str = "",
    contact_phone: str = "",
    industry: str = "",
    zone_code: str | None = None,
) -> Answer:
    """Enter an enterprise; its credit code is checked."""
    access.require(step.actor, "users.manage")
    _filled(name=name, address=address, legal_representative=legal_representative)
    credit_code = credit_code.strip().upper()
    made = parties.create_enterprise(
        step.conn,
        credit_code=credit_code,
        name=name,
        now=step.now,
        address=address,
        legal_representative=legal_representative,
        contact_name=contact_name,
        contact_phone=contact_phone,
        industry=industry,
        zone_code=zone_code or None,
    )
    housebook.record(step, "enterprise_created", credit_code=credit_code, name=name)
    return {"enterprise_id": made}


@command("enterprise.change")
def change_enterprise(step: Step, *, enterprise_id: uuid.UUID, **facts: Any) -> Answer:
    """Change the facts of an enterprise; the credit code stays (a new one is a new enterprise)."""
    access.require(step.actor, "users.manage")
    needed = ("name", "address", "legal_representative")
    _filled(**{key: facts[key] for key in needed if key in facts})
    if "zone_code" in facts:
        facts["zone_code"] = facts["zone_code"] or None
    _change(step, parties.Enterprise, enterprise_id, "enterprise_changed", facts, ENTERPRISE_FACTS)
    return {"enterprise_id": enterprise_id}


@command("user.create")
def create_user(
    step: Step,
    *,
    login: str,
    name: str,
    password: str,
    role: str,
    body_id: uuid.UUID | None = None,
    enterprise_id: uuid.UUID | None = None,
) -> Answer:
    """Enter an account with one role, for a body or an enterprise."""
    access.require(step.actor, "users.manage")
    login, name = login.strip(), name.strip()
    _filled(login=login, name=name)
    of_enterprise = role in parties.ENTERPRISE_ROLES
    if of_enterprise != (enterprise_id is not None) or of_enterprise == (body_id is not None):
        raise DomainError(
            "unit",
            "企业岗位请选择企业，机关岗位请选择机构。",
            "Choose an enterprise for an enterprise role, a body for any other.",
            pointer="role",
        )
    made = parties.create_user(
        step.conn,
        login=login,
        name=name,
        password_hash=accounts.hash_password(password, _policy(step)),
        now=step.now,
        roles=[(role, body_id)],
        enterprise_id=enterprise_id,
    )
    housebook.record(step, "user_created", login=login, name=name, role=role, body=body_id, enterprise=enterprise_id)
    return {"user_id": made}


@command("user.change")
def change_user(step: Step, *, user_id: uuid.UUID, **facts: Any) -> Answer:
    """Change the name of an account, close it or open it again; closing ends its sessions and tokens."""
    access.require(step.actor, "users.manage")
    _filled(**{key: facts[key] for key in ("name",) if key in facts})
    if facts.get("active") is False:
        _not_oneself(step, user_id)
        _sign_out_everywhere(step, user_id)
    _change(step, parties.User, user_id, "user_changed", facts, USER_FACTS)
    return {"user_id": user_id}


@command("user.password")
def reset_password(step: Step, *, user_id: uuid.UUID, password: str) -> Answer:
    """Give an account a new password and end its sessions and tokens; a lock after wrong passwords ends too."""
    access.require(step.actor, "users.manage")
    changed = step.conn.execute(
        update(parties.User)
        .where(parties.User.id == user_id)
        .values(
            password_hash=accounts.hash_password(password, _policy(step)),
            password_at=step.now,
            failed_logins=0,
            locked_until=None,
        )
    )
    if changed.rowcount == 0:
        raise NotFound()
    _sign_out_everywhere(step, user_id)
    housebook.record(step, "password_reset", user=user_id)
    return {"user_id": user_id}


@command("user.factor_drop")
def drop_factor(step: Step, *, user_id: uuid.UUID) -> Answer:
    """Take a lost authenticator out of force and end the sessions of its owner."""
    access.require(step.actor, "users.manage")
    if not factors.remove(step.conn, user_id):
        raise NotFound()
    _sign_out_everywhere(step, user_id)
    housebook.record(step, "factor_dropped", user=user_id)
    return {"user_id": user_id}


@command("security.profile")
def choose_profile(step: Step, *, profile: str, source: str) -> Answer:
    """Set all security settings as a profile says; each is a change of its own with who, when and on what ground."""
    access.require(step.actor, "users.manage")
    known = security.profiles().get(profile)
    if known is None:
        raise DomainError("profile", "没有这个安全基线。", "There is no such profile.", pointer="profile")
    for key, value in known["values"].items():
        house.save(
            step.conn, key, value, f"{source.strip()}（{profile}）" if source.strip() else "", step.actor.id, step.now
        )
    housebook.record(step, "security_profile", profile=profile, source=source.strip())
    return {"profile": profile, "settings": len(known["values"])}


def _policy(step: Step) -> accounts.Policy:
    return accounts.Policy.of(house.values(step.conn))


@command("role.give")
def give_role(step: Step, *, user_id: uuid.UUID, role: str, body_id: uuid.UUID | None = None) -> Answer:
    """Give a person one more role; the three administrators are kept apart (GB/T 22239-2019 8.1.4)."""
    access.require(step.actor, "users.manage")
    person = step.conn.execute(
        select(parties.User.enterprise_id).where(parties.User.id == user_id).with_for_update()
    ).first()
    if person is None:
        raise NotFound()
    of_enterprise = role in parties.ENTERPRISE_ROLES
    if of_enterprise != (person.enterprise_id is not None) or of_enterprise == (body_id is not None):
        raise DomainError(
            "unit",
            "企业账号只能有企业岗位，机关岗位须选择机构。",
            "An enterprise's account has enterprise roles only; other roles need a body.",
            pointer="role",
        )
    held = step.conn.execute(
        select(parties.UserRole.role, parties.UserRole.body_id).where(parties.UserRole.user_id == user_id)
    ).all()
    parties.check_roles({role, *(row.role for row in held)})
    if (role, body_id) in {(row.role, row.body_id) for row in held}:
        raise Conflict("role_held", "该账号已有此岗位。", "The account has this role already.", pointer="role")
    role_id = uuid7()
    step.conn.execute(insert(parties.UserRole).values(id=role_id, user_id=user_id, role=role, body_id=body_id))
    housebook.record(step, "role_given", user=user_id, role=role, body=body_id)
    return {"role_id": role_id}


@command("role.take")
def take_role(step: Step, *, user_id: uuid.UUID, role_id: uuid.UUID) -> Answer:
    """Take a role away; it counts from the person's next request on."""
    access.require(step.actor, "users.manage")
    table = parties.UserRole
    held = step.conn.execute(select(table.role, table.body_id).where(table.id == role_id, table.user_id == user_id))
    row = held.first()
    if row is None:
        raise NotFound()
    if row.role == "security_admin":
        _not_oneself(step, user_id)
    step.conn.execute(delete(table).where(table.id == role_id))
    housebook.record(step, "role_taken", user=user_id, role=row.role, body=row.body_id)
    return {"user_id": user_id}


def _grant(
    step: Step, body_id: uuid.UUID, matter: str, zone_code: str | None, valid_from: date, basis: str
) -> uuid.UUID:
    power_id = uuid7()
    facts = {"matter": matter, "body_id": body_id, "zone_code": zone_code, "valid_from": valid_from, "basis": basis}
    step.conn.execute(insert(parties.Power).values(id=power_id, **facts))
    housebook.record(step, "power_granted", power=power_id, **facts)
    return power_id


def _change(
    step: Step, table: Any, key: uuid.UUID, kind: str, facts: Mapping[str, Any], allowed: tuple[str, ...]
) -> None:
    """Write new facts and record what they were; facts that stay the same leave no line."""
    columns = [getattr(table, name) for name in allowed]
    row = step.conn.execute(select(*columns).where(table.id == key).with_for_update()).mappings().first()
    if row is None:
        raise NotFound()
    new = {name: value for name, value in facts.items() if row[name] != value}
    if new:
        step.conn.execute(update(table).where(table.id == key).values(**new))
        housebook.record(step, kind, about=key, before={name: row[name] for name in new}, after=new)


def _filled(**values: str) -> None:
    for pointer, value in values.items():
        if not str(value).strip():
            raise DomainError("needed", "请填写。", "This is needed.", pointer=pointer)


def _known_kind(kind: str) -> None:
    if kind not in BODY_KINDS:
        raise DomainError("kind", "未知的机构类别。", "Unknown kind of body.", pointer="kind")


def _known_region(facts: dict[str, Any]) -> None:
    """A region is six digits (GB/T 2260), or left out."""
    code = facts.get("region_code") or ""
    if code and not (len(code) == 6 and code.isascii() and code.isdecimal()):
        raise DomainError("region_code", "行政区划代码为六位数字。", "A region has six digits.", pointer="region_code")


def _no_circle(step: Step, body_id: uuid.UUID, parent_id: uuid.UUID) -> None:
    """A body never stands above itself."""
    above: uuid.UUID | None = parent_id
    for _ in range(step.conn.scalar(select(func.count()).select_from(parties.Body)) or 0):
        if above is None:
            return
        if above == body_id:
            raise DomainError(
                "circle",
                "上级机构不能是本机构或其下级。",
                "A body cannot stand under itself or a body below it.",
                pointer="parent_id",
            )
        above = step.conn.scalar(select(parties.Body.parent_id).where(parties.Body.id == above))


def _not_oneself(step: Step, user_id: uuid.UUID) -> None:
    if user_id == step.actor.id:
        raise Conflict(
            "oneself",
            "不能停用自己或取消自己的安全管理员岗位，请由另一名安全管理员办理。",
            "You cannot close yourself or take your own security role; another security administrator has to.",
        )


def _sign_out_everywhere(step: Step, user_id: uuid.UUID) -> None:
    step.conn.execute(delete(accounts.UserSession).where(accounts.UserSession.user_id == user_id))
    step.conn.execute(
        update(accounts.ApiToken)
        .where(accounts.ApiToken.user_id == user_id, accounts.ApiToken.revoked_at.is_(None))
        .values(revoked_at=step.now)
    )
