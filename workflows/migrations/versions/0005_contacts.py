"""The court named in a body's letters, and the record of the house."""

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
