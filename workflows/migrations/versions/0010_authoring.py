"""History of drafts: what each saved change of a draft replaced, so that earlier states can be read and taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draft_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("definition_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True, comment="the file as it was; null when there was none"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="of the draft before the change"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["definition.id"], name=op.f("fk_draft_change_definition_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_change")),
    )
    op.create_index("ix_draft_change_definition", "draft_change", ["definition_id", "id"])
