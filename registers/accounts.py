"""Signing in: passwords, sessions of the browser, tokens of the API, and the `Actor` they yield.

Sessions live in the database (256-bit random token, stored as its SHA-256), end after idle time and
after an absolute time, and die with the account. Passwords are argon2id behind a small semaphore, so
that a storm of log-ins cannot take the machine's memory; failures lock the account for a while.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, ForeignKey, delete, insert, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, Scope, uuid7
from registers.errors import DomainError, NotFound
from registers.parties import CASE_ROLES, User

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
MAX_FAILURES = 5
LOCK_TIME = timedelta(minutes=15)
MIN_PASSWORD = 10
TOKEN_REFUSED = "token"  # noqa: S105 - an error code

# OWASP ASVS 5.0 11.4.2; 19 MiB and two passes take about 20 ms, four at a time keep the server usable.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_HASHING = threading.BoundedSemaphore(4)
_DUMMY_HASH = _HASHER.hash("no such account")


class UserSession(Base):
    """A browser's session."""

    __tablename__ = "user_session"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(server_default="")
    waits: Mapped[str] = mapped_column(server_default="", comment="the step this sign-in waits for")


class ApiToken(Base):
    """A token for programs: shown once, stored as a hash, limited in time."""

    __tablename__ = "api_token"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


@dataclass(frozen=True)
class Policy:
    """What an installation asks of passwords and sessions (house rules `security.*`)."""

    idle: timedelta = IDLE
    absolute: timedelta = ABSOLUTE
    failures: int = MAX_FAILURES
    lock: timedelta = LOCK_TIME
    length: int = MIN_PASSWORD
    classes: int = 1
    days: int = 0
    second_factor: int = 0

    @classmethod
    def of(cls, house: Mapping[str, int]) -> Policy:
        """The policy that the house rules say."""
        return cls(
            timedelta(minutes=house["security.idle_minutes"]),
            timedelta(hours=house["security.session_hours"]),
            house["security.lock_failures"],
            timedelta(minutes=house["security.lock_minutes"]),
            house["security.password_length"],
            house["security.password_classes"],
            house["security.password_days"],
            house["security.second_factor"],
        )


DEFAULT_POLICY = Policy()


@dataclass(frozen=True)
class Actor:
    """Who acts: a person with roles, or the program itself (`SYSTEM`)."""

    id: uuid.UUID | None
    login: str
    name: str
    enterprise_id: uuid.UUID | None
    roles: frozenset[tuple[str, uuid.UUID | None]]
    supervised: frozenset[uuid.UUID]
    csrf: str = ""
    language: str = "zh"

    @property
    def body_ids(self) -> frozenset[uuid.UUID]:
        """The bodies the person works for."""
        return frozenset(body_id for _, body_id in self.roles if body_id is not None)

    @property
    def case_body_ids(self) -> frozenset[uuid.UUID]:
        """The bodies in whose cases the person has a part: designers and administrators have none by that."""
        own = {body_id for role, body_id in self.roles if role in CASE_ROLES and body_id is not None}
        return frozenset(own) | self.supervised

    @property
    def role_names(self) -> frozenset[str]:
        """The names of the roles held anywhere."""
        return frozenset(role for role, _ in self.roles)

    @property
    def is_system(self) -> bool:
        """True for the program itself."""
        return self.id is None and self.login == "system"

    def has(self, role: str, body_id: uuid.UUID | None = None) -> bool:
        """Holds the role (for this body when one is named)."""
        return any(name == role and (body_id is None or held == body_id) for name, held in self.roles)

    @property
    def scope(self) -> Scope:
        """What the database lets this person see."""
        if self.is_system or self.role_names & {"audit_admin", "system_admin"}:
            return Scope(everything=True)
        return Scope(enterprise_id=self.enterprise_id, body_ids=self.case_body_ids, user_id=self.id)


@dataclass(frozen=True)
class Bearer:
    """A program's token, not looked up yet: a command does that in its own first statement."""

    token: str

    @property
    def digest(self) -> bytes:
        """What the token is stored as."""
        return _digest(self.token)


SYSTEM = Actor(None, "system", "系统", None, frozenset(), frozenset())
ANONYMOUS = Actor(None, "", "", None, frozenset(), frozenset())

# One statement yields the person, the own roles, the roles lent by an absent colleague today, and the
# bodies below those the person supervises (own, with children and their children).
_ACTOR = """
 SELECT jsonb_build_object('id', u.id, 'login', u.login, 'name', u.name, 'enterprise_id', u.enterprise_id,
  'language', u.language,
  'roles', (SELECT coalesce(jsonb_agg(jsonb_build_array(r.role, r.body_id)), '[]') FROM user_role r
    WHERE r.user_id = u.id OR r.user_id IN (
      SELECT d.from_user_id FROM delegation d WHERE d.to_user_id = u.id AND d.revoked_at IS NULL
         AND %(today)s::date BETWEEN d.valid_from AND d.valid_to)),
  'supervised', (WITH RECURSIVE below AS (
     SELECT r.body_id AS id FROM user_role r WHERE r.user_id = u.id AND r.role = 'supervisor'
     UNION SELECT b.id FROM body b JOIN below ON b.parent_id = below.id)
   SELECT coalesce(jsonb_agg(id), '[]') FROM below)) AS person
"""
_BY_SESSION = (
    _ACTOR + ", s.csrf, s.seen_at FROM user_session s JOIN app_user u ON u.id = s.user_id"
    " WHERE s.token_hash = %(token)s AND u.active AND s.waits = '' AND s.seen_at > %(idle)s AND s.created_at > %(absolute)s"
)
_BY_TOKEN = (
    _ACTOR + " FROM api_token t JOIN app_user u ON u.id = t.user_id"
    " WHERE t.secret_hash = %(token)s AND u.active AND t.revoked_at IS NULL AND t.expires_at > %(now)s"
)
# Looks a token up and announces, in the same statement, what its person may see: the words of `Actor.scope` in SQL.
# Yields `person`; a statement of a command goes on from it.
OPEN_BY_TOKEN = f"""
WITH person AS MATERIALIZED ({_BY_TOKEN}),
opened AS MATERIALIZED (
 SELECT p.person, concat(
   set_config('search_path', %(region)s, true),
   set_config('app.everything', CASE WHEN jsonb_path_exists(p.person,
     '$.roles[*][0] ? (@ == "audit_admin" || @ == "system_admin")') THEN 'on' ELSE 'off' END, true),
   set_config('app.enterprise', coalesce(p.person->>'enterprise_id', ''), true),
   set_config('app.bodies', coalesce((SELECT string_agg(body, ',') FROM (
     SELECT r->>1 FROM jsonb_array_elements(p.person->'roles') r
      WHERE r->>1 IS NOT NULL AND r->>0 = ANY(%(case_roles)s)
     UNION SELECT jsonb_array_elements_text(p.person->'supervised')) AS part(body)), ''), true),
   set_config('app.user', p.person->>'id', true)) AS announced
   FROM person p)
"""  # noqa: S608 - constants
_BY_ID = _ACTOR + " FROM app_user u WHERE u.active AND u.id = %(user)s"
_FOR_LOGIN = text("SELECT id, password_hash, failed_logins, locked_until, active FROM app_user WHERE login = :login")


def hash_password(password: str, policy: Policy = DEFAULT_POLICY) -> str:
    """An argon2id hash; passwords that are too short or too plain for the house are refused."""
    if len(password) < policy.length:
        raise DomainError(
            "password_short",
            f"密码至少{policy.length}位。",
            f"A password needs at least {policy.length} characters.",
            pointer="password",
        )
    tests = (str.isupper, str.islower, str.isdigit, lambda one: not one.isalnum())
    if sum(any(test(one) for one in password) for test in tests) < policy.classes:
        raise DomainError(
            "password_plain",
            f"密码至少包含大写字母、小写字母、数字、符号中的{policy.classes}类。",
            f"A password needs {policy.classes} of: capitals, small letters, digits, signs.",
            pointer="password",
        )
    with _HASHING:
        return _HASHER.hash(password)


def _matches(stored: str, password: str) -> bool:
    with _HASHING:
        try:
            return _HASHER.verify(stored, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


def check_password(
    conn: Connection,
    login: str,
    password: str,
    now: datetime,
    policy: Policy = DEFAULT_POLICY,
    *,
    settle: bool = True,
) -> uuid.UUID | None:
    """The user's id when the password fits; counts failures and locks the account after some of them.

    A right password forgets earlier failures, unless a second factor is still to come (`settle`): else whoever has the
    password could try codes for ever.

    Returns None for a wrong name or password alike, so that names cannot be guessed; raises
    DomainError when the account is locked.
    """
    row = conn.execute(_FOR_LOGIN, {"login": login}).first()
    if row is None:
        _matches(_DUMMY_HASH, password)
        return None
    if row.locked_until is not None and row.locked_until > now:
        raise DomainError(
            "locked",
            "登录失败次数过多，账号已暂时锁定，请稍后再试或联系安全管理员。",
            "Too many failed attempts: the account is locked for a while. Try again later.",
            status=429,
        )
    if not row.active or not _matches(row.password_hash, password):
        count_failure(conn, row.id, now, policy)
        return None
    found: uuid.UUID = row.id
    if settle and (row.failed_logins or row.locked_until):
        forget_failures(conn, found)
    return found


def forget_failures(conn: Connection, user_id: uuid.UUID) -> None:
    """The person has shown who it is: earlier failures count no more."""
    known = (User.failed_logins > 0) | User.locked_until.is_not(None)
    conn.execute(update(User).where(User.id == user_id, known).values(failed_logins=0, locked_until=None))


def count_failure(conn: Connection, user_id: uuid.UUID, now: datetime, policy: Policy = DEFAULT_POLICY) -> None:
    """Note a wrong password or code; after some of them in a row the account is locked for a while."""
    failures = (conn.scalar(select(User.failed_logins).where(User.id == user_id).with_for_update()) or 0) + 1
    locked = now + policy.lock if failures >= policy.failures else None
    conn.execute(
        update(User).where(User.id == user_id).values(failed_logins=0 if locked else failures, locked_until=locked)
    )


def is_active(conn: Connection, user_id: uuid.UUID) -> bool:
    """Whether the account may sign in."""
    return bool(conn.scalar(select(User.active).where(User.id == user_id)))


def is_locked(conn: Connection, user_id: uuid.UUID, now: datetime) -> bool:
    """Whether the account is locked at the moment."""
    until = conn.scalar(select(User.locked_until).where(User.id == user_id))
    return until is not None and until > now


def set_password(conn: Connection, user_id: uuid.UUID, password: str, now: datetime, policy: Policy) -> None:
    """A new password chosen by its owner; another one than before."""
    stored = conn.scalar(select(User.password_hash).where(User.id == user_id).with_for_update())
    if stored is not None and _matches(stored, password):
        raise DomainError(
            "password_same", "新密码不能与原密码相同。", "The new password must be another one.", pointer="password"
        )
    conn.execute(
        update(User).where(User.id == user_id).values(password_hash=hash_password(password, policy), password_at=now)
    )


def password_is_old(conn: Connection, user_id: uuid.UUID, now: datetime, policy: Policy) -> bool:
    """Whether the house wants the password changed."""
    if not policy.days:
        return False
    row = conn.execute(select(User.password_at, User.created_at).where(User.id == user_id)).one()
    return bool(now - (row.password_at or row.created_at) > timedelta(days=policy.days))


PENDING_LIVES = timedelta(minutes=10)


def waiting(conn: Connection, token: str, now: datetime) -> tuple[uuid.UUID, str] | None:
    """Whose sign-in waits behind this token, and for which step."""
    row = conn.execute(
        select(UserSession.user_id, UserSession.waits)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.token_hash == _digest(token),
            UserSession.waits != "",
            UserSession.created_at > now - PENDING_LIVES,
            User.active,
        )
    ).first()
    return None if row is None else (row.user_id, row.waits)


def open_session(conn: Connection, user_id: uuid.UUID, now: datetime, address: str = "", *, waits: str = "") -> str:
    """Start a session (one that still waits for a step opens nothing); returns the token for the cookie."""
    token = secrets.token_urlsafe(32)
    conn.execute(
        insert(UserSession).values(
            token_hash=_digest(token),
            user_id=user_id,
            csrf=secrets.token_urlsafe(24),
            created_at=now,
            seen_at=now,
            address=address,
            waits=waits,
        )
    )
    return token


def close_others(conn: Connection, user_id: uuid.UUID, token: str) -> None:
    """End all sessions of a person but the one behind this token."""
    conn.execute(delete(UserSession).where(UserSession.user_id == user_id, UserSession.token_hash != _digest(token)))


def close_session(conn: Connection, token: str) -> None:
    """End a session."""
    conn.execute(delete(UserSession).where(UserSession.token_hash == _digest(token)))


def actor_by_session(
    conn: Connection, token: str, now: datetime, today: date, policy: Policy = DEFAULT_POLICY
) -> Actor | None:
    """The person behind a cookie, or None; the idle clock moves on at most once a minute."""
    digest = _digest(token)
    row = conn.exec_driver_sql(
        _BY_SESSION,
        {"token": digest, "today": today, "idle": now - policy.idle, "absolute": now - policy.absolute},
    ).first()
    if row is None:
        return None
    if now - row.seen_at > timedelta(minutes=1):
        conn.execute(update(UserSession).where(UserSession.token_hash == digest).values(seen_at=now))
    return actor_of(row.person, row.csrf)


def actor_by_token(conn: Connection, token: str, now: datetime, today: date) -> Actor | None:
    """The person behind an API token, or None."""
    row = conn.exec_driver_sql(_BY_TOKEN, {"token": _digest(token), "today": today, "now": now}).first()
    return None if row is None else actor_of(row.person)


def actor_by_id(conn: Connection, user_id: uuid.UUID, today: date) -> Actor:
    """The person with this identifier; raises NotFound."""
    row = conn.exec_driver_sql(_BY_ID, {"user": user_id, "today": today}).first()
    if row is None:
        raise NotFound()
    return actor_of(row.person)


def create_token(conn: Connection, user_id: uuid.UUID, name: str, now: datetime, days: int) -> str:
    """Make an API token; the text is returned once and only its hash is kept."""
    token = "ow_" + secrets.token_urlsafe(32)
    conn.execute(
        insert(ApiToken).values(
            id=uuid7(),
            user_id=user_id,
            name=name,
            secret_hash=_digest(token),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    return token


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def opening_by_token(who: Bearer, now: datetime, today: date) -> dict[str, Any]:
    """The parameters of `OPEN_BY_TOKEN`."""
    return {"token": who.digest, "today": today, "now": now, "case_roles": sorted(CASE_ROLES)}


def token_refused() -> DomainError:
    """The error of a token that is unknown, revoked or over."""
    return DomainError(TOKEN_REFUSED, "令牌无效或已过期。", "The token is not valid or has expired.", status=401)


def actor_of(person: dict[str, Any], csrf: str = "") -> Actor:
    """The actor a statement of this module found."""
    return Actor(
        id=uuid.UUID(person["id"]),
        login=person["login"],
        name=person["name"],
        enterprise_id=_uuid(person["enterprise_id"]),
        roles=frozenset((role, _uuid(body_id)) for role, body_id in person["roles"]),
        supervised=frozenset(uuid.UUID(body_id) for body_id in person["supervised"]),
        csrf=csrf,
        language=person["language"],
    )


def _uuid(text_: str | None) -> uuid.UUID | None:
    return uuid.UUID(text_) if text_ else None
