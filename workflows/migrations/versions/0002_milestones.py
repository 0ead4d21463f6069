"""Milestones of cases and pilots, house rules, and where a recount begins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_APPEND_ONLY = """
CREATE TRIGGER {0}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {0}
  FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()
"""
# A milestone of a pilot hangs on no case; who may see a pilot is decided where pilots are.
_SEEN = """
CREATE POLICY {0}_seen ON {0} USING (current_setting('app.everything', true) = 'on' OR case_id IS NULL
  OR EXISTS (SELECT 1 FROM cases c WHERE c.id = case_id))
"""


def upgrade() -> None:
    """Tables, their rules, and two settings of tables that exist."""
    op.create_table(
        "milestone",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_kind", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("after_key", sa.Text(), nullable=True, comment="the milestone it follows"),
        sa.Column("offset", sa.Integer(), nullable=True, comment="how many days after it"),
        sa.Column("unit", sa.Text(), server_default="workday", nullable=False),
        sa.Column(
            "rule", sa.Text(), nullable=True, comment="a limit of law that gives the date, counted from after_key"
        ),
        sa.Column("baseline_on", sa.Date(), nullable=True),
        sa.Column("current_on", sa.Date(), nullable=True),
        sa.Column("actual_on", sa.Date(), nullable=True),
        sa.CheckConstraint("owner_kind IN ('case', 'pilot')", name=op.f("ck_milestone_owner")),
        sa.CheckConstraint("unit IN ('workday', 'day')", name=op.f("ck_milestone_unit")),
        sa.CheckConstraint(
            '"offset" IS NULL OR ("offset" BETWEEN 0 AND 5000 AND after_key IS NOT NULL)',
            name=op.f("ck_milestone_offset"),
        ),
        sa.CheckConstraint(
            "rule IS NULL OR (after_key IS NOT NULL AND current_on IS NULL)", name=op.f("ck_milestone_statutory")
        ),
        sa.CheckConstraint("baseline_on IS NOT NULL OR current_on IS NULL", name=op.f("ck_milestone_planned")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_milestone_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone")),
        sa.UniqueConstraint("owner_kind", "owner_id", "key", name=op.f("uq_milestone_owner_kind_owner_id_key")),
    )
    op.create_table(
        "milestone_revision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_kind", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("old_on", sa.Date(), nullable=True),
        sa.Column("new_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "cause IN ('planned', 'pushed', 'followed', 'reached')", name=op.f("ck_milestone_revision_cause")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_milestone_revision_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone_revision")),
    )
    op.create_index("ix_milestone_revision_owner", "milestone_revision", ["owner_kind", "owner_id", "at"])
    op.create_table(
        "house_setting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_house_setting")),
    )
    op.create_index("ix_house_setting_key", "house_setting", ["key", "entered_at"])
    op.add_column(
        "recomputation",
        sa.Column("horizon", sa.BigInteger(), nullable=True, comment="transactions before this one may know old dates"),
    )
    op.add_column(
        "permit",
        sa.Column(
            "operation_started_on", sa.Date(), nullable=True, comment="since when the works operate, as reported"
        ),
    )
    for table in ("milestone_revision", "house_setting"):
        op.execute(_APPEND_ONLY.format(table))
    for table in ("milestone", "milestone_revision"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(_SEEN.format(table))
    op.execute(
        "CREATE TRIGGER house_setting_stamp AFTER INSERT ON house_setting"
        " FOR EACH STATEMENT EXECUTE FUNCTION count_change()"
    )
    # Every step rewrites the row of its case; room on the page keeps that from touching the indexes.
    op.execute("ALTER TABLE cases SET (fillfactor = 70)")
