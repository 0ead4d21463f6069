"""Renewals of permits: which case asks for which permit, and the versions a renewed permit has had."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "permit_renewal",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("permit_id", sa.Uuid(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column(
            "held_to", sa.Date(), nullable=False, comment="the last day of the term that is to be followed by another"
        ),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["permit_id"], ["permit.id"], name=op.f("fk_permit_renewal_permit_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_permit_renewal")),
    )
    op.create_index(op.f("ix_permit_renewal_permit_id"), "permit_renewal", ["permit_id"])
    op.create_table(
        "permit_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("permit_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="1 is the permit as first granted"),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("klass", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_permit_version_period")),
        sa.ForeignKeyConstraint(["permit_id"], ["permit.id"], name=op.f("fk_permit_version_permit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_permit_version")),
        sa.UniqueConstraint("permit_id", "number", name=op.f("uq_permit_version_permit_id_number")),
    )
    op.create_index(op.f("ix_permit_version_case_id"), "permit_version", ["case_id"])
    for table in ("permit_renewal", "permit_version"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()"
        )


def downgrade() -> None:
    raise NotImplementedError("the record is append-only: restore a backup instead")
