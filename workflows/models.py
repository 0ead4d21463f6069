"""Tables of the runtime: definitions, cases, tasks, submissions, events, deadlines and their kin.

Rules that the database itself keeps: an event is never changed (trigger in the migration), sequence
numbers of a case have no doubles, a task is closed once, an idempotency key is used once, a deadline
fires once. Row-level security on everything that hangs on a case is set up in the migration too.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7


class Definition(Base):
    """A version of a procedure (流程版本): a draft, or published and from then on immutable."""

    __tablename__ = "definition"
    __table_args__ = (
        UniqueConstraint("procedure", "version"),
        CheckConstraint("status IN ('draft', 'published', 'retired')", name="status"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    procedure: Mapped[str]
    version: Mapped[int]
    status: Mapped[str]
    title: Mapped[dict[str, Any]]
    sha256: Mapped[str]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    created_at: Mapped[datetime]
    created_by: Mapped[uuid.UUID | None]
    published_at: Mapped[datetime | None]
    published_by: Mapped[uuid.UUID | None]
    note: Mapped[str] = mapped_column(server_default="")


class DefinitionFile(Base):
    """One file of a definition: a model, a decision table, a form, the settings, the scenarios."""

    __tablename__ = "definition_file"

    definition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("definition.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes]


class Case(Base):
    """A case (案件). `state` is the engine's envelope; `event_seq`/`event_hash` the end of its chain."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint("status IN ('running', 'closed', 'withdrawn', 'cancelled')", name="status"),
        Index("ix_cases_enterprise", "enterprise_id", "opened_at"),
        Index("ix_cases_bodies", "body_ids", postgresql_using="gin"),
        Index("ix_cases_opened", "opened_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    definition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("definition.id"))
    procedure: Mapped[str]
    title: Mapped[str]
    enterprise_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("enterprise.id"))
    lead_body_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("body.id"))
    bodies: Mapped[dict[str, Any]] = mapped_column(comment="part in the case (lead, eia, ...) -> body id")
    body_ids: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid(as_uuid=True)))
    status: Mapped[str]
    outcome: Mapped[str | None]
    state: Mapped[bytes]
    event_seq: Mapped[int]
    event_hash: Mapped[bytes]
    open_work: Mapped[dict[str, Any]] = mapped_column(
        comment="open tasks with holder, deadlines, incidents, by waiting id"
    )
    opened_at: Mapped[datetime]
    opened_by: Mapped[uuid.UUID | None]
    closed_at: Mapped[datetime | None]


class Task(Base):
    """One piece of human work (待办), offered to a role of a body or of the enterprise."""

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'done', 'cancelled')", name="status"),
        Index("ix_task_case", "case_id"),
        Index("ix_task_offer_body", "body_id", "role", postgresql_where=text("status = 'open'")),
        Index("ix_task_offer_enterprise", "enterprise_id", postgresql_where=text("status = 'open'")),
        Index("ix_task_assignee", "assignee_id", postgresql_where=text("status = 'open'")),
        Index("ix_task_closed_by", "closed_by", "closed_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    element: Mapped[str]
    name: Mapped[str]
    form: Mapped[str | None]
    role: Mapped[str | None]
    matter: Mapped[str | None]
    body_id: Mapped[uuid.UUID | None]
    enterprise_id: Mapped[uuid.UUID | None]
    local: Mapped[dict[str, Any]]
    limit_rule: Mapped[str | None]
    due_on: Mapped[date | None]
    status: Mapped[str]
    assignee_id: Mapped[uuid.UUID | None]
    claimed_at: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[uuid.UUID | None]


class Submission(Base):
    """What a person handed in with a task (提交); inserted once, never changed."""

    __tablename__ = "submission"
    __table_args__ = (Index("ix_submission_case", "case_id", "submitted_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    task_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    element: Mapped[str]
    form: Mapped[str | None]
    data: Mapped[dict[str, Any]]
    submitted_by: Mapped[uuid.UUID | None]
    submitted_at: Mapped[datetime]


class Draft(Base):
    """What has been typed into a task's form so far; survives log-out, errors and form changes."""

    __tablename__ = "draft"

    task_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    data: Mapped[dict[str, Any]]
    revision: Mapped[int]
    saved_by: Mapped[uuid.UUID | None]
    saved_at: Mapped[datetime]
    # The open page that saved it (made up by the page) and its how-manieth save that was.
    page: Mapped[str | None]
    turn: Mapped[int] = mapped_column(BigInteger, server_default="0")


class Event(Base):
    """One line of the record (留痕): append-only, chained by hash within its case."""

    __tablename__ = "event"

    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    at: Mapped[datetime]
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str]
    body_name: Mapped[str]
    element: Mapped[str | None]
    data: Mapped[dict[str, Any]]
    prev_hash: Mapped[bytes]
    hash: Mapped[bytes]


class Idempotency(Base):
    """The answer a command gave under a key, so that a repeated request gets it again."""

    __tablename__ = "idempotency"
    __table_args__ = (Index("ix_idempotency_created", "created_at"),)

    actor: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    command: Mapped[str]
    request_hash: Mapped[bytes]
    response: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


class Deadline(Base):
    """An instant at which the system must act (到期事项)."""

    __tablename__ = "deadline"
    __table_args__ = (
        Index("ix_deadline_due", "due_at", postgresql_where=text("done_at IS NULL")),
        Index("ix_deadline_case", "case_id"),
        CheckConstraint("effect IN ('fire', 'remind', 'timer')", name="effect"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    waiting_id: Mapped[uuid.UUID]
    element: Mapped[str]
    effect: Mapped[str]
    rule: Mapped[str | None]
    basis: Mapped[str] = mapped_column(server_default="")
    start_on: Mapped[date | None] = mapped_column(comment="from when the rule counts; the date is counted anew from it")
    due_on: Mapped[date | None]
    provisional: Mapped[bool] = mapped_column(server_default="false")
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    result: Mapped[str | None]


class Incident(Base):
    """A service step that failed: the case waits there, nothing is lost, an administrator retries."""

    __tablename__ = "incident"
    __table_args__ = (Index("ix_incident_open", "created_at", postgresql_where=text("resolved_at IS NULL")),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    waiting_id: Mapped[uuid.UUID]
    element: Mapped[str]
    operator: Mapped[str]
    cause: Mapped[str]
    detail: Mapped[str]
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[uuid.UUID | None]


class Matter(Base):
    """A legal decision inside a case (事项) with its class, deciding body, clock rule and outcome."""

    __tablename__ = "matter"
    __table_args__ = (
        UniqueConstraint("case_id", "kind"),
        CheckConstraint("status IN ('open', 'approved', 'refused', 'withdrawn', 'cancelled')", name="status"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str]
    klass: Mapped[str]
    body_id: Mapped[uuid.UUID | None]
    limit_rule: Mapped[str | None]
    promised: Mapped[int | None]
    status: Mapped[str]
    opened_on: Mapped[date]
    decided_on: Mapped[date | None]
    ground: Mapped[str | None]
    reason: Mapped[str | None]
    number: Mapped[str | None]


class ClockFact(Base):
    """A fact of a matter's clock: started, paused, resumed, extended, decided, reopened, delivered."""

    __tablename__ = "clock_fact"
    __table_args__ = (Index("ix_clock_fact_matter", "matter_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    matter_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("matter.id"))
    kind: Mapped[str]
    pause_kind: Mapped[str | None]
    on_date: Mapped[date]
    days: Mapped[int | None]
    reason: Mapped[str] = mapped_column(server_default="")
    letter_id: Mapped[uuid.UUID | None]
    recorded_by: Mapped[uuid.UUID | None]
    recorded_at: Mapped[datetime]


class Letter(Base):
    """An official document (文书) with number; issued once, then fixed by its hash."""

    __tablename__ = "letter"
    __table_args__ = (
        Index("ix_letter_case", "case_id"),
        UniqueConstraint("number"),
        UniqueConstraint("verify_code"),
        CheckConstraint("status IN ('draft', 'issued', 'superseded')", name="status"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str]
    matter: Mapped[str | None]
    title: Mapped[str]
    number: Mapped[str | None]
    status: Mapped[str]
    body_id: Mapped[uuid.UUID | None]
    content_values: Mapped[dict[str, Any]]
    sha256: Mapped[str]
    verify_code: Mapped[str | None]
    made_at: Mapped[datetime]
    made_by: Mapped[uuid.UUID | None]
    issued_at: Mapped[datetime | None]
    delivered_on: Mapped[date | None]
    delivered_to: Mapped[str | None]
    element: Mapped[str | None]


class Notice(Base):
    """A public notice (公示) with its period."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_case", "case_id"), Index("ix_notice_until", "until_on"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str]
    matter: Mapped[str | None]
    title: Mapped[str]
    content: Mapped[dict[str, Any]]
    body_id: Mapped[uuid.UUID | None]
    rule: Mapped[str | None]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    closed_at: Mapped[datetime | None]


class NoticeComment(Base):
    """What somebody said on a public notice within its period."""

    __tablename__ = "notice_comment"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    notice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("notice.id"), index=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    author: Mapped[str]
    contact: Mapped[str]
    comment: Mapped[str]
    wants_hearing: Mapped[bool]
    at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(server_default="")
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[uuid.UUID | None]


class CaseFile(Base):
    """A file attached to a case under a field of a submission; versions and reuse point at one content."""

    __tablename__ = "case_file"
    __table_args__ = (UniqueConstraint("case_id", "file_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    file_id: Mapped[uuid.UUID]
    element: Mapped[str] = mapped_column(Text, server_default="")
    attached_at: Mapped[datetime]
