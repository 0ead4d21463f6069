"""The balance of an account lies in parts, so that several who draw on it need not wait for each other's commit."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "quota_part",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("outside", sa.Boolean(), nullable=False),
        sa.Column("amount", sa.Numeric(20, 6), server_default="0", nullable=False),
        sa.CheckConstraint("amount >= 0 OR outside", name=op.f("ck_quota_part_not_negative")),
        sa.ForeignKeyConstraint(["account_id"], ["quota_account.id"], name=op.f("fk_quota_part_account_id")),
        sa.PrimaryKeyConstraint("account_id", "part", name=op.f("pk_quota_part")),
        postgresql_with={"fillfactor": "50"},
    )
    op.execute((Path(__file__).parent.parent / "quota_parts.sql").read_text(encoding="utf-8"))
    op.drop_constraint(op.f("ck_quota_account_not_negative"), "quota_account", type_="check")
    op.drop_column("quota_account", "balance")
