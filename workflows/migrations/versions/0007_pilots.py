"""The register of pilots and parks, scoring and questionnaires, and what the boards read."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _pilots()
    _scoring()
    _boards()
    op.execute((Path(__file__).parent.parent / "pilots.sql").read_text(encoding="utf-8"))


def _pilots() -> None:
    op.create_table(
        "programme",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", postgresql.JSONB(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="citation code"),
        sa.Column("first_on", sa.Date(), nullable=True),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("notes", postgresql.JSONB(), nullable=False),
        sa.Column("grounds", postgresql.JSONB(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_programme")),
    )
    op.create_table(
        "park",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", postgresql.JSONB(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("body_id", sa.Uuid(), nullable=True),
        sa.Column("zone_codes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("area_km2", sa.Numeric(precision=12, scale=4), nullable=True),
        sa.Column("sectors", postgresql.JSONB(), nullable=False),
        sa.Column("infrastructure", postgresql.JSONB(), nullable=False, comment="[{name, capacity, state}]"),
        sa.Column(
            "negative_list", postgresql.JSONB(), nullable=False, comment="what may not settle, with the document"
        ),
        sa.Column(
            "planning_eia",
            postgresql.JSONB(),
            nullable=False,
            comment="number, body, date and validity of the planning EIA",
        ),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("area_km2 IS NULL OR area_km2 > 0", name=op.f("ck_park_area")),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"], name=op.f("fk_park_body_id")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_park")),
    )
    op.create_index(op.f("ix_park_body_id"), "park", ["body_id"], unique=False)
    op.create_table(
        "pilot",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("title", postgresql.JSONB(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("park_code", sa.Text(), nullable=True),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("lead_body_id", sa.Uuid(), nullable=True),
        sa.Column("approver_body_id", sa.Uuid(), nullable=True),
        sa.Column("supporting", postgresql.JSONB(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "notes", postgresql.JSONB(), nullable=False, comment="oddities of the source, shown and not repaired"
        ),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("deadline_on", sa.Date(), nullable=True, comment="the last day of the term as it stands"),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('listed', 'drafted', 'filed', 'reviewed', 'requested', 'running', "
            "'evaluating', 'passed', 'promoted', 'named', 'warned', 'revoked', 'disqualified', "
            "'refused')",
            name=op.f("ck_pilot_status"),
        ),
        sa.ForeignKeyConstraint(["approver_body_id"], ["body.id"], name=op.f("fk_pilot_approver_body_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_pilot_case_id")),
        sa.ForeignKeyConstraint(["lead_body_id"], ["body.id"], name=op.f("fk_pilot_lead_body_id")),
        sa.ForeignKeyConstraint(["park_code"], ["park.code"], name=op.f("fk_pilot_park_code")),
        sa.ForeignKeyConstraint(["programme"], ["programme.code"], name=op.f("fk_pilot_programme")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pilot")),
        sa.UniqueConstraint("code", name=op.f("uq_pilot_code")),
    )
    op.create_index(op.f("ix_pilot_approver_body_id"), "pilot", ["approver_body_id"], unique=False)
    op.create_index(op.f("ix_pilot_case_id"), "pilot", ["case_id"], unique=False)
    op.create_index(op.f("ix_pilot_lead_body_id"), "pilot", ["lead_body_id"], unique=False)
    op.create_index(op.f("ix_pilot_park_code"), "pilot", ["park_code"], unique=False)
    op.create_index("ix_pilot_programme", "pilot", ["programme", "code"], unique=False)
    op.create_index("ix_pilot_status", "pilot", ["status"], unique=False)
    op.create_table(
        "pilot_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('filed', 'reviewed', 'requested', 'approved', 'refused', 'changed', "
            "'evaluating', 'extended', 'passed', 'promoted', 'disqualified', 'named', 'verified', "
            "'warned', 'cured', 'revoked', 'note')",
            name=op.f("ck_pilot_decision_kind"),
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_pilot_decision_case_id")),
        sa.ForeignKeyConstraint(["pilot_id"], ["pilot.id"], name=op.f("fk_pilot_decision_pilot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pilot_decision")),
    )
    op.create_index(
        "ix_pilot_decision_case",
        "pilot_decision",
        ["case_id"],
        unique=False,
        postgresql_where=sa.text("case_id IS NOT NULL"),
    )
    op.create_index("ix_pilot_decision_pilot", "pilot_decision", ["pilot_id", "on_date"], unique=False)
    op.create_table(
        "pilot_deliverable",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("task_key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("handed_in_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["pilot_id"], ["pilot.id"], name=op.f("fk_pilot_deliverable_pilot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pilot_deliverable")),
        sa.UniqueConstraint(
            "pilot_id", "task_key", "version", name=op.f("uq_pilot_deliverable_pilot_id_task_key_version")
        ),
    )
    op.create_table(
        "pilot_indicator",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", postgresql.JSONB(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("better", sa.Text(), nullable=False),
        sa.Column("baseline", sa.Numeric(), nullable=True),
        sa.Column("target", sa.Numeric(), nullable=True),
        sa.Column("target_on", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint("better IN ('up', 'down')", name=op.f("ck_pilot_indicator_better")),
        sa.ForeignKeyConstraint(["pilot_id"], ["pilot.id"], name=op.f("fk_pilot_indicator_pilot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pilot_indicator")),
        sa.UniqueConstraint("pilot_id", "key", name=op.f("uq_pilot_indicator_pilot_id_key")),
    )
    op.create_table(
        "pilot_measure",
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False, comment="[{on, said, file_id}]"),
        sa.Column("state", sa.Text(), server_default="chosen", nullable=False),
        sa.ForeignKeyConstraint(["pilot_id"], ["pilot.id"], name=op.f("fk_pilot_measure_pilot_id")),
        sa.PrimaryKeyConstraint("pilot_id", "measure", name=op.f("pk_pilot_measure")),
    )
    op.create_table(
        "pilot_risk",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("closing", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("(closed_on IS NULL) = (closing = '')", name=op.f("ck_pilot_risk_closed")),
        sa.CheckConstraint("level IN ('low', 'middle', 'high')", name=op.f("ck_pilot_risk_level")),
        sa.ForeignKeyConstraint(["pilot_id"], ["pilot.id"], name=op.f("fk_pilot_risk_pilot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pilot_risk")),
    )
    op.create_index("ix_pilot_risk_pilot", "pilot_risk", ["pilot_id"], unique=False)
    op.create_table(
        "pilot_slip",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "cause IN ('lead', 'supporting', 'approver', 'upper', 'enterprise', 'outside')",
            name=op.f("ck_pilot_slip_cause"),
        ),
        sa.ForeignKeyConstraint(["pilot_id"], ["pilot.id"], name=op.f("fk_pilot_slip_pilot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pilot_slip")),
    )
    op.create_index("ix_pilot_slip_pilot", "pilot_slip", ["pilot_id", "at"], unique=False)
    op.create_table(
        "pilot_status",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="month, quarter, half, year, final, experience"),
        sa.Column("light", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("reported_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("light IN ('green', 'yellow', 'red')", name=op.f("ck_pilot_status_light")),
        sa.ForeignKeyConstraint(["pilot_id"], ["pilot.id"], name=op.f("fk_pilot_status_pilot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pilot_status")),
    )
    op.create_index("ix_pilot_status_pilot", "pilot_status", ["pilot_id", "on_date"], unique=False)
    op.create_table(
        "pilot_task",
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", postgresql.JSONB(), nullable=False),
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=True),
        sa.Column("start_text", sa.Text(), nullable=False, comment="as printed: a day, a month, a year"),
        sa.Column("due_text", sa.Text(), nullable=False),
        sa.Column("deliverable", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "recurs",
            postgresql.JSONB(
                none_as_null=True,
            ),
            nullable=True,
        ),
        sa.Column(
            "note",
            postgresql.JSONB(
                none_as_null=True,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(["pilot_id"], ["pilot.id"], name=op.f("fk_pilot_task_pilot_id")),
        sa.PrimaryKeyConstraint("pilot_id", "key", name=op.f("pk_pilot_task")),
    )
    op.create_table(
        "pilot_value",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("indicator_id", sa.Uuid(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["indicator_id"], ["pilot_indicator.id"], name=op.f("fk_pilot_value_indicator_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pilot_value")),
    )
    op.create_index("ix_pilot_value_indicator", "pilot_value", ["indicator_id", "on_date", "at"], unique=False)


def _scoring() -> None:
    op.create_table(
        "scoring_scheme",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", postgresql.JSONB(), nullable=False),
        sa.Column(
            "content",
            postgresql.JSONB(),
            nullable=False,
            comment="indicators with weights, gates, evidence; vetoes; marks",
        ),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("edited_by", sa.Text(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'published') = (published_at IS NOT NULL)", name=op.f("ck_scoring_scheme_published")
        ),
        sa.CheckConstraint("status IN ('draft', 'published')", name=op.f("ck_scoring_scheme_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scoring_scheme")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_scoring_scheme_code_version")),
    )
    op.create_table(
        "evaluation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column(
            "result",
            postgresql.JSONB(
                none_as_null=True,
            ),
            nullable=True,
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(result IS NULL) = (closed_at IS NULL)", name=op.f("ck_evaluation_closed")),
        sa.ForeignKeyConstraint(["pilot_id"], ["pilot.id"], name=op.f("fk_evaluation_pilot_id")),
        sa.ForeignKeyConstraint(["scheme_id"], ["scoring_scheme.id"], name=op.f("fk_evaluation_scheme_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation")),
    )
    op.create_index("ix_evaluation_pilot", "evaluation", ["pilot_id", "opened_on"], unique=False)
    op.create_index(op.f("ix_evaluation_scheme_id"), "evaluation", ["scheme_id"], unique=False)
    op.create_index(
        "uq_evaluation_open", "evaluation", ["pilot_id"], unique=True, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_table(
        "pilot_comparison",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("procedure", sa.Text(), nullable=False),
        sa.Column("zone_code", sa.Text(), nullable=True),
        sa.Column("base_first", sa.Date(), nullable=True),
        sa.Column("base_last", sa.Date(), nullable=True),
        sa.Column("base_value", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("base_source", sa.Text(), nullable=False),
        sa.Column("reform_first", sa.Date(), nullable=False),
        sa.Column("reform_last", sa.Date(), nullable=False),
        sa.Column(
            "claimed_percent",
            sa.Numeric(precision=6, scale=2),
            nullable=True,
            comment="shorter by so many percent, as claimed",
        ),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "metric IN ('authority_days', 'applicant_days', 'total_days', 'materials', 'visits')",
            name=op.f("ck_pilot_comparison_metric"),
        ),
        sa.CheckConstraint("(base_first IS NULL) = (base_last IS NULL)", name=op.f("ck_pilot_comparison_base_period")),
        sa.CheckConstraint("num_nonnulls(base_first, base_value) = 1", name=op.f("ck_pilot_comparison_base")),
        sa.CheckConstraint("reform_last >= reform_first", name=op.f("ck_pilot_comparison_reform_period")),
        sa.ForeignKeyConstraint(["pilot_id"], ["pilot.id"], name=op.f("fk_pilot_comparison_pilot_id")),
        sa.ForeignKeyConstraint(["zone_code"], ["zone.code"], name=op.f("fk_pilot_comparison_zone_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pilot_comparison")),
    )
    op.create_index("ix_pilot_comparison_pilot", "pilot_comparison", ["pilot_id"], unique=False)
    op.create_index(op.f("ix_pilot_comparison_zone_code"), "pilot_comparison", ["zone_code"], unique=False)
    op.create_table(
        "survey",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("title", postgresql.JSONB(), nullable=False),
        sa.Column("questions", postgresql.JSONB(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["pilot_id"], ["pilot.id"], name=op.f("fk_survey_pilot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey")),
    )
    op.create_index("ix_survey_pilot", "survey", ["pilot_id", "opened_on"], unique=False)
    op.create_table(
        "evaluation_sheet",
        sa.Column("evaluation_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("conflict", sa.Boolean(), nullable=False),
        sa.Column("conflict_reason", sa.Text(), nullable=False),
        sa.Column("scores", postgresql.JSONB(), nullable=False, comment="[{key, score, evidence}]"),
        sa.Column("vetoes", postgresql.JSONB(), nullable=False, comment="[{key, evidence}] found"),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("conflict = (conflict_reason <> '')", name=op.f("ck_evaluation_sheet_conflict")),
        sa.ForeignKeyConstraint(["evaluation_id"], ["evaluation.id"], name=op.f("fk_evaluation_sheet_evaluation_id")),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_evaluation_sheet_user_id")),
        sa.PrimaryKeyConstraint("evaluation_id", "user_id", name=op.f("pk_evaluation_sheet")),
    )
    op.create_index(op.f("ix_evaluation_sheet_user_id"), "evaluation_sheet", ["user_id"], unique=False)
    op.create_table(
        "survey_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("survey_id", sa.Uuid(), nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["survey_id"], ["survey.id"], name=op.f("fk_survey_answer_survey_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_answer")),
    )
    op.create_index(op.f("ix_survey_answer_survey_id"), "survey_answer", ["survey_id"], unique=False)
    op.create_table(
        "survey_invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("survey_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_survey_invitation_enterprise_id")),
        sa.ForeignKeyConstraint(["survey_id"], ["survey.id"], name=op.f("fk_survey_invitation_survey_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_invitation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_survey_invitation_token_hash")),
    )
    op.create_index(op.f("ix_survey_invitation_enterprise_id"), "survey_invitation", ["enterprise_id"], unique=False)
    op.create_index(op.f("ix_survey_invitation_survey_id"), "survey_invitation", ["survey_id"], unique=False)


def _boards() -> None:
    op.create_table(
        "board_day",
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("on_date", name=op.f("pk_board_day")),
    )
    op.create_table(
        "board_days",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("procedure", sa.Text(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("of_applicant", sa.Boolean(), nullable=False),
        sa.Column("body_id", sa.Uuid(), nullable=True),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_days")),
    )
    op.create_index("ix_board_days_step", "board_days", ["procedure", "month", "element"], unique=False)
    op.create_table(
        "board_stamp",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_board_stamp")),
    )
    op.create_table(
        "board_case",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("procedure", sa.Text(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body_id", sa.Uuid(), nullable=True, comment="the leading body"),
        sa.Column("zone_code", sa.Text(), nullable=True),
        sa.Column("enterprise_id", sa.Uuid(), nullable=True),
        sa.Column("running", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("yellow_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("red_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the earliest instant at which a clock of it is overdue",
        ),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False, comment="applicant, or the role at work; empty when nobody"),
        sa.Column("body_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=True),
        sa.Column("authority_days", sa.Integer(), nullable=False),
        sa.Column("applicant_days", sa.Integer(), nullable=False),
        sa.Column(
            "event_seq",
            sa.Integer(),
            nullable=False,
            comment="how far the record of the case was when it was carried over",
        ),
        sa.Column("materials", sa.Integer(), nullable=False),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"], name=op.f("fk_board_case_body_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_board_case_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["definition_id"], ["definition.id"], name=op.f("fk_board_case_definition_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_board_case")),
    )
    op.create_index(
        "ix_board_case_closed",
        "board_case",
        ["procedure", "closed_on"],
        unique=False,
        postgresql_where=sa.text("NOT running"),
    )
    op.create_index(op.f("ix_board_case_definition_id"), "board_case", ["definition_id"], unique=False)
    op.create_index("ix_board_case_enterprise", "board_case", ["enterprise_id"], unique=False)
    op.create_index(
        "ix_board_case_light", "board_case", ["body_id", "due_at"], unique=False, postgresql_where=sa.text("running")
    )
    op.create_index("ix_board_case_zone", "board_case", ["zone_code", "opened_on"], unique=False)
    op.create_table(
        "board_task",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("procedure", sa.Text(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body_id", sa.Uuid(), nullable=True, comment="the leading body of the case"),
        sa.Column("of_applicant", sa.Boolean(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column(
            "month", sa.Date(), nullable=True, comment="first day of the month in which it was done; null while open"
        ),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_board_task_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_board_task")),
    )
    op.create_index("ix_board_task_case", "board_task", ["case_id"], unique=False)
    op.create_index(
        "ix_board_task_longest",
        "board_task",
        ["procedure", "element", "days"],
        unique=False,
        postgresql_where=sa.text("month IS NOT NULL"),
    )
    op.create_index("ix_board_task_month", "board_task", ["month"], unique=False)
    op.create_index(
        "ix_board_task_open",
        "board_task",
        ["procedure", "element", "opened_on"],
        unique=False,
        postgresql_where=sa.text("month IS NULL"),
    )
