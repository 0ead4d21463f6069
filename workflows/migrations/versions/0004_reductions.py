"""Emission-reduction projects and their audit; the total register and its annual round."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tables, and what is written once and never changed."""
    _projects()
    _totals()
    for table in ("reduction_use", "total_import"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()"
        )


def _projects() -> None:
    op.create_table(
        "reduction_project",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("zone_code", sa.Text(), nullable=False),
        sa.Column("body_id", sa.Uuid(), nullable=False, comment="the bureau that audits"),
        sa.Column("enterprise_id", sa.Uuid(), nullable=True),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False, comment="the year for which it is declared"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("declaration", postgresql.JSONB(), nullable=False),
        sa.Column("calculation", postgresql.JSONB(), nullable=False),
        sa.Column("calculated_by", sa.Uuid(), nullable=True),
        sa.Column("first_by", sa.Uuid(), nullable=True),
        sa.Column("second_by", sa.Uuid(), nullable=True),
        sa.Column("second_kind", sa.Text(), server_default="", nullable=False, comment="person or third_party"),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("listed_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('closure', 'process', 'treatment', 'other')", name=op.f("ck_reduction_project_kind")
        ),
        sa.CheckConstraint(
            "origin IN ('relocation', 'renewal', 'service', 'inspection', 'key_project', 'special_check', 'permit_change', 'subsidy')",
            name=op.f("ck_reduction_project_origin"),
        ),
        sa.CheckConstraint(
            "status <> 'entered' OR (second_by IS NOT NULL AND decided_by IS NOT NULL)",
            name=op.f("ck_reduction_project_checked"),
        ),
        sa.CheckConstraint("status <> 'refused' OR reason <> ''", name=op.f("ck_reduction_project_reason")),
        sa.CheckConstraint(
            "status IN ('listed', 'declared', 'entered', 'refused', 'void')", name=op.f("ck_reduction_project_status")
        ),
        sa.CheckConstraint(
            "second_by <> first_by AND second_by <> calculated_by", name=op.f("ck_reduction_project_four_eyes")
        ),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"], name=op.f("fk_reduction_project_body_id")),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_reduction_project_enterprise_id")),
        sa.ForeignKeyConstraint(["period"], ["quota_period.code"], name=op.f("fk_reduction_project_period")),
        sa.ForeignKeyConstraint(["zone_code"], ["zone.code"], name=op.f("fk_reduction_project_zone_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reduction_project")),
        sa.UniqueConstraint("case_id", name=op.f("uq_reduction_project_case_id")),
        sa.UniqueConstraint("number", name=op.f("uq_reduction_project_number")),
    )
    op.create_index("ix_reduction_project_enterprise_id", "reduction_project", ["enterprise_id"], unique=False)
    op.create_index("ix_reduction_project_zone", "reduction_project", ["zone_code", "status"], unique=False)
    op.create_table(
        "reduction_amount",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("factor", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("used", sa.Numeric(precision=20, scale=6), server_default="0", nullable=False),
        sa.Column("posting_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_reduction_amount_amount")),
        sa.CheckConstraint("used >= 0 AND used <= amount", name=op.f("ck_reduction_amount_used")),
        sa.ForeignKeyConstraint(["posting_id"], ["quota_posting.id"], name=op.f("fk_reduction_amount_posting_id")),
        sa.ForeignKeyConstraint(["project_id"], ["reduction_project.id"], name=op.f("fk_reduction_amount_project_id")),
        sa.PrimaryKeyConstraint("project_id", "factor", name=op.f("pk_reduction_amount")),
    )
    op.create_table(
        "reduction_use",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("factor", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column(
            "to_upper",
            sa.Boolean(),
            server_default="false",
            nullable=False,
            comment="also entered in the upper-level reserve",
        ),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("posting_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('binding', 'own_replacement', 'sold', 'other', 'reserve', 'upper')",
            name=op.f("ck_reduction_use_purpose"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_reduction_use_amount")),
        sa.ForeignKeyConstraint(["posting_id"], ["quota_posting.id"], name=op.f("fk_reduction_use_posting_id")),
        sa.ForeignKeyConstraint(["project_id"], ["reduction_project.id"], name=op.f("fk_reduction_use_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reduction_use")),
    )
    op.create_index("ix_reduction_use_project", "reduction_use", ["project_id", "factor"], unique=False)


def _totals() -> None:
    op.create_table(
        "total_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("rows", postgresql.JSONB(), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("body_id", sa.Uuid(), nullable=False),
        sa.Column("imported_by", sa.Uuid(), nullable=True),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('list', 'statistics', 'declaration')", name=op.f("ck_total_import_kind")),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"], name=op.f("fk_total_import_body_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_total_import")),
    )
    op.create_index(op.f("ix_total_import_body_id"), "total_import", ["body_id"], unique=False)
    op.create_table(
        "zone_quality",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("zone_code", sa.Text(), nullable=False),
        sa.Column("medium", sa.Text(), nullable=False),
        sa.Column("met", sa.Boolean(), nullable=False),
        sa.Column("cut_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("medium IN ('air', 'water')", name=op.f("ck_zone_quality_medium")),
        sa.CheckConstraint("cut_percent >= 0 AND cut_percent <= 100", name=op.f("ck_zone_quality_cut")),
        sa.ForeignKeyConstraint(["zone_code"], ["zone.code"], name=op.f("fk_zone_quality_zone_code")),
        sa.PrimaryKeyConstraint("year", "zone_code", "medium", name=op.f("pk_zone_quality")),
    )
    op.create_table(
        "managed_unit",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("zone_code", sa.Text(), nullable=False),
        sa.Column(
            "basis", sa.Text(), nullable=False, comment="why it is on the list: permit, statistics, need of the park"
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('listed', 'removed')", name=op.f("ck_managed_unit_status")),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_managed_unit_enterprise_id")),
        sa.ForeignKeyConstraint(["zone_code"], ["zone.code"], name=op.f("fk_managed_unit_zone_code")),
        sa.PrimaryKeyConstraint("year", "enterprise_id", name=op.f("pk_managed_unit")),
    )
    op.create_index(op.f("ix_managed_unit_zone_code"), "managed_unit", ["zone_code"], unique=False)
    op.create_table(
        "unit_statistic",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("factor", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_unit_statistic_enterprise_id")),
        sa.PrimaryKeyConstraint("year", "enterprise_id", "factor", name=op.f("pk_unit_statistic")),
    )
    op.create_table(
        "unit_total",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("zone_code", sa.Text(), nullable=False),
        sa.Column("factor", sa.Text(), nullable=False),
        sa.Column("permitted", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("actual", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column(
            "claimed",
            sa.Numeric(precision=20, scale=6),
            nullable=False,
            comment="the allowed amount as declared by the unit",
        ),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("findings", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "allowed", sa.Numeric(precision=20, scale=6), nullable=True, comment="decided for the year after `year`"
        ),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("declared_by", sa.Uuid(), nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'decided') = (allowed IS NOT NULL)", name=op.f("ck_unit_total_decided")),
        sa.CheckConstraint(
            "method IN ('automatic', 'manual', 'balance', 'coefficient')", name=op.f("ck_unit_total_method")
        ),
        sa.CheckConstraint("status IN ('declared', 'decided')", name=op.f("ck_unit_total_status")),
        sa.CheckConstraint(
            "allowed IS NULL OR (allowed >= 0 AND allowed <= permitted)", name=op.f("ck_unit_total_allowed")
        ),
        sa.CheckConstraint("permitted >= 0 AND actual >= 0 AND claimed >= 0", name=op.f("ck_unit_total_amounts")),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_unit_total_enterprise_id")),
        sa.ForeignKeyConstraint(["zone_code"], ["zone.code"], name=op.f("fk_unit_total_zone_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_total")),
        sa.UniqueConstraint("year", "enterprise_id", "factor", name=op.f("uq_unit_total_year_enterprise_id_factor")),
    )
    op.create_index("ix_unit_total_zone", "unit_total", ["year", "zone_code", "factor"], unique=False)
