"""Commands of the security administrator: bodies with their powers, enterprises, accounts."""

from __future__ import annotations

import uuid

from sqlalchemy import insert

from registers import accounts, parties
from registers.db import uuid7
from registers.errors import DomainError
from workflows import access
from workflows.commands import Answer, Step, command

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
    powers: tuple[str, ...] = (),
    basis: str = "",
) -> Answer:
    """Enter a body of the administration with the matters it decides from today on."""
    access.require(step.actor, "users.manage")
    if kind not in BODY_KINDS:
        raise DomainError("kind", "未知的机构类别。", "Unknown kind of body.", pointer="kind")
    for pointer, value in (("code", code), ("name_zh", name_zh), ("prefix", prefix)):
        if not value.strip():
            raise DomainError("needed", "请填写。", "This is needed.", pointer=pointer)
    body_id = parties.create_body(
        step.conn,
        code=code,
        name_zh=name_zh,
        name_en=name_en or name_zh,
        kind=kind,
        prefix=prefix,
        parent_id=parent_id,
    )
    for matter in powers:
        step.conn.execute(
            insert(parties.Power).values(
                id=uuid7(),
                matter=matter,
                body_id=body_id,
                valid_from=step.today,
                basis=basis or "由安全管理员登记",
            )
        )
    return {"body_id": body_id}


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
    zone_code: str | None = None,
) -> Answer:
    """Enter an enterprise; its credit code is checked."""
    access.require(step.actor, "users.manage")
    made = parties.create_enterprise(
        step.conn,
        credit_code=credit_code.strip().upper(),
        name=name,
        now=step.now,
        address=address,
        legal_representative=legal_representative,
        contact_name=contact_name,
        contact_phone=contact_phone,
        zone_code=zone_code or None,
    )
    return {"enterprise_id": made}


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
        login=login.strip(),
        name=name.strip(),
        password_hash=accounts.hash_password(password),
        now=step.now,
        roles=[(role, body_id)],
        enterprise_id=enterprise_id,
    )
    return {"user_id": made}
