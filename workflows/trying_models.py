"""Tables of trying and publishing: sandbox cases, runs over scenarios and past cases, proposals to publish, mended data.

A sandbox case is nothing but the list of its steps; where it stands is found by playing them. A run is a list of things to
play, worked off one by one by any node. Proposals and mended data are decided by a second person; an open one there is
once (partial unique indexes).
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base


class Trial(Base):
    """A sandbox case (试办) of a version: how it began and the steps that were taken."""

    __tablename__ = "trial"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    definition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("definition.id", ondelete="CASCADE"), index=True)
    title: Mapped[str]
    started_on: Mapped[date]
    given: Mapped[dict[str, Any]] = mapped_column(comment="who begins it, as a scenario says it")
    steps: Mapped[list[Any]]
    revision: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[uuid.UUID | None]
    changed_at: Mapped[datetime]


class ModelRun(Base):
    """Scenarios or past cases played in the background (试跑), and how far that has come."""

    __tablename__ = "model_run"
    __table_args__ = (
        CheckConstraint("kind IN ('scenarios', 'replay', 'table')", name="kind"),
        Index("ix_model_run_open", "requested_at", postgresql_where=text("finished_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    definition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("definition.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    todo: Mapped[list[Any]] = mapped_column(comment="names of scenarios, or identifiers of cases")
    done: Mapped[int] = mapped_column(server_default="0")
    requested_at: Mapped[datetime]
    requested_by: Mapped[uuid.UUID | None]
    finished_at: Mapped[datetime | None]


class ModelRunLine(Base):
    """What came of one item of a run."""

    __tablename__ = "model_run_line"

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("model_run.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    data: Mapped[dict[str, Any]]


class Publication(Base):
    """A proposal to publish a draft, and what a second person decided; never deleted."""

    __tablename__ = "publication"
    __table_args__ = (
        CheckConstraint("outcome IN ('published', 'declined')", name="outcome"),
        Index("ix_publication_definition", "definition_id", "proposed_at"),
        Index("uq_publication_open", "definition_id", unique=True, postgresql_where=text("decided_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    definition_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("definition.id"))
    sha256: Mapped[str] = mapped_column(comment="of the files as they were proposed; others cannot be published by it")
    valid_from: Mapped[date]
    note: Mapped[str]
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("app_user.id"), index=True)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("app_user.id"), index=True)
    outcome: Mapped[str | None]
    remark: Mapped[str] = mapped_column(server_default="")


class Mend(Base):
    """A datum of a stopped case that one person proposes to put right and another confirms."""

    __tablename__ = "mend"
    __table_args__ = (
        CheckConstraint("outcome IN ('done', 'declined')", name="outcome"),
        Index("ix_mend_case", "case_id", "proposed_at"),
        Index("uq_mend_open", "case_id", "path", unique=True, postgresql_where=text("decided_at IS NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    incident_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("incident.id"), index=True)
    path: Mapped[str] = mapped_column(comment="of the variable, such as application.area")
    old: Mapped[Any] = mapped_column(JSONB, nullable=True)
    new: Mapped[Any] = mapped_column(JSONB, nullable=True)
    reason: Mapped[str]
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("app_user.id"), index=True)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("app_user.id"), index=True)
    outcome: Mapped[str | None]
    remark: Mapped[str] = mapped_column(server_default="")
