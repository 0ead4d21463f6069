"""The tables of pilots and parks: programmes, parks, pilots with everything that is recorded of one.

Dates of a task stand in the register of milestones (owner kind `pilot`), which keeps baseline, plan and what happened
apart. What was decided, handed in, measured or reported is never changed; a correction is a new row.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Numeric, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from registers.db import Base, uuid7

STATUSES: dict[str, tuple[str, str]] = {
    "listed": ("按文件登记", "as in the document"),
    "drafted": ("方案起草", "plan drafted"),
    "filed": ("方案已备案", "plan filed"),
    "reviewed": ("专家评审通过", "reviewed by experts"),
    "requested": ("已请示", "approval requested"),
    "running": ("试点运行", "running"),
    "evaluating": ("评估中", "under evaluation"),
    "passed": ("通过评估", "passed"),
    "promoted": ("推广", "promoted"),
    "named": ("已命名", "named"),
    "warned": ("严重警告、限期整改", "serious warning"),
    "revoked": ("取消命名", "naming revoked"),
    "disqualified": ("取消试点资格", "disqualified"),
    "refused": ("未获批准", "not approved"),
}
ENDED = ("passed", "promoted", "named", "revoked", "disqualified", "refused")
DECISIONS: dict[str, tuple[str, str]] = {
    "filed": ("备案", "filed"),
    "reviewed": ("专家评审", "expert review"),
    "requested": ("请示", "request for approval"),
    "approved": ("批准", "approved"),
    "refused": ("不予批准", "not approved"),
    "changed": ("调整方案", "plan changed"),
    "evaluating": ("转入评估", "evaluation opened"),
    "extended": ("延长期限", "extended"),
    "passed": ("通过", "passed"),
    "promoted": ("推广", "promoted"),
    "disqualified": ("取消资格", "disqualified"),
    "named": ("命名", "named"),
    "verified": ("动态核查合格", "verified"),
    "warned": ("严重警告", "serious warning"),
    "cured": ("整改合格", "corrected in time"),
    "revoked": ("取消命名", "naming revoked"),
    "note": ("其他决定", "other decision"),
}
# To whom a delay is put down (after the attribution of overruns in EPIC.track, in words of this house).
CAUSES: dict[str, tuple[str, str]] = {
    "lead": ("牵头单位", "lead body"),
    "supporting": ("支持单位", "supporting bodies"),
    "approver": ("审批机关", "approving body"),
    "upper": ("上级或者国家政策调整", "higher level or national policy"),
    "enterprise": ("企业", "enterprises"),
    "outside": ("不可抗力等客观原因", "outside causes"),
}
# What costs a pilot its place.
GROUNDS: dict[str, tuple[str, str]] = {
    "worse": ("环境质量恶化", "the environment got worse"),
    "major_event": ("发生重大环境事件", "a major environmental event"),
    "milestones_missed": ("未按期完成任务", "tasks missed"),
}
LIGHTS: dict[str, tuple[str, str]] = {
    "green": ("正常", "on course"),
    "yellow": ("有偏差", "deviates"),
    "red": ("严重滞后", "badly behind"),
}


def _in(values: Any) -> str:
    return ", ".join(f"'{value}'" for value in values)


class Programme(Base):
    """A programme of pilots (试点项目): where it comes from, its term, on which grounds a pilot loses its place."""

    __tablename__ = "programme"

    code: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[dict[str, Any]]
    source: Mapped[str] = mapped_column(comment="citation code")
    first_on: Mapped[date | None]
    last_on: Mapped[date | None]
    notes: Mapped[list[Any]]
    grounds: Mapped[list[Any]]
    position: Mapped[int]


class Park(Base):
    """A park (园区) as the register knows it; zones tie it to enterprises, cases and quota."""

    __tablename__ = "park"
    __table_args__ = (
        CheckConstraint("area_km2 IS NULL OR area_km2 > 0", name="area"),
        CheckConstraint("(longitude IS NULL) = (latitude IS NULL)", name="place"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[dict[str, Any]]
    city: Mapped[str]
    source: Mapped[str]
    body_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("body.id"), index=True)
    zone_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'::text[]"))
    area_km2: Mapped[Decimal | None] = mapped_column(Numeric(12, 4))
    longitude: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    latitude: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    sectors: Mapped[list[Any]]
    infrastructure: Mapped[list[Any]] = mapped_column(comment="[{name, capacity, state}]")
    negative_list: Mapped[list[Any]] = mapped_column(comment="what may not settle, with the document")
    planning_eia: Mapped[dict[str, Any]] = mapped_column(comment="number, body, date and validity of the planning EIA")
    changed_by: Mapped[uuid.UUID | None]
    changed_at: Mapped[datetime]


class Pilot(Base):
    """A pilot (试点): of a programme, with a lead body, perhaps in a park, perhaps with a case that carries it."""

    __tablename__ = "pilot"
    __table_args__ = (
        CheckConstraint(f"status IN ({_in(STATUSES)})", name="status"),
        Index("ix_pilot_programme", "programme", "code"),
        Index("ix_pilot_status", "status"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str] = mapped_column(unique=True)
    programme: Mapped[str] = mapped_column(ForeignKey("programme.code"))
    title: Mapped[dict[str, Any]]
    city: Mapped[str]
    park_code: Mapped[str | None] = mapped_column(ForeignKey("park.code"), index=True)
    lead: Mapped[str]
    lead_body_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("body.id"), index=True)
    approver_body_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("body.id"), index=True)
    supporting: Mapped[list[Any]]
    source: Mapped[str]
    notes: Mapped[list[Any]] = mapped_column(comment="oddities of the source, shown and not repaired")
    facts: Mapped[dict[str, Any]]
    status: Mapped[str]
    deadline_on: Mapped[date | None] = mapped_column(comment="the last day of the term as it stands")
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cases.id"), index=True)
    created_at: Mapped[datetime]


class PilotTask(Base):
    """A task of a pilot with its deliverable, as its source words it; the dates are a milestone of the same key."""

    __tablename__ = "pilot_task"

    pilot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pilot.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    title: Mapped[dict[str, Any]]
    track: Mapped[str]
    start_on: Mapped[date | None]
    start_text: Mapped[str] = mapped_column(comment="as printed: a day, a month, a year")
    due_text: Mapped[str]
    deliverable: Mapped[str]
    source: Mapped[str]
    recurs: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    note: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class PilotSlip(Base):
    """A push of a milestone with whom it is put down to; never changed."""

    __tablename__ = "pilot_slip"
    __table_args__ = (
        CheckConstraint(f"cause IN ({_in(CAUSES)})", name="cause"),
        Index("ix_pilot_slip_pilot", "pilot_id", "at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    pilot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pilot.id"))
    key: Mapped[str]
    days: Mapped[int]
    cause: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]


class PilotDeliverable(Base):
    """A version of what a task delivers; never changed, a better one is the next version."""

    __tablename__ = "pilot_deliverable"
    __table_args__ = (UniqueConstraint("pilot_id", "task_key", "version"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    pilot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pilot.id"))
    task_key: Mapped[str]
    version: Mapped[int]
    title: Mapped[str]
    file_id: Mapped[uuid.UUID | None]
    note: Mapped[str]
    handed_in_by: Mapped[str]
    at: Mapped[datetime]


class PilotIndicator(Base):
    """A figure a pilot is measured by: its baseline and its target."""

    __tablename__ = "pilot_indicator"
    __table_args__ = (UniqueConstraint("pilot_id", "key"), CheckConstraint("better IN ('up', 'down')", name="better"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    pilot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pilot.id"))
    key: Mapped[str]
    title: Mapped[dict[str, Any]]
    unit: Mapped[str]
    better: Mapped[str]
    baseline: Mapped[Decimal | None]
    target: Mapped[Decimal | None]
    target_on: Mapped[date | None]
    source: Mapped[str]


class PilotValue(Base):
    """A measured value of an indicator; never changed."""

    __tablename__ = "pilot_value"
    __table_args__ = (Index("ix_pilot_value_indicator", "indicator_id", "on_date", "at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    indicator_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pilot_indicator.id"))
    on_date: Mapped[date]
    value: Mapped[Decimal]
    source: Mapped[str]
    entered_by: Mapped[str]
    at: Mapped[datetime]


class PilotRisk(Base):
    """What may go wrong, how bad it would be, what is done about it."""

    __tablename__ = "pilot_risk"
    __table_args__ = (
        CheckConstraint("level IN ('low', 'middle', 'high')", name="level"),
        CheckConstraint("(closed_on IS NULL) = (closing = '')", name="closed"),
        Index("ix_pilot_risk_pilot", "pilot_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    pilot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pilot.id"))
    title: Mapped[str]
    level: Mapped[str]
    measures: Mapped[str]
    owner: Mapped[str]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    closing: Mapped[str] = mapped_column(server_default="")


class PilotDecision(Base):
    """What was decided about a pilot, on which ground, by which document; never changed."""

    __tablename__ = "pilot_decision"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_in(DECISIONS)})", name="kind"),
        Index("ix_pilot_decision_pilot", "pilot_id", "on_date"),
        Index("ix_pilot_decision_case", "case_id", postgresql_where=text("case_id IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    pilot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pilot.id"))
    on_date: Mapped[date]
    kind: Mapped[str]
    ground: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str]
    document: Mapped[str]
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cases.id"))
    actor_name: Mapped[str]
    at: Mapped[datetime]


class PilotEvent(Base):
    """Something that may cost a pilot its place, entered by whoever supervises it; open until it is settled."""

    __tablename__ = "pilot_event"
    __table_args__ = (
        CheckConstraint(f"ground IN ({_in(GROUNDS)})", name="ground"),
        CheckConstraint("outcome IN ('dismissed', 'disqualified')", name="outcome"),
        CheckConstraint("(settled_on IS NULL) = (outcome IS NULL)", name="settled"),
        Index("ix_pilot_event_pilot", "pilot_id", "on_date"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    pilot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pilot.id"))
    on_date: Mapped[date]
    ground: Mapped[str]
    said: Mapped[str]
    document: Mapped[str]
    entered_by: Mapped[str]
    at: Mapped[datetime]
    outcome: Mapped[str | None]
    settling: Mapped[str] = mapped_column(server_default="")
    settled_by: Mapped[str] = mapped_column(server_default="")
    settled_on: Mapped[date | None]


class PilotStatus(Base):
    """A periodic report on how a pilot stands; never changed."""

    __tablename__ = "pilot_status"
    __table_args__ = (
        CheckConstraint("light IN ('green', 'yellow', 'red')", name="light"),
        Index("ix_pilot_status_pilot", "pilot_id", "on_date"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    pilot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pilot.id"))
    on_date: Mapped[date]
    kind: Mapped[str] = mapped_column(comment="month, quarter, half, year, final, experience")
    light: Mapped[str]
    said: Mapped[str]
    reported_by: Mapped[str]
    at: Mapped[datetime]


class PilotMeasure(Base):
    """A measure of a catalogue that a park chose, with its evidence."""

    __tablename__ = "pilot_measure"

    pilot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pilot.id"), primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    plan: Mapped[str]
    evidence: Mapped[list[Any]] = mapped_column(comment="[{on, said, file_id}]")
    state: Mapped[str] = mapped_column(server_default="chosen")
