"""Second factors and outside identities: one-time codes of an authenticator (RFC 6238), log-ins of a provider.

A code counts once: the step it belongs to is remembered, and the same or an older one is refused. Recovery codes are
kept as hashes and used up. Secrets and hashes are sealed with the key of the installation (`vault`): whoever reads the
database alone can make no codes. An outside identity is an issuer with its own name of the person, never an address of mail.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import struct
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from sqlalchemy import BigInteger, Connection, ForeignKey, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base
from registers.errors import DomainError
from registers.vault import KeyMissing, Vault, key_of

STEP = 30
DIGITS = 6
# RFC 6238 5.2: one step of delay either way for clocks that differ.
WINDOW = 1
RECOVERY_CODES = 8
_HEX = re.compile("[0-9a-f]{64}")
STATE_LIVES = timedelta(minutes=10)
WRONG_CODE = (
    "动态口令不正确或已使用过，请核对手机时间后输入新的口令。",
    "The code is wrong or was used already. Check the time of your phone and type a new one.",
)


class UserFactor(Base):
    """The authenticator of a person; it counts once its first code was confirmed."""

    __tablename__ = "user_factor"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[bytes]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    recovery: Mapped[list[Any]] = mapped_column(comment="hashes of the one-time codes left")
    created_at: Mapped[datetime]


class UserIdentity(Base):
    """Who a person is at an outside provider."""

    __tablename__ = "user_identity"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), index=True)
    linked_at: Mapped[datetime]


class LoginState(Base):
    """A log-in at a provider that has begun: what its answer must fit."""

    __tablename__ = "login_state"

    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    nonce: Mapped[str]
    verifier: Mapped[str]
    target: Mapped[str]
    user_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("app_user.id", ondelete="CASCADE"),
        index=True,
        comment="who links an identity; none when somebody signs in",
    )
    created_at: Mapped[datetime]


def code(secret: bytes, step: int) -> str:
    """The one-time code of a step (RFC 4226 5.3 with HMAC-SHA-1, as authenticators expect)."""
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    place = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[place : place + 4])[0] & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(now: datetime) -> int:
    """The step an instant falls into."""
    return int(now.timestamp()) // STEP


def address(secret: bytes, login: str) -> str:
    """What the picture for the authenticator says (otpauth)."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return f"otpauth://totp/OneWindow:{quote(login)}?secret={text}&issuer=OneWindow&digits={DIGITS}&period={STEP}"


def readable(secret: bytes) -> str:
    """The secret for typing it in, in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def begin(conn: Connection, vault: Vault, user_id: uuid.UUID, now: datetime) -> bytes:
    """A fresh secret, not in force before its first code; refused when an authenticator is in force."""
    if required(conn, user_id):
        raise DomainError(
            "factor_exists", "已启用动态口令，请先停用。", "An authenticator is in force; remove it first."
        )
    if not vault.exists():
        if conn.scalar(select(UserFactor.user_id).limit(1)) is not None:
            raise KeyMissing
        vault.create()
    secret = secrets.token_bytes(20)
    sealed = vault.seal(secret, str(user_id))
    fresh: dict[str, Any] = {"secret": sealed, "confirmed_at": None, "last_step": 0, "recovery": [], "created_at": now}
    conn.execute(
        upsert(UserFactor)
        .values(user_id=user_id, **fresh)
        .on_conflict_do_update(index_elements=["user_id"], set_=fresh)
    )
    return secret


def waiting(conn: Connection, vault: Vault, user_id: uuid.UUID) -> bytes | None:
    """The secret that waits for its first code."""
    found = conn.scalar(
        select(UserFactor.secret).where(UserFactor.user_id == user_id, UserFactor.confirmed_at.is_(None))
    )
    return None if found is None else vault.open(bytes(found), str(user_id))


def confirm(conn: Connection, vault: Vault, user_id: uuid.UUID, given: str, now: datetime) -> list[str]:
    """Put the authenticator in force with its first code; returns recovery codes, shown once."""
    row = conn.execute(select(UserFactor).where(UserFactor.user_id == user_id).with_for_update()).first()
    waits = row is not None and row.confirmed_at is None
    step = _fits(vault.open(bytes(row.secret), str(user_id)), given, now, 0) if row is not None and waits else None
    if step is None:
        raise wrong()
    codes = [f"{secrets.randbelow(10**10):010}" for _ in range(RECOVERY_CODES)]
    conn.execute(
        update(UserFactor)
        .where(UserFactor.user_id == user_id)
        .values(confirmed_at=now, last_step=step, recovery=[_kept(vault, _hashed(one), user_id) for one in codes])
    )
    return codes


def required(conn: Connection, user_id: uuid.UUID) -> bool:
    """Whether the person has an authenticator in force."""
    return (
        conn.scalar(
            select(UserFactor.user_id).where(UserFactor.user_id == user_id, UserFactor.confirmed_at.is_not(None))
        )
        is not None
    )


def check(conn: Connection, vault: Vault, user_id: uuid.UUID, given: str, now: datetime) -> bool:
    """Whether a code (or a recovery code) fits; either counts once."""
    row = conn.execute(
        select(UserFactor).where(UserFactor.user_id == user_id, UserFactor.confirmed_at.is_not(None)).with_for_update()
    ).first()
    if row is None:
        return False
    step = _fits(vault.open(bytes(row.secret), str(user_id)), given, now, row.last_step)
    if step is not None:
        conn.execute(update(UserFactor).where(UserFactor.user_id == user_id).values(last_step=step))
        return True
    left: Sequence[str] = row.recovery
    said = _hashed(given)
    kept = [one for one in left if not hmac.compare_digest(_opened(vault, one, user_id), said)]
    if len(kept) == len(left):
        return False
    conn.execute(update(UserFactor).where(UserFactor.user_id == user_id).values(recovery=kept))
    return True


def seal_again(conn: Connection, vault: Vault) -> int:
    """Seal with the newest key whatever is not (what was kept before there was a key, older keys); how many people's.

    What another installation's key has sealed stays as it is: it can only be set up anew.
    """
    rows = conn.execute(select(UserFactor).with_for_update()).all()
    held = {row.user_id: [bytes(row.secret), *(_raw(one) for one in row.recovery)] for row in rows}
    names = {user_id: {key_of(one) for one in parts} for user_id, parts in held.items()}
    if rows and not vault.exists() and all(found == {None} for found in names.values()):
        vault.create()
    ring, changed = vault.names(), 0
    for user_id, parts in held.items():
        if not ring or names[user_id] == {ring[0]} or not names[user_id] <= {None, *ring}:
            continue
        owner = str(user_id)
        secret, *hashes = (one if key_of(one) is None else vault.open(one, owner) for one in parts)
        kept = [_kept(vault, one.decode(), user_id) for one in hashes]
        fresh = {"secret": vault.seal(secret, owner), "recovery": kept}
        conn.execute(update(UserFactor).where(UserFactor.user_id == user_id).values(**fresh))
        changed += 1
    return changed


def unreadable(conn: Connection, vault: Vault) -> int:
    """How many second factors were sealed with a key that is not here."""
    found = [bytes(secret) for secret in conn.scalars(select(UserFactor.secret))]
    return sum(not vault.opens(one) for one in found)


def remove(conn: Connection, user_id: uuid.UUID) -> bool:
    """Take the authenticator out of force; whether there was one."""
    return conn.execute(delete(UserFactor).where(UserFactor.user_id == user_id)).rowcount == 1


def open_state(conn: Connection, now: datetime, target: str, user_id: uuid.UUID | None) -> tuple[str, str, str]:
    """Begin a log-in at a provider: the state, nonce and verifier its answer must fit; old beginnings are forgotten."""
    conn.execute(delete(LoginState).where(LoginState.created_at < now - STATE_LIVES))
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    conn.execute(
        insert(LoginState).values(
            state_hash=_digest(state), nonce=nonce, verifier=verifier, target=target, user_id=user_id, created_at=now
        )
    )
    return state, nonce, verifier


def take_state(conn: Connection, state: str, now: datetime) -> Any | None:
    """The beginning this state belongs to, once and not too late; None otherwise."""
    row = conn.execute(
        delete(LoginState)
        .where(LoginState.state_hash == _digest(state))
        .returning(LoginState.nonce, LoginState.verifier, LoginState.target, LoginState.user_id, LoginState.created_at)
    ).first()
    return row if row is not None and row.created_at >= now - STATE_LIVES else None


def user_of(conn: Connection, issuer: str, subject: str) -> uuid.UUID | None:
    """The person an outside identity belongs to."""
    return conn.scalar(
        select(UserIdentity.user_id).where(UserIdentity.issuer == issuer, UserIdentity.subject == subject)
    )


def identities(conn: Connection, user_id: uuid.UUID) -> list[dict[str, Any]]:
    """The outside identities of a person."""
    rows = conn.execute(
        select(UserIdentity.issuer, UserIdentity.subject, UserIdentity.linked_at)
        .where(UserIdentity.user_id == user_id)
        .order_by(UserIdentity.linked_at)
    )
    return [dict(row) for row in rows.mappings()]


def link(conn: Connection, issuer: str, subject: str, user_id: uuid.UUID, now: datetime) -> None:
    """Tie an outside identity to a person; one that belongs to somebody else is refused."""
    holder = user_of(conn, issuer, subject)
    if holder is not None and holder != user_id:
        raise DomainError(
            "identity_taken",
            "该外部账号已绑定其他人员。",
            "This outside identity belongs to somebody else.",
            status=409,
        )
    if holder is None:
        conn.execute(insert(UserIdentity).values(issuer=issuer, subject=subject, user_id=user_id, linked_at=now))


def unlink(conn: Connection, issuer: str, subject: str, user_id: uuid.UUID) -> bool:
    """Untie an outside identity; whether there was one."""
    done = conn.execute(
        delete(UserIdentity).where(
            UserIdentity.issuer == issuer, UserIdentity.subject == subject, UserIdentity.user_id == user_id
        )
    )
    return done.rowcount == 1


def _fits(secret: bytes, given: str, now: datetime, last: int) -> int | None:
    """The step a code belongs to, when it is newer than the last one used."""
    typed = "".join(given.split())
    here = step_of(now)
    for step in range(here - WINDOW, here + WINDOW + 1):
        if step > last and hmac.compare_digest(code(secret, step).encode(), typed.encode("utf-8", "replace")):
            return step
    return None


def _kept(vault: Vault, hashed: str, user_id: uuid.UUID) -> str:
    return base64.b64encode(vault.seal(hashed.encode(), str(user_id))).decode()


def _opened(vault: Vault, kept: str, user_id: uuid.UUID) -> str:
    return vault.open(_raw(kept), str(user_id)).decode()


def _raw(kept: str) -> bytes:
    """A recovery code as it is kept, in bytes; one from before there was a key is a hash in hex."""
    return base64.b64decode(kept) if not _HEX.fullmatch(kept) else kept.encode()


def _hashed(text: str) -> str:
    return hashlib.sha256("".join(text.split()).encode("utf-8", "replace")).hexdigest()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def wrong() -> DomainError:
    """The error of a code that does not fit."""
    return DomainError("factor_code", *WRONG_CODE, pointer="code")
