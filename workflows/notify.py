"""Messages to people: written in the step that gives cause, delivered outside the page after its commit.

A message goes to named people, to the holders of a role of a body, to its supervisors or to an enterprise;
whoever stands in for one of them today receives it too. The inbox is the message table. E-mail and webhooks
are rows of an outbox that the statement writing the message fills in the same transaction (`delivery`);
`workflows.post` sends them. The outbox is a table of our own and not a job queue of a library, because
one sweep writes thousands of messages by two statements, because the region of a row is that of the
transaction, and because sending needs neither a second connection pool nor an event loop beside this one.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, Text, func, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Mapped, mapped_column

from registers.accounts import Actor
from registers.db import Base, uuid7
from registers.errors import DomainError, NotFound
from workflows.commands import Answer, Step, command

if TYPE_CHECKING:
    from workflows.caserun import CaseRun

KINDS: dict[str, tuple[str, str]] = {
    "reminder": ("期限提醒", "Reminder of a date"),
    "escalation": ("催办督办", "Escalation"),
    "moved": ("日期变动", "A date moved"),
    "letter": ("文书送达", "A letter"),
    "decision": ("审批决定", "A decision"),
    "returned": ("待您办理", "Back to you"),
    "duty": ("后续义务", "A duty"),
    "question": ("案件问答", "A message on a case"),
}


MIN_SECRET = 16


class Message(Base):
    """One line of a person's inbox, in both languages."""

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_user", "user_id", "created_at"),
        Index("ix_message_unread", "user_id", postgresql_where=text("read_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    kind: Mapped[str]
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cases.id"))
    title: Mapped[dict[str, Any]]
    link: Mapped[str]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class UserSetting(Base):
    """How a person wants to be told: by e-mail at once or once a day, by webhook, by calendar feed."""

    __tablename__ = "user_setting"
    __table_args__ = (CheckConstraint("email_when IN ('never', 'at_once', 'daily')", name="email_when"),)

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    email: Mapped[str] = mapped_column(server_default="")
    email_when: Mapped[str] = mapped_column(server_default="never")
    webhook_url: Mapped[str] = mapped_column(server_default="")
    webhook_secret: Mapped[str] = mapped_column(server_default="")
    muted: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    feed_hash: Mapped[bytes | None] = mapped_column(unique=True)


class Delivery(Base):
    """One e-mail or call of a webhook still to be made, or made (outbox)."""

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint("channel IN ('email', 'webhook')", name="channel"),
        Index("ix_delivery_due", "due_at", postgresql_where=text("done_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    channel: Mapped[str]
    content: Mapped[dict[str, Any]]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    done_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(server_default="")


@dataclass(frozen=True)
class Outgoing:
    """A message to one or several people."""

    to: frozenset[uuid.UUID]
    kind: str
    zh: str
    en: str
    case_id: uuid.UUID | None = None
    link: str = ""


# -- who is told -----------------------------------------------------------------------------------

_WITH_STAND_INS = """
 SELECT id FROM told JOIN app_user u USING (id) WHERE u.active
 UNION SELECT d.to_user_id FROM delegation d JOIN told ON told.id = d.from_user_id JOIN app_user u ON u.id = d.to_user_id
        WHERE d.revoked_at IS NULL AND :today BETWEEN d.valid_from AND d.valid_to AND u.active
"""
_OF_BODY, _SUPERVISORS, _OF_ENTERPRISE, _STAND_INS = (
    text(told + _WITH_STAND_INS)
    for told in (
        "WITH told AS (SELECT r.user_id AS id FROM user_role r WHERE r.body_id = :body AND r.role = ANY(:roles))",
        "WITH RECURSIVE above AS (SELECT id, parent_id FROM body WHERE id = :body"
        " UNION SELECT b.id, b.parent_id FROM body b JOIN above ON b.id = above.parent_id),"
        " told AS (SELECT r.user_id AS id FROM user_role r JOIN above ON above.id = r.body_id"
        " WHERE r.role = 'supervisor')",
        "WITH told AS (SELECT id FROM app_user WHERE enterprise_id = :enterprise)",
        "WITH told AS (SELECT unnest(CAST(:ids AS uuid[])) AS id)",
    )
)


def of_body(conn: Connection, body_id: uuid.UUID | None, roles: Sequence[str], today: date) -> frozenset[uuid.UUID]:
    """Who holds one of these roles for a body today."""
    return frozenset(conn.scalars(_OF_BODY, {"body": body_id, "roles": list(roles), "today": today}))


def supervisors(conn: Connection, body_id: uuid.UUID | None, today: date) -> frozenset[uuid.UUID]:
    """Who supervises a body: its own supervisors and those of the bodies above."""
    return frozenset(conn.scalars(_SUPERVISORS, {"body": body_id, "today": today}))


def of_enterprise(conn: Connection, enterprise_id: uuid.UUID | None, today: date) -> frozenset[uuid.UUID]:
    """The people of an enterprise."""
    return frozenset(conn.scalars(_OF_ENTERPRISE, {"enterprise": enterprise_id, "today": today}))


def persons(conn: Connection, ids: Iterable[uuid.UUID], today: date) -> frozenset[uuid.UUID]:
    """These people and whoever stands in for them."""
    return frozenset(conn.scalars(_STAND_INS, {"ids": list(ids), "today": today}))


# -- writing ---------------------------------------------------------------------------------------

# Inbox and outbox by one statement for all messages of a step; deliveries are chosen from the settings by the database.
_WRITE = text(
    """
    WITH said AS MATERIALIZED (
      SELECT p.id, p.user_id, m.kind, m.case_id, m.title, m.link
        FROM jsonb_to_recordset(CAST(:messages AS jsonb))
             AS m(kind text, case_id uuid, title jsonb, link text, copies jsonb)
       CROSS JOIN jsonb_to_recordset(m.copies) AS p(id uuid, user_id uuid)),
    written AS (
      INSERT INTO message (id, user_id, kind, case_id, title, link, created_at)
      SELECT id, user_id, kind, case_id, title, link, :now FROM said)
    INSERT INTO delivery (user_id, channel, content, due_at)
    SELECT m.user_id, way.channel,
           jsonb_build_object('id', m.id, 'kind', m.kind, 'title', m.title, 'link', m.link, 'at', CAST(:at AS text)), :now
      FROM said m JOIN user_setting s ON s.user_id = m.user_id AND NOT m.kind = ANY(s.muted)
     CROSS JOIN LATERAL (
           SELECT 'email' AS channel WHERE s.email <> '' AND s.email_when = 'at_once'
           UNION ALL SELECT 'webhook' WHERE s.webhook_url <> '') AS way
    """
)


def about_case(step: Step, case: Any, to: frozenset[uuid.UUID], zh: str, en: str, place: str) -> None:
    """Tell people what was said in a case: its number and title around the words, and the place on its page."""
    said = Outgoing(
        to,
        "question",
        f"{case['number']} {zh}：{case['title']}",
        f"{case['number']}: {en} ({case['title']})",
        case["id"],
        f"/cases/{case['id']}#{place}",
    )
    send(step.conn, step.now, [said])


def send(conn: Connection, now: datetime, messages: Iterable[Outgoing]) -> int:
    """Put messages into inboxes and, as each person wants, into the outbox; returns how many inboxes."""
    said: list[dict[str, Any]] = [
        {
            "kind": message.kind,
            "case_id": message.case_id and str(message.case_id),
            "title": {"zh": message.zh, "en": message.en},
            "link": message.link or (f"/cases/{message.case_id}" if message.case_id else ""),
            "copies": [{"id": str(uuid7()), "user_id": str(user_id)} for user_id in sorted(message.to)],
        }
        for message in messages
        if message.to
    ]
    if said:
        text_of_all = json.dumps(said, ensure_ascii=False)
        conn.execute(_WRITE, {"messages": text_of_all, "now": now, "at": now.isoformat()})
    return sum(len(message["copies"]) for message in said)


# -- reading and settings --------------------------------------------------------------------------


def inbox(conn: Connection, actor: Actor, *, unread: bool = False, limit: int = 50, offset: int = 0) -> dict[str, Any]:
    """A person's messages, newest first, with the number of all and of the unread."""
    mine = Message.user_id == actor.id
    query = select(Message.__table__).where(mine)
    if unread:
        query = query.where(Message.read_at.is_(None))
    rows = conn.execute(
        query.order_by(Message.created_at.desc(), Message.id.desc()).limit(min(limit, 200)).offset(offset)
    )
    total, waiting = conn.execute(
        select(func.count(), func.count().filter(Message.read_at.is_(None))).select_from(Message).where(mine)
    ).one()
    return {"messages": [dict(row) for row in rows.mappings()], "total": total, "unread": waiting}


def unread_count(conn: Connection, actor: Actor) -> int:
    """How many messages a person has not read."""
    found = conn.scalar(
        select(func.count()).select_from(Message).where(Message.user_id == actor.id, Message.read_at.is_(None))
    )
    return found or 0


def settings(conn: Connection, actor: Actor) -> dict[str, Any]:
    """How a person wants to be told; the secrets only as whether there is one."""
    row = conn.execute(select(UserSetting.__table__).where(UserSetting.user_id == actor.id)).mappings().first()
    found = dict(row) if row else {"email": "", "email_when": "never", "webhook_url": "", "muted": []}
    found["has_webhook_secret"] = bool(found.pop("webhook_secret", ""))
    found["has_feed"] = bool(found.pop("feed_hash", None))
    found.pop("user_id", None)
    return found


@command("message.read")
def mark_read(step: Step, *, message_id: uuid.UUID | None = None) -> Answer:
    """Mark one message, or all, as read."""
    query = update(Message).where(Message.user_id == step.actor.id, Message.read_at.is_(None))
    if message_id is not None:
        known = step.conn.scalar(select(Message.id).where(Message.id == message_id, Message.user_id == step.actor.id))
        if known is None:
            raise NotFound("没有这条消息。", "There is no such message.")
        query = query.where(Message.id == message_id)
    return {"read": step.conn.execute(query.values(read_at=step.now)).rowcount}


@command("setting.save")
def save_settings(
    step: Step,
    *,
    email: str = "",
    email_when: str = "never",
    webhook_url: str = "",
    webhook_secret: str = "",
    muted: tuple[str, ...] = (),
) -> Answer:
    """Keep how a person wants to be told; without a new secret the webhook keeps the one it has."""
    _check_settings(email, email_when, webhook_url, muted)
    values = {"email": email, "email_when": email_when, "webhook_url": webhook_url, "muted": sorted(set(muted))}
    held = step.conn.scalar(select(UserSetting.webhook_secret).where(UserSetting.user_id == step.actor.id))
    if webhook_url and len(webhook_secret or held or "") < MIN_SECRET:
        raise DomainError(
            "webhook_secret",
            f"回调需要密钥（至少{MIN_SECRET}位），用于核对签名。",
            f"A webhook needs a secret of at least {MIN_SECRET} characters to check the signature with.",
            pointer="webhook_secret",
        )
    if webhook_secret:
        values["webhook_secret"] = webhook_secret
    statement = upsert(UserSetting).values(user_id=step.actor.id, **values)
    step.conn.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))
    return {"email_when": email_when}


@command("setting.feed")
def set_feed(step: Step, *, digest: str) -> Answer:
    """Keep the hash of a new secret for one's calendar feed; the one before is no longer good."""
    values = {"feed_hash": bytes.fromhex(digest)}
    statement = upsert(UserSetting).values(user_id=step.actor.id, **values)
    step.conn.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))
    return {"made": True}


def feed_secret() -> tuple[str, str]:
    """A new secret for a calendar feed and the digest that is kept of it."""
    token = secrets.token_urlsafe(32)
    return token, _digest(token).hex()


def feed_owner(conn: Connection, token: str) -> uuid.UUID | None:
    """Whose calendar feed this secret opens."""
    found: uuid.UUID | None = conn.scalar(select(UserSetting.user_id).where(UserSetting.feed_hash == _digest(token)))
    return found


def _check_settings(email: str, email_when: str, webhook_url: str, muted: tuple[str, ...]) -> None:
    if email_when not in ("never", "at_once", "daily"):
        raise DomainError("email_when", "未知的邮件方式。", "Unknown choice for e-mail.", pointer="email_when")
    name, at, host = email.partition("@")
    bad = not (name and at and "." in host) or any(character.isspace() for character in email) or len(email) > 200
    if (email or email_when != "never") and bad:
        raise DomainError("email", "请填写正确的邮箱地址。", "Give a valid e-mail address.", pointer="email")
    parts = urlsplit(webhook_url) if len(webhook_url) <= 500 else urlsplit("")
    if webhook_url and not (parts.scheme in ("http", "https") and parts.hostname):
        raise DomainError(
            "webhook_url",
            "回调地址须以http://或https://开头。",
            "The address must begin with http:// or https://.",
            pointer="webhook_url",
        )
    if set(muted) - set(KINDS):
        raise DomainError("muted", "未知的消息类别。", "Unknown kind of message.", pointer="muted")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


# -- occasions in a case -----------------------------------------------------------------------------


def letter_issued(run: CaseRun, name: str, number: str | None) -> None:
    """Tell the enterprise that a letter was issued to it."""
    if run.enterprise_id is None:
        return
    title = run.compiled.letter(name).title
    said = Outgoing(
        of_enterprise(run.step.conn, run.enterprise_id, run.step.today),
        "letter",
        f"{title['zh']} {number or ''}：{run.title}",
        f"{title['en']} {number or ''}: {run.title}",
        run.id,
    )
    send(run.step.conn, run.step.now, [said])


def decided(run: CaseRun, matter_title: tuple[str, str], approved: bool) -> None:
    """Tell the enterprise how a matter was decided."""
    if run.enterprise_id is None:
        return
    zh, en = ("准予", "approved") if approved else ("不予许可", "refused")
    said = Outgoing(
        of_enterprise(run.step.conn, run.enterprise_id, run.step.today),
        "decision",
        f"{matter_title[0]}：{zh}（{run.title}）",
        f"{matter_title[1]}: {en} ({run.title})",
        run.id,
    )
    send(run.step.conn, run.step.now, [said])


def returned(run: CaseRun, tasks: list[dict[str, Any]]) -> None:
    """Tell the enterprise that an authority's step gave it something to do."""
    step = run.step
    names = [row["name"] for row in tasks if row["enterprise_id"] is not None]
    if not names or step.actor.enterprise_id == run.enterprise_id:
        return
    link = f"/tasks/{tasks[0]['id']}" if len(tasks) == 1 else ""
    said = Outgoing(
        of_enterprise(step.conn, run.enterprise_id, step.today),
        "returned",
        f"请办理“{'、'.join(names)}”：{run.title}",
        f"To do: {', '.join(names)} ({run.title})",
        run.id,
        link,
    )
    send(step.conn, step.now, [said])
