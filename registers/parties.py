"""Parties: bodies of the administration, functional zones, enterprises, people, roles, stand-ins.

A body has a parent (province, city, park bureau, committee, department); supervisors of a body see
the bodies below it. An enterprise is known by its unified social credit code. People hold roles: on
the side of the administration always for one body, on the side of an enterprise for that enterprise.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, UniqueConstraint, insert, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7
from registers.errors import DomainError, NotFound

# Roles: DESIGN names them; the first two belong to an enterprise, the rest to a body.
ENTERPRISE_ROLES = ("preparer", "legal_representative")
BODY_ROLES = (
    "window",
    "reviewer",
    "head",
    "expert",
    "consulted",
    "supervisor",
    "designer",
    "system_admin",
    "security_admin",
    "audit_admin",
)
ROLES = ENTERPRISE_ROLES + BODY_ROLES
# The roles that take part in cases; holding another role for a body opens none of its cases.
CASE_ROLES = frozenset({"window", "reviewer", "head", "expert", "consulted", "supervisor"})
# GB/T 22239-2019 8.1.4: the three administrators are kept apart; no person holds two of these.
SEPARATED_ROLES = frozenset({"system_admin", "security_admin", "audit_admin"})

ROLE_TITLES: dict[str, tuple[str, str]] = {
    "preparer": ("企业经办人", "Preparer"),
    "legal_representative": ("法定代表人", "Legal representative"),
    "window": ("受理窗口", "Window officer"),
    "reviewer": ("审查人员", "Reviewer"),
    "head": ("签发人", "Signing head"),
    "expert": ("专家", "Expert"),
    "consulted": ("会办部门", "Consulted department"),
    "supervisor": ("监管人员", "Supervisor"),
    "designer": ("流程设计员", "Process designer"),
    "system_admin": ("系统管理员", "System administrator"),
    "security_admin": ("安全管理员", "Security administrator"),
    "audit_admin": ("审计管理员", "Audit administrator"),
}

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code_is_valid(code: str) -> bool:
    """Check the last place of an 18-place unified social credit code (GB 32100-2015)."""
    if len(code) != 18 or any(character not in _CREDIT_ALPHABET for character in code):
        return False
    total = sum(_CREDIT_ALPHABET.index(character) * pow(3, i, 31) for i, character in enumerate(code[:17]))
    return _CREDIT_ALPHABET[(31 - total % 31) % 31] == code[17]


class Body(Base):
    """A body of the administration: bureau, park bureau, park committee or department."""

    __tablename__ = "body"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    kind: Mapped[str]
    prefix: Mapped[str] = mapped_column(comment="机关代字, used in official numbers")
    phone: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str] = mapped_column(server_default="")
    court_name: Mapped[str] = mapped_column(server_default="", comment="管辖法院, named in the remedies of its letters")
    reconsideration_name: Mapped[str] = mapped_column(
        server_default="", comment="行政复议机关, named in the remedies of its letters"
    )
    region_code: Mapped[str] = mapped_column(server_default="", comment="行政区划代码, in licence numbers")
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("body.id"))
    active: Mapped[bool] = mapped_column(server_default="true")


class Zone(Base):
    """A functional zone (功能区) of a park; quota accounts and competences are kept by zone."""

    __tablename__ = "zone"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    body_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("body.id"))


class Enterprise(Base):
    """An enterprise (排污单位); its facts pre-fill every application."""

    __tablename__ = "enterprise"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    credit_code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    address: Mapped[str]
    legal_representative: Mapped[str]
    contact_name: Mapped[str] = mapped_column(server_default="")
    contact_phone: Mapped[str] = mapped_column(server_default="")
    industry: Mapped[str] = mapped_column(server_default="", comment="GB/T 4754 code")
    zone_code: Mapped[str | None] = mapped_column(ForeignKey("zone.code"))
    created_at: Mapped[datetime]


class User(Base):
    """A person who signs in."""

    __tablename__ = "app_user"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    enterprise_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("enterprise.id"))
    active: Mapped[bool] = mapped_column(server_default="true")
    language: Mapped[str] = mapped_column(server_default="zh")
    failed_logins: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    password_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class UserRole(Base):
    """A role held by a person, for a body or (enterprise roles) for the person's enterprise."""

    __tablename__ = "user_role"
    __table_args__ = (
        UniqueConstraint("user_id", "role", "body_id", postgresql_nulls_not_distinct=True),
        Index("ix_user_role_body_role", "body_id", "role"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    role: Mapped[str]
    body_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("body.id"))


class Delegation(Base):
    """A stand-in (代理): a colleague acts with the roles of another for a period."""

    __tablename__ = "delegation"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="period"),
        Index("ix_delegation_to_user", "to_user_id", "valid_to"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    from_user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id"))
    to_user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id"))
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Power(Base):
    """A power to decide (权限): which body decides a kind of matter for a zone, from when."""

    __tablename__ = "power"
    __table_args__ = (Index("ix_power_matter", "matter", "zone_code"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    matter: Mapped[str]
    body_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("body.id"))
    zone_code: Mapped[str | None] = mapped_column(ForeignKey("zone.code"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    basis: Mapped[str]


@dataclass(frozen=True)
class BodyRef:
    """A body as other rooms see it."""

    id: uuid.UUID
    code: str
    name_zh: str
    name_en: str
    prefix: str
    phone: str
    address: str
    court_name: str
    reconsideration_name: str


_BODY = (
    Body.id, Body.code, Body.name_zh, Body.name_en, Body.prefix, Body.phone, Body.address, Body.court_name,
    Body.reconsideration_name,
)  # fmt: skip


def body(conn: Connection, body_id: uuid.UUID) -> BodyRef:
    """One body by its identifier; raises NotFound."""
    row = conn.execute(select(*_BODY).where(Body.id == body_id)).first()
    if row is None:
        raise NotFound()
    return BodyRef(*row)


def body_by_code(conn: Connection, code: str) -> BodyRef:
    """One body by its code; raises NotFound."""
    row = conn.execute(select(*_BODY).where(Body.code == code)).first()
    if row is None:
        raise NotFound(f"没有代码为“{code}”的机构。", f"There is no body with the code “{code}”.")
    return BodyRef(*row)


def bodies(conn: Connection) -> list[BodyRef]:
    """All active bodies, by code."""
    return [BodyRef(*row) for row in conn.execute(select(*_BODY).where(Body.active).order_by(Body.code))]


def zones(conn: Connection) -> list[tuple[str, str, str]]:
    """All functional zones: code, Chinese and English name."""
    rows = conn.execute(select(Zone.code, Zone.name_zh, Zone.name_en).order_by(Zone.code))
    return [(row.code, row.name_zh, row.name_en) for row in rows]


def zone(conn: Connection, code: str) -> tuple[str, str, str, str]:
    """Code, names and code of the body of a zone; raises NotFound."""
    row = conn.execute(
        select(Zone.code, Zone.name_zh, Zone.name_en, Body.code.label("body_code"))
        .join(Body, Body.id == Zone.body_id)
        .where(Zone.code == code)
    ).first()
    if row is None:
        raise NotFound(f"没有代码为“{code}”的功能区。", f"There is no zone with the code “{code}”.")
    return (row[0], row[1], row[2], row[3])


def deciding_body(conn: Connection, matter: str, zone_code: str | None, on: date) -> BodyRef:
    """Who holds the power to decide a kind of matter in a zone on a date; the zone's own rule comes first."""
    row = conn.execute(
        select(*_BODY)
        .join(Power, Power.body_id == Body.id)
        .where(
            Power.matter == matter,
            or_(Power.zone_code == zone_code, Power.zone_code.is_(None)),
            Power.valid_from <= on,
            or_(Power.valid_to.is_(None), Power.valid_to >= on),
        )
        .order_by(Power.zone_code.is_(None), Power.valid_from.desc())
        .limit(1)
    ).first()
    if row is None:
        raise DomainError(
            "no_competent_body",
            f"没有登记哪个机构在该功能区行使“{matter}”审批权限，请系统管理员在“机构与权限”中补充。",
            f"No body is registered with the power to decide “{matter}” for this zone; an administrator has to add it.",
        )
    return BodyRef(*row)


def enterprise(conn: Connection, enterprise_id: uuid.UUID) -> dict[str, Any]:
    """The register entry of an enterprise as plain data; raises NotFound."""
    row = conn.execute(select(Enterprise.__table__).where(Enterprise.id == enterprise_id)).mappings().first()
    if row is None:
        raise NotFound()
    return dict(row)


def create_enterprise(conn: Connection, *, credit_code: str, name: str, now: datetime, **facts: Any) -> uuid.UUID:
    """Enter an enterprise; the credit code is checked and must be new."""
    if not credit_code_is_valid(credit_code):
        raise DomainError(
            "credit_code",
            "统一社会信用代码不正确：应为18位，且末位校验码须相符。请对照营业执照核对。",
            "The unified social credit code is wrong: 18 places with a matching check character are needed."
            " Compare it with the business licence.",
            pointer="credit_code",
        )
    if conn.scalar(select(Enterprise.id).where(Enterprise.credit_code == credit_code)):
        raise DomainError(
            "credit_code_taken",
            "该统一社会信用代码已登记。",
            "An enterprise with this credit code is registered already.",
            pointer="credit_code",
        )
    enterprise_id = uuid7()
    conn.execute(
        insert(Enterprise).values(id=enterprise_id, credit_code=credit_code, name=name, created_at=now, **facts)
    )
    return enterprise_id


def create_body(
    conn: Connection, *, code: str, name_zh: str, name_en: str, kind: str, prefix: str, **more: Any
) -> uuid.UUID:
    """Enter a body of the administration."""
    body_id = uuid7()
    conn.execute(
        insert(Body).values(id=body_id, code=code, name_zh=name_zh, name_en=name_en, kind=kind, prefix=prefix, **more)
    )
    return body_id


def create_user(
    conn: Connection,
    *,
    login: str,
    name: str,
    password_hash: str,
    now: datetime,
    roles: list[tuple[str, uuid.UUID | None]],
    enterprise_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Enter a person with roles; the three administrators are kept apart (GB/T 22239 level 3)."""
    check_roles({role for role, _ in roles})
    if conn.scalar(select(User.id).where(User.login == login)):
        raise DomainError("login_taken", "该登录名已被使用。", "This login name is taken.", pointer="login")
    user_id = uuid7()
    conn.execute(
        insert(User).values(
            id=user_id,
            login=login,
            name=name,
            password_hash=password_hash,
            enterprise_id=enterprise_id,
            created_at=now,
        )
    )
    if roles:
        conn.execute(
            insert(UserRole),
            [{"id": uuid7(), "user_id": user_id, "role": role, "body_id": b} for role, b in roles],
        )
    return user_id


def check_roles(roles: set[str]) -> None:
    """Refuse unknown roles and two of the separated administrators in one hand."""
    unknown = roles - set(ROLES)
    if unknown:
        raise DomainError(
            "role",
            f"未知的角色：{', '.join(sorted(unknown))}。",
            f"Unknown role: {', '.join(sorted(unknown))}.",
        )
    if len(roles & SEPARATED_ROLES) > 1:
        raise DomainError(
            "roles_apart",
            "系统管理员、安全管理员、审计管理员必须由不同的人担任。",
            "The system, security and audit administrators must be different people.",
            pointer="roles",
        )
