"""The waste ledger of operators, spreadsheets read into it, random lists of inspections and their cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; entries, imports and draws are never changed."""
    _ledger()
    _inspections()
    for table in ("waste_entry", "waste_import", "inspection_draw"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()"
        )
    op.execute("ALTER TABLE inspection_case ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE inspection_case FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY inspection_case_seen ON inspection_case USING"
        " (current_setting('app.everything', true) = 'on' OR EXISTS (SELECT 1 FROM cases c WHERE c.id = case_id))"
    )


def _ledger() -> None:
    op.create_table(
        "waste_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("rows", postgresql.JSONB(), nullable=False),
        sa.Column("good", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.Column("imported_by", sa.Uuid(), nullable=True),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_waste_import_enterprise_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waste_import")),
    )
    op.create_index("ix_waste_import_enterprise", "waste_import", ["enterprise_id", "imported_at"])
    op.create_table(
        "waste_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False, comment="eight-digit code of the national list"),
        sa.Column("amount_t", sa.Numeric(20, 6), nullable=False),
        sa.Column("lot", sa.Text(), server_default="", nullable=False, comment="转移联单号 or batch"),
        sa.Column("partner", sa.Text(), server_default="", nullable=False, comment="from whom or to whom"),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.Column("entered_by", sa.Uuid(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('received', 'produced', 'treated', 'shipped', 'counted')", name=op.f("ck_waste_entry_kind")
        ),
        sa.CheckConstraint("amount_t > 0 OR (kind = 'counted' AND amount_t = 0)", name=op.f("ck_waste_entry_amount")),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_waste_entry_enterprise_id")),
        sa.ForeignKeyConstraint(["import_id"], ["waste_import.id"], name=op.f("fk_waste_entry_import_id")),
        sa.ForeignKeyConstraint(["reverses"], ["waste_entry.id"], name=op.f("fk_waste_entry_reverses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waste_entry")),
        sa.UniqueConstraint("reverses", name=op.f("uq_waste_entry_reverses")),
    )
    op.create_index("ix_waste_entry_stock", "waste_entry", ["enterprise_id", "code", "on_date"])
    op.create_index("ix_waste_entry_day", "waste_entry", ["enterprise_id", "on_date"])
    op.create_index(op.f("ix_waste_entry_import_id"), "waste_entry", ["import_id"])


def _inspections() -> None:
    op.create_table(
        "inspection_draw",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("body_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("candidates", postgresql.JSONB(), nullable=False),
        sa.Column("chosen", postgresql.JSONB(), nullable=False),
        sa.Column("drawn_by", sa.Uuid(), nullable=True),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("wanted > 0", name=op.f("ck_inspection_draw_wanted")),
        sa.ForeignKeyConstraint(["body_id"], ["body.id"], name=op.f("fk_inspection_draw_body_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_draw")),
    )
    op.create_index("ix_inspection_draw_body", "inspection_draw", ["body_id", "drawn_at"])
    op.create_table(
        "inspection_case",
        sa.Column("draw_id", sa.Uuid(), nullable=False),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["draw_id"], ["inspection_draw.id"], name=op.f("fk_inspection_case_draw_id")),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_inspection_case_enterprise_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_inspection_case_case_id")),
        sa.PrimaryKeyConstraint("draw_id", "enterprise_id", name=op.f("pk_inspection_case")),
        sa.UniqueConstraint("case_id", name=op.f("uq_inspection_case_case_id")),
    )
    op.create_index(op.f("ix_inspection_case_enterprise_id"), "inspection_case", ["enterprise_id"])
