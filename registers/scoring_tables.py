"""The tables of scoring and of questionnaires, and of comparisons before and after a reform."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7


class ScoringScheme(Base):
    """A version of a scoring scheme (评分方案): a draft, or published and from then on immutable."""

    __tablename__ = "scoring_scheme"
    __table_args__ = (
        UniqueConstraint("code", "version"),
        CheckConstraint("status IN ('draft', 'published')", name="status"),
        CheckConstraint("(status = 'published') = (published_at IS NOT NULL)", name="published"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str]
    version: Mapped[int]
    title: Mapped[dict[str, Any]]
    content: Mapped[dict[str, Any]] = mapped_column(comment="indicators with weights, gates, evidence; vetoes; marks")
    basis: Mapped[str]
    status: Mapped[str]
    edited_by: Mapped[str]
    edited_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class Evaluation(Base):
    """An evaluation of a pilot by a published scheme; the result is fixed when it is closed."""

    __tablename__ = "evaluation"
    __table_args__ = (
        CheckConstraint("(result IS NULL) = (closed_at IS NULL)", name="closed"),
        Index("uq_evaluation_open", "pilot_id", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("ix_evaluation_pilot", "pilot_id", "opened_on"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    pilot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pilot.id"))
    scheme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("scoring_scheme.id"), index=True)
    opened_on: Mapped[date]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    closed_at: Mapped[datetime | None]


class EvaluationSheet(Base):
    """What one evaluator handed in: scores, vetoes found, or a conflict of interest; never changed."""

    __tablename__ = "evaluation_sheet"
    __table_args__ = (CheckConstraint("conflict = (conflict_reason <> '')", name="conflict"),)

    evaluation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("evaluation.id"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("app_user.id"), primary_key=True, index=True)
    name: Mapped[str]
    conflict: Mapped[bool]
    conflict_reason: Mapped[str]
    scores: Mapped[list[Any]] = mapped_column(comment="[{key, score, evidence}]")
    vetoes: Mapped[list[Any]] = mapped_column(comment="[{key, evidence}] found")
    comment: Mapped[str]
    at: Mapped[datetime]


class Survey(Base):
    """A questionnaire to enterprises about a pilot; open until it is closed or its last day has passed."""

    __tablename__ = "survey"
    __table_args__ = (Index("ix_survey_pilot", "pilot_id", "opened_on"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    pilot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pilot.id"))
    title: Mapped[dict[str, Any]]
    questions: Mapped[list[Any]]
    opened_on: Mapped[date]
    closes_on: Mapped[date]
    closed_at: Mapped[datetime | None]


class SurveyInvitation(Base):
    """One invitation: its link is shown once and stored as a hash; used up by one answer."""

    __tablename__ = "survey_invitation"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    survey_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("survey.id"), index=True)
    name: Mapped[str]
    enterprise_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("enterprise.id"), index=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    answered_at: Mapped[datetime | None]


class SurveyAnswer(Base):
    """One answer; it does not say whose, and is never changed."""

    __tablename__ = "survey_answer"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    survey_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("survey.id"), index=True)
    answers: Mapped[dict[str, Any]]
    on_date: Mapped[date]


class PilotComparison(Base):
    """How a pilot's effect is measured: a figure of cases in a baseline period, or a stated one, against the reform's."""

    __tablename__ = "pilot_comparison"
    __table_args__ = (
        CheckConstraint(
            "metric IN ('authority_days', 'applicant_days', 'total_days', 'materials', 'visits', 'submissions')",
            name="metric",
        ),
        CheckConstraint("(base_first IS NULL) = (base_last IS NULL)", name="base_period"),
        CheckConstraint("num_nonnulls(base_first, base_value) = 1", name="base"),
        CheckConstraint("reform_last >= reform_first", name="reform_period"),
        Index("ix_pilot_comparison_pilot", "pilot_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    pilot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pilot.id"))
    metric: Mapped[str]
    procedure: Mapped[str]
    zone_code: Mapped[str | None] = mapped_column(ForeignKey("zone.code"), index=True)
    base_first: Mapped[date | None]
    base_last: Mapped[date | None]
    base_value: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    base_source: Mapped[str]
    reform_first: Mapped[date]
    reform_last: Mapped[date]
    claimed_percent: Mapped[Decimal | None] = mapped_column(
        Numeric(6, 2), comment="shorter by so many percent, as claimed"
    )
    entered_by: Mapped[str]
    at: Mapped[datetime]
