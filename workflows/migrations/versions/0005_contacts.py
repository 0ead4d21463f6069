"""Remedies named in a body's letters, changes of permits, and the record of the house."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "body",
        sa.Column(
            "court_name",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="管辖法院, named in the remedies of its letters",
        ),
    )
    op.add_column(
        "body",
        sa.Column(
            "reconsideration_name",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="行政复议机关, named in the remedies of its letters",
        ),
    )
    op.create_table(
        "permit_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("permit_id", sa.Uuid(), nullable=True),
        sa.Column("enterprise_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False, comment="change or adjust"),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["permit_id"], ["permit.id"], name=op.f("fk_permit_change_permit_id")),
        sa.ForeignKeyConstraint(["enterprise_id"], ["enterprise.id"], name=op.f("fk_permit_change_enterprise_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permit_change")),
        sa.UniqueConstraint("case_id", "kind", name=op.f("uq_permit_change_case_id_kind")),
    )
    op.create_index("ix_permit_change_number", "permit_change", ["kind", "number"])
    op.create_index(op.f("ix_permit_change_enterprise_id"), "permit_change", ["enterprise_id"])
    op.execute(
        "CREATE TRIGGER permit_change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON permit_change"
        " FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()"
    )
    op.create_table(
        "house_line",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_house_line")),
    )
    op.execute(
        "CREATE TRIGGER house_line_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON house_line"
        " FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()"
    )
