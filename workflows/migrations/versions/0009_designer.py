"""Moves of running cases to another version of their procedure."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_migration",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("from_definition_id", sa.Uuid(), nullable=False),
        sa.Column("to_definition_id", sa.Uuid(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False, comment="the engine's envelope before the move"),
        sa.Column("event_seq", sa.Integer(), nullable=False, comment="end of the record right after the move"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_migration_case_id")),
        sa.ForeignKeyConstraint(
            ["from_definition_id"], ["definition.id"], name=op.f("fk_case_migration_from_definition_id")
        ),
        sa.ForeignKeyConstraint(
            ["to_definition_id"], ["definition.id"], name=op.f("fk_case_migration_to_definition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_migration")),
    )
    op.create_index("ix_case_migration_case", "case_migration", ["case_id", "at"])
    op.create_index(op.f("ix_case_migration_from_definition_id"), "case_migration", ["from_definition_id"])
    op.create_index(op.f("ix_case_migration_to_definition_id"), "case_migration", ["to_definition_id"])
    op.execute("ALTER TABLE case_migration ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE case_migration FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY case_migration_seen ON case_migration USING (current_setting('app.everything', true) = 'on'"
        " OR EXISTS (SELECT 1 FROM cases c WHERE c.id = case_id))"
    )
