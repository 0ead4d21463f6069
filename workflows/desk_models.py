"""Tables of the desks: notes at a case, marks and templates of reviewers, saved filters, rounds of site visits."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7


class CaseNote(Base):
    """A question on a case, a comment at one datum of a submission or a request for correction; an answer names what it answers."""

    __tablename__ = "case_note"
    __table_args__ = (
        CheckConstraint("kind IN ('question', 'field', 'correction')", name="kind"),
        CheckConstraint("outcome IN ('granted', 'declined')", name="outcome"),
        Index("ix_case_note_case", "case_id", "at"),
        Index(
            "ix_case_note_correction",
            "at",
            postgresql_where=text("kind = 'correction' AND parent_id IS NULL AND outcome IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str]
    submission_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("submission.id"), index=True)
    path: Mapped[str] = mapped_column(server_default="")
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_note.id"), index=True)
    text: Mapped[str]
    internal: Mapped[bool]
    author_id: Mapped[uuid.UUID | None]
    author_name: Mapped[str]
    of_enterprise: Mapped[bool]
    at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(comment="how a request for correction was answered")
    settled_at: Mapped[datetime | None]
    settled_name: Mapped[str] = mapped_column(server_default="", comment="who answered the request or settled the note")


class CaseVisit(Base):
    """A way that an applicant made to a counter or was called to for a case; never changed, taken back by another row."""

    __tablename__ = "case_visit"
    __table_args__ = (
        CheckConstraint("purpose IN ('consult', 'hand_in', 'correct', 'collect', 'called')", name="purpose"),
        UniqueConstraint("reverses"),
        Index("ix_case_visit_case", "case_id", "on_date"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    on_date: Mapped[date]
    purpose: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    reverses: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("case_visit.id"))
    recorded_by: Mapped[uuid.UUID | None]
    recorded_name: Mapped[str]
    at: Mapped[datetime]


class ReviewMark(Base):
    """What a reviewer found of one part of the application: fine, looked at but incomplete, to be returned."""

    __tablename__ = "review_mark"
    __table_args__ = (CheckConstraint("state IN ('fine', 'incomplete', 'return')", name="state"),)

    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("task.id"), primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    state: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    marked_by: Mapped[uuid.UUID | None]
    marked_at: Mapped[datetime]


class OpinionTemplate(Base):
    """A wording a body keeps for its opinions in one form."""

    __tablename__ = "opinion_template"
    __table_args__ = (UniqueConstraint("body_id", "form", "title"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    body_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("body.id"))
    form: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    created_by: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime]


class SavedFilter(Base):
    """A filter of the work list a person keeps under a name."""

    __tablename__ = "saved_filter"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"))
    name: Mapped[str]
    query: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class SiteRound(Base):
    """A day on which several site checks are done in one go."""

    __tablename__ = "site_round"
    __table_args__ = (Index("ix_site_round_body", "body_id", "on_date"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    body_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("body.id"))
    title: Mapped[str]
    on_date: Mapped[date]
    inspectors: Mapped[str]
    created_by: Mapped[uuid.UUID | None]
    created_at: Mapped[datetime]


class SiteStop(Base):
    """One visit of a round, in the order of the route."""

    __tablename__ = "site_stop"

    round_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("site_round.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    task_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("task.id"), index=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    km: Mapped[Decimal | None] = mapped_column(Numeric(8, 2), comment="straight line from the stop before")
