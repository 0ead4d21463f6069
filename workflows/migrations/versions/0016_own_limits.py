"""A limit of the house's own is proposed like any other: its name, and the limit whose way of counting it takes over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
COUNTING = "for a new code: the limit whose way of counting it takes over"
NAME = "for a new code: its name in both languages"


def upgrade() -> None:
    op.add_column("limit_proposal", sa.Column("modelled_on", sa.Text(), nullable=True, comment=COUNTING))
    op.add_column("limit_proposal", sa.Column("title", JSONB(), nullable=True, comment=NAME))


def downgrade() -> None:
    raise NotImplementedError("the record is append-only: restore a backup instead")
